"""``lockcheck graph``: the lock-order graph as dot or Mermaid."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import model_options

if TYPE_CHECKING:
    from lockcheck.findings import Result
    from lockcheck.report.graphs import Drawing


@click.command()
@model_options
@click.option("--format", "form", type=click.Choice(["dot", "mermaid"]), default="dot", show_default=True,
              help="For Graphviz, or for Markdown pages.")  # fmt: skip
@click.option("--around", metavar="LOCK", help="Only what is near this lock class.")
@click.option("--depth", type=click.IntRange(1), default=1, show_default=True, help="How near, in dependencies.")
@click.option("--circle", type=click.IntRange(1), metavar="N", help="Only the Nth circle.")
def command(form: str, around: str | None, depth: int, circle: int | None, **options: Any) -> int:
    """Draw the lock-order graph: what is taken while what is held. Circles are red.

    PATH is a file, a folder, or the name of a shipped model, as for 'lockcheck check'.
    """
    from lockcheck.cli.output import paint_for, write
    from lockcheck.cli.run import run_check
    from lockcheck.report import graphs
    from lockcheck.report.text import problems_text

    if around is not None and circle is not None:
        raise click.UsageError("--around and --circle exclude each other")
    result, _ = run_check(options)
    if result.problems:
        sys.stderr.write(problems_text(result, paint_for(sys.stderr, "auto")))
        return 2
    drawing = _drawing(result, around, depth, circle)
    write(graphs.dot(drawing) if form == "dot" else graphs.mermaid(drawing), options["output"])
    return 0


def _drawing(result: Result, around: str | None, depth: int, circle: int | None) -> Drawing:
    """The part of the graph that was asked for. Raises click.UsageError when there is no such lock or circle."""
    from lockcheck.report import graphs
    from lockcheck.source.problems import did_you_mean

    edges = result.dependencies()
    usage = {one.name: one for one in result.usage()}
    circles = result.facts("circle")
    stressed: frozenset[tuple[str, str]] = frozenset().union(*(graphs.pairs_of(one) for one in circles))
    if around is not None:
        if around not in usage:
            hint = did_you_mean(around, usage)
            raise click.UsageError(f"no lock class '{around}' in these models" + (f"; {hint}" if hint else ""))
        edges = graphs.around(edges, around, depth)
    if circle is not None:
        if circle > len(circles):
            raise click.UsageError(f"there is no circle {circle}: these models have {len(circles)}")
        edges = graphs.on_circle(edges, circles[circle - 1])
    return graphs.Drawing(edges, usage, stressed)
