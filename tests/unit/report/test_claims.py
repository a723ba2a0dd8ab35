"""A ledger's answers in each form: what a person, a mailing list and a program see of them."""

from __future__ import annotations

import json
from functools import cache

import jsonschema
import pytest

from lockcheck import ModelText
from lockcheck.answers import Answered
from lockcheck.cli import run
from lockcheck.ledger import ask
from lockcheck.report.claims import FORMATS
from lockcheck.report.claims_json import json_schema
from lockcheck.report.paint import Paint

LEDGER = """
lockcheck: 1
title: what was said
configs: {CONFIG_NEST: n}
locks: {A: spinlock, B: spinlock}
functions:
  outer:
    at: a.c:1
    entry: task
    steps:
      - spin_lock: A
        at: a.c:2
        do:
          - {call: inner, when: CONFIG_NEST, at: a.c:3}
      - call: inner
  inner:
    at: a.c:9
    steps:
      - spin_lock: B
        at: a.c:10
        do: []
claims:
  - id: 1
    who: A. Reviewer
    message: 1@example.org
    text: nothing at all is taken under A, whatever the kernel is configured to do, and that has always been so
    ask: {leaf: A}
    vary: [CONFIG_NEST]
    expect: holds only if CONFIG_NEST=n
  - {id: 2, who: A. Reviewer, message: 1@example.org, text: "B is <b>no</b> leaf | *really*", ask: {not: {leaf: B}}}
  - {id: 3, text: "it is \\e[31mfast", undecided: time}
  - {id: 4, text: be careful, nothing_to_prove: a wish, note: n}
"""


@cache
def answered() -> Answered:
    """The ledger, answered once."""
    return ask(ModelText(LEDGER, "ledger"))


def written(form: str) -> str:
    """The answers in one form."""
    return FORMATS[form](answered(), Paint())


MAIL = """\
A. Reviewer wrote:
[<1@example.org>]

> [1] nothing at all is taken under A, whatever the kernel is configured
> to do, and that has always been so

Holds only if CONFIG_NEST=n.
then: nothing is taken under A
otherwise: B is taken under A

  outer                                                            a.c:1
   spin_lock(A)                                                    a.c:2
   inner()                                                         a.c:3
    spin_lock(B)                                                  a.c:10

> [2] B is <b>no</b> leaf | *really*

Refuted.
because: nothing is taken under B

Not in the thread:
"""


def test_mail() -> None:
    """A mail quotes each claim, answers below with the kernel's places, and names a message once."""
    assert MAIL in written("mail")
    assert written("mail").count("1@example.org") == 1


@pytest.mark.parametrize(("form", "width"), [("mail", 72), ("text", 80), ("brief", 80)])
def test_lines_fit(form: str, width: int) -> None:
    """Lines are short enough for where they are read, and nothing but printable ASCII gets out."""
    lines = written(form).splitlines()

    assert max(map(len, lines)) <= width
    assert all(line.isascii() and line.isprintable() for line in lines)


def test_text() -> None:
    """The terminal form begins each claim with its id and answer, and ends with what was not as expected."""
    text = written("text")

    assert "1: holds only if CONFIG_NEST=n\n  claim: nothing at all" in text
    assert "3: undecided\n  claim: it is \\x1b[31mfast\n  missing: time\n  NOT AS EXPECTED" in text
    assert text.endswith(
        "4 claims: 1 holds only under a condition, 1 is refuted, 1 has nothing to prove,\n"
        "  1 is undecided\nnot as expected: 2, 3\n"
    )


def test_brief() -> None:
    """The brief form is one line for each claim."""
    assert written("brief").splitlines()[:4] == [
        "1: holds only if CONFIG_NEST=n", "2: refuted", "3: undecided", "4: nothing to prove",
    ]  # fmt: skip


def test_markdown_escapes() -> None:
    """Words of a ledger mean nothing to Markdown, in tables neither."""
    page = written("markdown")

    assert "| 2 | refuted | B is \\<b\\>no\\</b\\> leaf \\| \\*really\\* |" in page
    assert "\x1b" not in page
    assert "## 1: holds only if CONFIG\\_NEST=n\n\n> nothing at all" in page


def test_json_is_as_its_schema_says() -> None:
    """The JSON form fits its schema and has every answer with its witness."""
    document = json.loads(written("json"))

    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(document, json_schema())
    assert [one["verdict"] for one in document["answers"]] == [
        "holds only if", "refuted", "undecided", "nothing to prove",
    ]  # fmt: skip
    assert document["answers"][0]["against"][0]["fact"]["legs"][0]["steps"][-1]["at"] == "a.c:10"
    assert document["exit_code"] == 1


def test_command(tmp_path: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's exit status is 1 for an unexpected answer, 0 without it, 2 for what cannot be asked."""
    monkeypatch.chdir(str(tmp_path))
    with open("ledger.yaml", "w", encoding="utf-8") as file:
        file.write(LEDGER)

    assert run(["claims", "ledger.yaml", "--format", "brief"]) == 1
    assert run(["claims", "ledger.yaml", "--only", "1", "--format", "brief"]) == 0
    assert run(["claims", "ledger.yaml", "--only", "5"]) == 2
    assert run(["claims", "linux/sched"]) == 2
    assert run(["claims", "--ledger", "ledger.yaml", "linux/sched", "--format", "brief"]) == 1
    assert run(["claims", "nowhere.yaml"]) == 2
    out, err = capsys.readouterr()
    assert "1: undecided" in out
    assert "there is no claim '5'" in err
    assert "these models state no claims" in err
    assert "nowhere.yaml: error: no such file" in err
