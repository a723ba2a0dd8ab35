"""The documentation tells the truth: its examples run, its links lead somewhere, its generated parts are fresh."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import docs, generated

PAGES = docs.pages()
NAMES = [path.relative_to(docs.ROOT).as_posix() for path in PAGES]
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#[^)\s]*)?\)")


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_examples_print_what_the_page_says(path: Path) -> None:
    """Every command on the page prints exactly what stands there, and exits as it says."""
    runs = [run for _, page_runs in docs.run_page(path) for run in page_runs]

    assert not [run.report() for run in runs if not run.agrees]


def test_examples_exist() -> None:
    """The README, the tutorial and the language reference do have executed examples."""
    for name in ("README.md", "docs/tutorial/first-model.md", "docs/reference/language-by-example.md"):
        lines = (docs.ROOT / name).read_text(encoding="utf-8").splitlines()
        assert [block for block in docs.blocks(lines) if block.language == "console"], name


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of the page names a file of the project."""
    targets = LINK.findall(path.read_text(encoding="utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_page_can_be_reached() -> None:
    """From README.md every page of docs/ is reached by links."""
    reached, todo = set(), [docs.ROOT / "README.md"]
    while todo:
        page = todo.pop().resolve()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        todo += [page.parent / target for target in LINK.findall(page.read_text(encoding="utf-8"))]

    assert [name for path, name in zip(PAGES, NAMES, strict=True) if path.resolve() not in reached] == []


@pytest.mark.parametrize("name", sorted(generated.PAGES))
def test_generated_pages_are_fresh(name: str) -> None:
    """A generated page is what its source makes of it now (``python -m tests.docs --fix`` writes it)."""
    assert (docs.ROOT / name).read_text(encoding="utf-8") == generated.PAGES[name]()


def test_no_page_outlives_its_rule() -> None:
    """docs/reference/rules/ holds one page for each built-in rule, and nothing else."""
    found = {path.relative_to(docs.ROOT).as_posix() for path in (docs.ROOT / generated.RULE_PAGES).iterdir()}

    assert found == {name for name in generated.PAGES if name.startswith(generated.RULE_PAGES)}


def test_language_areas_are_all_shown() -> None:
    """Everything that the language must be able to say stands in a model that the examples page runs."""
    text = (docs.ROOT / "docs/reference/language-by-example.md").read_text(encoding="utf-8")
    models = "\n".join(
        line for block in docs.blocks(text.splitlines()) if block.language == "yaml" for line in block.body
    )

    assert [word for word in generated.MUST_BE_SHOWN if not re.search(rf"(?<![\w]){word}(?![\w])", models)] == []
