"""Designs side by side, for people: a legend, the table, and the reason for each cell that is not clean.

Is: text of 80 columns, and the same as Markdown. Is not: JSON (``designs_json.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from lockcheck.answers import Answer, Verdict
from lockcheck.compare.designs import CLEAN, CONTRACT, DEADLOCK, FAILED, Cell, Comparison, Row
from lockcheck.report.difference_markdown import code, escaped
from lockcheck.report.layout import GAP, WIDTH, clean, count, listing, wrap
from lockcheck.report.paint import Paint

QUESTIONS = {DEADLOCK: "can deadlock or crash", CONTRACT: "breaks a contract"}
VERDICTS = {Verdict.HOLDS: "holds", Verdict.REFUTED: "refuted", Verdict.ONLY_IF: "only if"}
STYLES = {"holds": "good", "refuted": "error", "only if": "warning", "-": "dim"}
SHORT = {"error": "err", "warning": "warn", "note": "note"}

MOST_LABEL = 24
"""Columns of the terminal for the name of a row; a longer one stands on a line of its own."""


def letters(number: int) -> list[str]:
    """A, B ... Z, AA, AB ...: what columns are called."""
    alphabet = ascii_uppercase
    return [(alphabet[index // 26 - 1] if index >= 26 else "") + alphabet[index % 26] for index in range(number)]


def question(row: Row) -> str:
    """What a row asks: one of the two summary questions, or a rule by its id."""
    return QUESTIONS.get(row.name, row.name)


def cell_words(cell: Cell) -> str:
    """``clean``, ``3 warn``, ``2 err``, or ``?`` when the design could not be analysed."""
    if cell.state == FAILED:
        return "?"
    return CLEAN if cell.state == CLEAN else f"{len(cell.findings)} {SHORT[cell.state]}"


def answer_words(answer: Answer | None) -> str:
    """A verdict in one word; ``-`` where there is no answer."""
    return VERDICTS.get(answer.verdict, "-") if answer is not None else "-"


def answer_reason(answer: Answer) -> str:
    """On what condition a claim holds, or what refutes it, or what is missing."""
    shown = answer.against[0].text if answer.against else ""
    if answer.verdict is Verdict.ONLY_IF:
        return f"{answer.words}" + (f"; else {shown}" if shown else "")
    if answer.verdict is Verdict.REFUTED:
        return f"refuted: {shown}" if shown else "refuted"
    return "undecided" + (f", missing: {', '.join(answer.missing)}" if answer.missing else "")


def reason(cell: Cell) -> str:
    """The first finding's message, and how many more there are about which locks."""
    first, *others = cell.findings
    if not others:
        return first.message
    locks = [name for name in dict.fromkeys(name for one in others for name in one.locks) if name not in first.locks]
    about = f": {listing(locks, 4)}" if locks else ""
    return f"{first.message} (and {len(others)} more{about})"


def text(comparison: Comparison, paint: Paint | None = None) -> str:
    """The whole comparison."""
    paint = paint or Paint()
    return "".join(f"{line.rstrip()}\n" for line in _lines(comparison, paint))


def _lines(comparison: Comparison, paint: Paint) -> Iterator[str]:
    names = letters(len(comparison.designs))
    hang = max((len(name) for name in names), default=1) + GAP
    for name, design in zip(names, comparison.designs, strict=True):
        title = f" - {design.title}" if design.title else ""
        lines = wrap(clean(f"{design.name}{title}", paint.ascii_only), hang, hang)
        yield name.ljust(hang) + lines[0].lstrip()
        yield from lines[1:]
    for columns, label, width in _blocks(comparison):
        yield ""
        yield from _block(comparison, names, columns, (label, width), paint)
    yield from _said(comparison, paint)
    for name, index in zip(names, range(len(names)), strict=True):
        yield from _reasons(comparison, name, index, hang, paint)


def _said(comparison: Comparison, paint: Paint) -> Iterator[str]:
    """The claims in words."""
    if comparison.decided:
        yield ""
    for row in comparison.decided:
        yield from wrap(clean(f"{row.claim.id}: {row.claim.text}", paint.ascii_only), 0, GAP)
    left_out = _left_out(comparison)
    yield from ["", *wrap(clean(left_out, paint.ascii_only), 0, GAP)] if left_out else []


def _left_out(comparison: Comparison) -> str:
    """How many claims have no row."""
    shown = {row.claim.id for row in comparison.decided}
    left = [row.claim.id for row in comparison.claims if row.claim.id not in shown]
    return f"decided for none of these designs: {count(len(left), 'claim')} ({listing(left)})" if left else ""


