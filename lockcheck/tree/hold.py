"""References held against a kernel tree: still right, moved, changed, gone.

Is: one status for each reference, with the line where the thing stands now. Is not: a reader of models.

A reference is right when the statement on its line says what the model says, in a function that the model names. If it
is not, the same is looked for in these functions, wherever they are now. Of several lines the one is taken that lies
where the reference would lie had it moved with the functions around it; when that does not single one out, the
reference is unclear.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence

from lockcheck.model.references import Held, Reference
from lockcheck.tree.files import Tree, Unreadable
from lockcheck.tree.match import by_function, declared_in, expects, has, lines_in, statement_says
from lockcheck.tree.scan import CFile, Function

CLEARLY_NEARER = 3
_SHOWN = 4


def hold(references: Sequence[Reference], tree: Tree) -> list[Held]:
    """The status of each reference, in their order."""
    return _Holder(references, tree).run()


class _Holder:
    def __init__(self, references: Sequence[Reference], tree: Tree) -> None:
        self._references = references
        self._tree = tree
        self._shifts: dict[str, list[tuple[int, int]]] = {}
        self._elsewhere: dict[str, list[CFile]] = {}
        self._alike: dict[Reference, list[int]] = {}

    def run(self) -> list[Held]:
        """Hold all of them: functions first, because what is in them is looked for where they are now."""
        self._search_lost()
        held: dict[int, Held] = {}
        for index, one in enumerate(self._references):
            if one.kind == "function":
                held[index] = self._function(one)
        self._measure(list(held.values()))
        self._count_alike()
        for index, one in enumerate(self._references):
            if one.kind == "step":
                held[index] = self._step(one)
            elif index not in held:
                held[index] = self._declaration(one)
        return [held[index] for index in range(len(self._references))]

    # ------------------------------------------------------------ before all

    def _search_lost(self) -> None:
        """Look elsewhere in the tree, once, for functions and files that are not where references say."""
        lost: set[str] = set()
        near: set[str] = set()
        for one in self._references:
            file = self._tree.file(one.file)
            if isinstance(file, CFile) and (
                file.named(frozenset(one.inside)) if one.inside else has(file.code, one.heads)
            ):
                continue
            lost.update(one.inside or one.heads)
            near.add(one.file)
        self._elsewhere = self._tree.search(frozenset(lost), frozenset(near))

    def _measure(self, functions: list[Held]) -> None:
        """How far each function of a file has moved, by its old line."""
        shifts: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for held in functions:
            one = held.reference
            if held.status == "ok":
                shifts[one.file].add((one.line, 0))
            elif held.now and held.now[0] == one.file:
                shifts[one.file].add((one.line, held.now[1] - one.line))
        self._shifts = {name: sorted(found) for name, found in shifts.items()}

    def _count_alike(self) -> None:
        """The lines of references that say the same about the same function."""
        alike: dict[object, set[int]] = defaultdict(set)
        for one in self._references:
            alike[_sameness(one)].add(one.line)
        self._alike = {one: sorted(alike[_sameness(one)]) for one in self._references if one.kind == "step"}

    def _expected(self, one: Reference) -> int:
        """Where the line would be now, had it moved with the function before it."""
        shifts = self._shifts.get(one.file, [])
        index = bisect_right(shifts, (one.line, 1 << 40)) - 1
        return one.line + (shifts[index][1] if index >= 0 else 0)

    # ------------------------------------------------------------ functions

    def _function(self, one: Reference) -> Held:
        file = self._tree.file(one.file)
        if isinstance(file, Unreadable) and not file.absent:
            return Held(one, "unread", None, f"{one.file}: {file.why}")
        here = file.named(frozenset(one.inside)) if isinstance(file, CFile) else []
        if any(found.first <= one.line <= found.line for found in here):
            return Held(one, "ok")
        if isinstance(file, CFile) and one.alone and statement_says(one, file, one.line):
            return Held(one, "ok")
        if isinstance(file, CFile) and here:
            best = self._definition(one, file, here)
            return Held(one, "moved", (one.file, best.line), f"{best.name}() begins there")
        return self._lost_function(one, file)

    def _definition(self, one: Reference, file: CFile, here: list[Function]) -> Function:
        """Of several definitions (a stub beside the real one) that which does most of the steps, then the nearest."""
        likeliest = min(one.inside.index(found.name) for found in here)
        same = [found for found in here if found.name == one.inside[likeliest]]
        if len(same) == 1:
            return same[0]
        steps = self._steps_of(one)
        does = {found: sum(bool(lines_in(step, file, found)) for step in steps) for found in same}
        return min(same, key=lambda found: (-does[found], abs(found.line - one.line)))

    def _steps_of(self, one: Reference) -> list[Reference]:
        """The steps of a function that stand in its own file and name something to look for."""
        return [step for step in self._references if step.kind == "step" and step.function == one.name
                and step.file == one.file and expects(step)]  # fmt: skip

    def _lost_function(self, one: Reference, file: CFile | Unreadable) -> Held:
        """A function that its file does not have."""
        places = self._defined_elsewhere(one)
        if len(places) == 1:
            other, found = places[0]
            return Held(one, "moved", (other.path, found.line), f"{found.name}() is in another file")
        if places:
            listed = ", ".join(f"{other.path}:{found.line}" for other, found in places[:_SHOWN])
            return Held(one, "unclear", None, f"{one.name}() is not in {one.file}, but in {listed}")
        if isinstance(file, Unreadable):
            return Held(one, "gone", None, f"{one.file}: {file.why}, and {one.name}() is nowhere near")
        return self._renamed(one, file)

    def _renamed(self, one: Reference, file: CFile) -> Held:
        """Name the function of the file that does most of what the lost one did, if any does."""
        steps = self._steps_of(one)
        does: Counter[Function] = Counter(home for step in steps for home in by_function(step, file))
        best = max(does.items(), key=lambda pair: (pair[1], -pair[0].first), default=None)
        said = f"no function {one.name}() in {one.file} or near it"
        if best is None or best[1] * 2 <= len(steps):
            return Held(one, "gone", None, said)
        found, number = best
        likely = f"{found.name}() on line {found.line} does {number} of its {len(steps)} steps"
        return Held(one, "gone", None, f"{said}; {likely}")

    def _defined_elsewhere(self, one: Reference) -> list[tuple[CFile, Function]]:
        """Other files that define one of the functions the reference may be in, under the likeliest of its names."""
        for name in one.inside:
            files = [file for file in self._elsewhere.get(name, ()) if file.path != one.file]
            found = [(file, each) for file in files for each in file.named(frozenset((name,))) if not each.macro]
            if found:
                return found
        return []

    # ------------------------------------------------------------ steps

    def _step(self, one: Reference) -> Held:
        file = self._tree.file(one.file)
        if isinstance(file, Unreadable) and not file.absent:
            return Held(one, "unread", None, f"{one.file}: {file.why}")
        if isinstance(file, CFile):
            around = file.around(one.line) if one.line <= file.lines else None
            inside = around is not None and around.name in one.inside
            if inside and (not expects(one) or statement_says(one, file, one.line)):
                return Held(one, "ok")
            homes = [(file, each) for name in one.inside for each in file.named(frozenset((name,)))]
            if not homes and around is not None and statement_says(one, file, one.line):
                return Held(one, "changed", None, f"the line is in {around.name}(), not in {one.inside[0]}()")
        else:
            homes = []
        homes = homes or self._defined_elsewhere(one)
        if not homes:
            return Held(one, "gone", None, f"no function {one.inside[0]}() in {one.file} or near it")
        if not expects(one):
            return self._somewhere(one, homes)
        return self._among(one, homes)

    def _somewhere(self, one: Reference, homes: list[tuple[CFile, Function]]) -> Held:
        """A step of which only the function is known, on a line outside of it."""
        file, home = homes[0]
        return Held(one, "unclear", None, f"{home.name}() is {file.path}:{home.first}-{home.last}")

    def _among(self, one: Reference, homes: list[tuple[CFile, Function]]) -> Held:
        """The line of ``homes`` that the reference means, if one stands out."""
        expected = self._expected(one)
        far = [(file.path != one.file, _distance(home, expected), index) for index, (file, home) in enumerate(homes)]
        for _, _, index in sorted(far):
            file, home = homes[index]
            lines = lines_in(one, file, home)
            if lines:
                return self._which(one, file, lines, expected)
        return Held(one, "changed", None, _missing(one, *homes[0]))

    def _which(self, one: Reference, file: CFile, lines: list[int], expected: int) -> Held:
        """One of several lines of a function that say what the reference says."""
        alike = self._alike.get(one, [])
        if len(lines) == 1:
            return Held(one, "moved", (file.path, lines[0]))
        if len(alike) == len(lines):
            return Held(one, "moved", (file.path, lines[alike.index(one.line)]))
        near = sorted(lines, key=lambda line: (abs(line - expected), line))
        first, second = (abs(line - expected) for line in near[:2])
        if file.path == one.file and first * CLEARLY_NEARER < second:
            return Held(one, "moved", (file.path, near[0]))
        listed = ", ".join(f"{file.path}:{line}" for line in near[:_SHOWN])
        return Held(one, "unclear", None, f"several lines say it: {listed}{' ...' if len(near) > _SHOWN else ''}")

    # ------------------------------------------------------------ declarations

    def _declaration(self, one: Reference) -> Held:
        file = self._tree.file(one.file)
        if isinstance(file, Unreadable) and not file.absent:
            return Held(one, "unread", None, f"{one.file}: {file.why}")
        if isinstance(file, CFile) and statement_says(one, file, one.line):
            return Held(one, "ok")
        places = [(file, line) for line in declared_in(one, file)] if isinstance(file, CFile) else []
        if not places:
            others = [each for word in sorted(one.heads) for each in self._elsewhere.get(word, ())]
            places = [(each, line) for each in others for line in declared_in(one, each)]
        if places:
            there = places[0][0]
            lines = sorted({line for each, line in places if each.path == there.path})
            return self._which(one, there, lines, self._expected(one))
        words = " or ".join(sorted(one.heads))
        if isinstance(file, Unreadable):
            return Held(one, "gone", None, f"{one.file}: {file.why}")
        return Held(one, "gone", None, f"{one.file} has no declaration of {words}")


def _sameness(one: Reference) -> object:
    return one.kind, one.file, one.function, one.heads, one.beside, one.alone, one.flags, one.inside


def _distance(home: Function, line: int) -> int:
    """How far a line is from a function; 0 inside of it."""
    return max(home.first - line, line - home.last, 0)


def _missing(one: Reference, file: CFile, home: Function) -> str:
    """What is not in the function any more, and which lines come nearest to it."""
    where = f"{home.name}() ({file.path}:{home.first}-{home.last})"
    near = [
        line for line in range(home.opens, home.last + 1)
        if one.beside and has(file.text(line, line), one.beside)
    ]  # fmt: skip
    said = f"no {one.name} in {where}"
    if near:
        words = " or ".join(sorted(one.beside))
        return f"{said}; {words} is on line {', '.join(map(str, near[:_SHOWN]))}"
    return said
