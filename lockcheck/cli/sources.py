"""``lockcheck sources``: models' ``at: file:line`` held against a kernel tree."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import limit_option, limits_of, output_option, root_option

if TYPE_CHECKING:
    from lockcheck.model.references import Held


@click.command()
@click.argument("tree", type=click.Path(exists=True, file_okay=False))
@click.argument("paths", nargs=-1, metavar="[MODEL]...")
@click.option("--format", "form", type=click.Choice(["text", "json", "diff"]), default="text", show_default=True,
              help="For people, for programs, or as a patch with the lines that moved.")  # fmt: skip
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
              help="Colour in the text; auto: on a terminal.")  # fmt: skip
@root_option
@limit_option
@output_option
def command(tree: str, form: str, color: str, **options: Any) -> int:
    """Hold the 'at: file:line' of models against a kernel tree.

    TREE is a folder with kernel sources. MODEL is a file, a folder, or the name of a shipped model; what it includes
    is not held, unless it is named too. Without MODEL: the models that lockcheck.toml names, or the shipped Linux
    models.

    Exit status: 0 all is where the models say, 1 something is not, 2 something could not be read.
    """
    from lockcheck.cli.output import Progress, paint_for, write
    from lockcheck.cli.run import shipped
    from lockcheck.cli.settings import find
    from lockcheck.findings import Result
    from lockcheck.loading import Limits, stated
    from lockcheck.report import references as report
    from lockcheck.report.paint import Paint
    from lockcheck.report.text import problems_text
    from lockcheck.tree.files import Tree
    from lockcheck.tree.hold import hold

    settings = find(Path.cwd())
    limits = limits_of({**settings.limits, **options["limits"]}) or Limits()
    roots = [Path(root) for root in (*settings.roots, *options["roots"])]
    paths: Sequence[str] = options["paths"] or settings.models or shipped()
    with Progress() as progress:
        progress("reading")
        said = stated([Path(path) for path in paths], roots=roots, limits=limits)
        if said.problems:
            result = Result(problems=said.problems, sources=said.sources)
            sys.stderr.write(problems_text(result, paint_for(sys.stderr, color)))
            return 2
        progress("holding references against the tree")
        held = hold(said.references, Tree(Path(tree)))
    name, code, output = Path(tree).resolve().name, exit_code(held), options["output"]
    if form == "json":
        write(report.as_json(held, said.unsaid, name, code), output)
    elif form == "diff":
        write(report.patch(held, said.sources), output)
    else:
        write(report.text(held, len(said.unsaid), name, Paint() if output else paint_for(sys.stdout, color)), output)
    return code


def exit_code(held: Sequence[Held]) -> int:
    """0: all is where the models say; 1: something is not; 2: something could not be read, or nothing was said."""
    if not held or any(one.status == "unread" for one in held):
        return 2
    return int(any(one.status != "ok" for one in held))