def _blocks(comparison: Comparison) -> Iterator[tuple[range, int, int]]:
    """Columns that fit beside each other, evenly shared out; with the widths of the labels and of a cell."""
    rows = (*comparison.summary, *comparison.rules)
    names = [*map(question, rows), *(row.claim.id for row in comparison.decided)]
    label = min(max(len(clean(name)) for name in names), MOST_LABEL)
    words = [cell_words(cell) for row in rows for cell in row.cells]
    words += [answer_words(answer) for row in comparison.decided for answer in row.answers]
    width = max(map(len, words), default=0)
    number = len(comparison.designs)
    fit = max(1, (WIDTH - label) // (width + 1))
    blocks = -(-number // fit)
    for block in range(blocks):
        yield range(number * block // blocks, number * (block + 1) // blocks), label, width


def _block(
    comparison: Comparison, names: Sequence[str], columns: range, widths: tuple[int, int], paint: Paint
) -> Iterator[str]:
    """The table of some designs."""
    label, width = widths
    yield paint((" " * label + "".join(" " + names[index].ljust(width) for index in columns)).rstrip(), "bold")
    for section in (comparison.summary, comparison.rules):
        if section is comparison.rules and section:
            yield ""
        for row in section:
            cells = [(cell_words(row.cells[index]), _style(row.cells[index])) for index in columns]
            yield from _row(question(row), cells, widths, paint)
    if comparison.decided:
        yield ""
    for claim in comparison.decided:
        words = [answer_words(claim.answers[index]) for index in columns]
        yield from _row(claim.claim.id, [(word, STYLES[word]) for word in words], widths, paint)


def _style(cell: Cell) -> str:
    return {CLEAN: "good", FAILED: "dim"}.get(cell.state, cell.state)


def _row(name: str, cells: Sequence[tuple[str, str]], widths: tuple[int, int], paint: Paint) -> Iterator[str]:
    """A label, on a line of its own if it is too long, and the cells."""
    label, width = widths
    shown = clean(name, paint.ascii_only)
    if len(shown) > label:
        yield from wrap(shown)
        shown = ""
    yield shown.ljust(label) + "".join(" " + paint(word.ljust(width), style) for word, style in cells)


def _reasons(comparison: Comparison, name: str, index: int, hang: int, paint: Paint) -> Iterator[str]:
    """Why each cell of one design is not clean, rule by rule."""
    told = reasons(comparison, index)
    if not told:
        return
    yield ""
    yield paint(clean(f"{name.ljust(hang)}{comparison.designs[index].name}", paint.ascii_only), "bold")
    for row, why in told:
        yield from wrap(clean(f"{row}: {why}", paint.ascii_only), hang, hang + 2)


def reasons(comparison: Comparison, index: int) -> list[tuple[str, str]]:
    """For each cell of a design that is not clean: the name of its row, and why."""
    rules = [(row.name, reason(row.cells[index])) for row in comparison.rules if row.cells[index].findings]
    answered = ((row.claim.id, row.answers[index]) for row in comparison.decided)
    return rules + [
        (name, answer_reason(answer))
        for name, answer in answered
        if answer is not None and answer.verdict not in (Verdict.HOLDS, Verdict.NOTHING)
    ]


def markdown(comparison: Comparison) -> str:
    """The same as Markdown: the table as a table, the reasons as lists."""
    names = letters(len(comparison.designs))
    lines = [
        f"- **{name}** {code(design.name)}" + (f": {escaped(design.title)}" if design.title else "")
        for name, design in zip(names, comparison.designs, strict=True)
    ]
    lines += ["", "| | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    for row in (*comparison.summary, *comparison.rules):
        label = escaped(question(row)) if row.name in QUESTIONS else code(row.name)
        lines.append(f"| {label} | " + " | ".join(cell_words(cell) for cell in row.cells) + " |")
    for claim in comparison.decided:
        label = f"{code(claim.claim.id)} {escaped(claim.claim.text)}"
        lines.append(f"| {label} | " + " | ".join(answer_words(answer) for answer in claim.answers) + " |")
    lines += ["", escaped(_left_out(comparison))] if _left_out(comparison) else []
    for index, name in enumerate(names):
        told = reasons(comparison, index)
        if told:
            lines += ["", f"**{name}** {code(comparison.designs[index].name)}", ""]
            lines += [f"- {code(row)}: {escaped(why)}" for row, why in told]
    return "\n".join(lines) + "\n"

