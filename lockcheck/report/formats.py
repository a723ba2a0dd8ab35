"""The formats of ``lockcheck check``: each name with the module that renders it, imported when it is asked for.

Is: the only list of them. Is not: a renderer. A module of a format has a function ``render(result, view)`` that gives
the whole report as text ending in a newline.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple, TypeAlias

from lockcheck.findings import Result
from lockcheck.report.view import View

Renderer: TypeAlias = Callable[[Result, View], str]


class Format(NamedTuple):
    """One format. ``module``: below ``lockcheck.report``. ``about``: whom it is for, in a few words.

    ``tells_problems``: it has a place for what could not be analysed; without one there is no report of such a run.
    """

    module: str
    about: str
    tells_problems: bool = True


FORMATS: Final = {
    "text": Format("text", "for people", tells_problems=False),
    "json": Format("as_json", "for programs: one document, all that is known"),
    "json-lines": Format("json_lines", "for programs: one object per line"),
    "sarif": Format("sarif", "SARIF 2.1.0, for editors and viewers"),
    "code-scanning": Format("code_scanning", "SARIF as GitHub's code scanning takes it"),
    "junit": Format("junit", "JUnit XML, for reporters of test results"),
    "github": Format("github", "workflow commands: annotations in a pull request"),
    "gitlab": Format("gitlab", "code quality report of a merge request"),
    "ktap": Format("ktap", "KTAP, the kernel's test protocol"),
    "markdown": Format("step_summary", "for a job's summary or a comment, with a picture of each circle"),
    "lockdep": Format("lockdep", "as the kernel prints it", tells_problems=False),
    "html": Format("as_html", "one page for a browser, with the lock-order graph"),
}
"""All formats by name, the default first."""


def renderer(name: str) -> Renderer:
    """The function that renders a format of :data:`FORMATS`."""
    render: Renderer = import_module(f"lockcheck.report.{FORMATS[name].module}").render
    return render
