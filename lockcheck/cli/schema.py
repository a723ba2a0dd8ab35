"""``lockcheck schema``: JSON Schemas of models, rules and reports, for editors and programs."""

from __future__ import annotations

import json
from typing import Any

import click


@click.command()
@click.argument("what", type=click.Choice(["model", "rule", "report", "diff", "compare", "claims"]))
def command(what: str) -> int:
    """Print the JSON Schema of a file or a report."""
    click.echo(json.dumps(schema_of(what), indent=1))
    return 0


def schema_of(what: str) -> dict[str, Any]:
    """The schema by its word."""
    if what == "model":
        from lockcheck.loading import model_schema

        return dict(model_schema())
    if what == "rule":
        from lockcheck.checker.schema import json_schema as rule_schema

        return rule_schema()
    if what == "diff":
        from lockcheck.report.difference_json import json_schema as diff_schema

        return diff_schema()
    if what == "compare":
        from lockcheck.report.designs_json import json_schema as compare_schema

        return compare_schema()
    if what == "claims":
        from lockcheck.report.claims_json import json_schema as claims_schema

        return claims_schema()
    from lockcheck.report.json_schema import json_schema as report_schema

    return report_schema()
