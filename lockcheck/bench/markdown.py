"""A rule's page as Markdown: what stands in docs/reference/rules/, for built-in rules and for a project's own.

Is: words around what :mod:`lockcheck.bench.page` found. Is not: a judge of rule or run.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockcheck.bench.page import Example, Page


def markdown(page: Page, facts: str = "../facts.md") -> str:
    """The page's text. ``facts``: where the table of fact kinds is."""
    return "\n".join(_parts(page, facts)).rstrip("\n") + "\n"


def _parts(page: Page, facts: str) -> Iterator[str]:
    rule = page.rule
    yield f"# {rule.id}\n"
    yield f"{_sentence(rule.summary)} Severity: {rule.severity.word}. Since {rule.since}.\n"
    if rule.kernel_title:
        yield f"lockdep's words: *{rule.kernel_title}*.\n"
    yield f"## Why it can hang\n\n{_flow(rule.why)}\n"
    if page.bad:
        yield "## Example\n"
        yield from _model(page.bad)
        yield from _output(page.bad)
    yield f"## What to do\n\n{_sentence(rule.help)}\n"
    if page.repaired and page.repair:
        yield _fenced("diff", "\n".join(page.repair))
        yield from _output(page.repaired)
    yield from _exceptions(page)
    yield f"## Limits\n\n{_flow(rule.limits) if rule.limits else 'None that are its own.'}\n"
    links = ", ".join(f"[{kind}]({facts}#{kind})" for kind in rule.kinds)
    yield f"## More\n\nFacts that it selects among: {links}.\n"
    yield from (f"* {_flow(one)}" for one in rule.see)


def _exceptions(page: Page) -> Iterator[str]:
    if not page.near_miss and not page.rule.exceptions:
        return
    yield "## Exceptions\n"
    if page.rule.exceptions:
        yield f"{_flow(page.rule.exceptions)}\n"
    if page.near_miss:
        yield f"Not reported, for example: {_flow(page.near_miss.title)}.\n"
        yield from _model(page.near_miss)


def _model(example: Example) -> Iterator[str]:
    yield _fenced("yaml", example.model.strip("\n"))


def _output(example: Example) -> Iterator[str]:
    yield _fenced("text", f"$ lockcheck check {example.name}.yaml\n{example.output.rstrip()}")


def _fenced(language: str, body: str) -> str:
    ticks = "````" if "```" in body else "```"
    return f"{ticks}{language}\n{body}\n{ticks}\n"


def _flow(text: str) -> str:
    return " ".join(text.split())


def _sentence(text: str) -> str:
    flowing = _flow(text).rstrip(".")
    return f"{flowing[:1].upper()}{flowing[1:]}."
