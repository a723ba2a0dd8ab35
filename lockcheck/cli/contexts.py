"""``lockcheck contexts``: every way into a callback, the worst first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import model_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockcheck.findings import Result
    from lockcheck.model.facts import Fact

ROLES = {"rcu": "rcu_callback"}
"""Short words for roles."""


@click.command()
@model_options
@click.option("--role", metavar="ROLE",
              help="Only functions with this role: dtor, ctor, shrinker, work, rcu, timer, or another.")  # fmt: skip
@click.option("--function", metavar="NAME", help="This function, whether it has a role or not.")
@click.option("--cache", metavar="NAME", help="Only ways into a constructor or destructor of this cache.")
@click.option("--brief", is_flag=True, help="Without the call chains.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="For people, or for programs.")  # fmt: skip
def command(role: str | None, function: str | None, cache: str | None, brief: bool, form: str, **options: Any) -> int:
    """List every way into a callback, the worst first.

    Each with the locks held there, interrupts, preemption, gfp, and the calls that lead there. The worst one decides
    what the callback may do. PATH is a file, a folder, or the name of a shipped
    model, as for 'lockcheck check'.
    """
    from lockcheck.cli.output import paint_for, write
    from lockcheck.cli.run import run_check
    from lockcheck.report import contexts
    from lockcheck.report.text import problems_text

    result, _ = run_check(options)
    if result.problems:
        sys.stderr.write(problems_text(result, paint_for(sys.stderr, "auto")))
        return 2
    facts = _chosen(result, role, function, cache)
    if form == "json":
        write(contexts.as_json(facts), options["output"])
    else:
        write(contexts.text(facts, chains=not brief), options["output"])
    return 0


def _chosen(result: Result, role: str | None, function: str | None, cache: str | None) -> tuple[Fact, ...]:
    """The ways that were asked for. Raises click.UsageError when nothing has that name."""
    facts = result.facts("context") if function is None else result.contexts(function)
    if function is not None and not facts:
        names = (str(one.get("role_function")) for one in result.facts("context"))
        raise _unknown(function, "no entry leads to a function", names)
    if role is not None:
        wanted = ROLES.get(role, role)
        known = [word for fact in facts for word in _words(fact, "inside")]
        facts = tuple(fact for fact in facts if wanted in _words(fact, "inside"))
        if not facts:
            raise _unknown(role, "nothing that is entered has the role", known)
    if cache is not None:
        known = [str(fact.get("cache")) for fact in facts if fact.get("cache")]
        facts = tuple(fact for fact in facts if fact.get("cache") == cache)
        if not facts:
            raise _unknown(cache, "no way leads to a constructor or destructor of the cache", known)
    return facts


def _words(fact: Fact, name: str) -> tuple[str, ...]:
    value = fact.get(name)
    return value if isinstance(value, tuple) else ()


def _unknown(name: str, why: str, known: Iterable[str]) -> click.UsageError:
    from lockcheck.source.problems import did_you_mean

    hint = did_you_mean(name, sorted(set(known)))
    return click.UsageError(f"{why} '{name}'" + (f"; {hint}" if hint else ""))
