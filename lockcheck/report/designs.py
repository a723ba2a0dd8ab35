"""Designs side by side, for people: a legend, the table, and the reason for each cell that is not clean.

Is: text of 80 columns, and the same as Markdown. Is not: JSON (``designs_json.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from lockcheck.compare.designs import CLEAN, CONTRACT, DEADLOCK, FAILED, Cell, Comparison, Row
from lockcheck.report.difference_markdown import code, escaped
from lockcheck.report.layout import GAP, WIDTH, clean, listing, wrap
from lockcheck.report.paint import Paint

QUESTIONS = {DEADLOCK: "can deadlock or crash", CONTRACT: "breaks a contract"}
SHORT = {"error": "err", "warning": "warn", "note": "note"}


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
    for name, index in zip(names, range(len(names)), strict=True):
        yield from _reasons(comparison, name, index, hang, paint)


def _blocks(comparison: Comparison) -> Iterator[tuple[range, int, int]]:
    """Columns that fit beside each other, evenly shared out; with the widths of the labels and of a cell."""
    rows = (*comparison.summary, *comparison.rules)
    label = max(len(clean(question(row))) for row in rows)
    width = max((len(cell_words(cell)) for row in rows for cell in row.cells), default=0)
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
    for row in comparison.summary:
        yield _row(row, columns, widths, paint)
    if comparison.rules:
        yield ""
    for row in comparison.rules:
        yield _row(row, columns, widths, paint)


def _row(row: Row, columns: range, widths: tuple[int, int], paint: Paint) -> str:
    label, width = widths
    line = clean(question(row), paint.ascii_only).ljust(label)
    for index in columns:
        cell = row.cells[index]
        style = {CLEAN: "good", FAILED: "dim"}.get(cell.state, cell.state)
        line += " " + paint(cell_words(cell).ljust(width), style)
    return line


def _reasons(comparison: Comparison, name: str, index: int, hang: int, paint: Paint) -> Iterator[str]:
    """Why each cell of one design is not clean, rule by rule."""
    told = [(row, row.cells[index]) for row in comparison.rules if row.cells[index].findings]
    if not told:
        return
    yield ""
    yield paint(clean(f"{name.ljust(hang)}{comparison.designs[index].name}", paint.ascii_only), "bold")
    for row, cell in told:
        yield from wrap(clean(f"{row.name}: {reason(cell)}", paint.ascii_only), hang, hang + 2)


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
    for index, name in enumerate(names):
        told = [(row, row.cells[index]) for row in comparison.rules if row.cells[index].findings]
        if told:
            lines += ["", f"**{name}** {code(comparison.designs[index].name)}", ""]
            lines += [f"- {code(row.name)}: {escaped(reason(cell))}" for row, cell in told]
    return "\n".join(lines) + "\n"

