"""``lockcheck order``: the lock order that models imply, as a rule file or as a comment block."""

from __future__ import annotations

import sys
from typing import Any

import click

from lockcheck.cli.options import model_options


@click.command()
@model_options
@click.option("--format", "form", type=click.Choice(["rule", "comment"]), default="rule", show_default=True,
              help="A rule file, or the comment block of a kernel file.")  # fmt: skip
@click.option("--id", "name", default="learned-order", show_default=True, metavar="ID", help="The id of the rule.")
def command(form: str, name: str, **options: Any) -> int:
    """Print the order in which the models take their locks, outermost first.

    A partial order is printed as several chains, with what no chain relates. The rule file loads (put it into a
    folder of its id), and the same models are clean under it. Exit status 1: a circle leaves locks without an order.
    """
    from lockcheck.cli.output import paint_for, write
    from lockcheck.cli.run import run_check
    from lockcheck.graph.learned import learn
    from lockcheck.report import orders
    from lockcheck.report.text import problems_text

    result, _ = run_check(options)
    if result.problems:
        sys.stderr.write(problems_text(result, paint_for(sys.stderr, "auto")))
        return 2
    found = result.dependencies()
    order = learn((one.name for one in result.usage()), found)
    if form == "rule" and not order.chains:
        raise click.ClickException(orders.NO_RULE)
    write(orders.comment_text(order, found) if form == "comment" else orders.rule_text(order, found, name),
          options["output"])  # fmt: skip
    return 1 if order.circles else 0
