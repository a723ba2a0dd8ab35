"""The C scanner: functions and statements of text that no compiler has seen."""

from __future__ import annotations

import time

import pytest

from lockcheck.tree.scan import scan


def functions(text: str) -> list[tuple[str, int, int]]:
    """Name, first and last line of every function (not macro) in a text."""
    return [(one.name, one.first, one.last) for one in scan("x.c", text).functions if not one.macro]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("int f(void)\n{\n}\n", [("f", 1, 3)]),
        ("static inline\nint f(int a,\n      int b)\n{ return a; }\n", [("f", 1, 4)]),
        ("void f(void) __acquires(x)\n{\n}\n", [("f", 1, 3)]),
        ("__printf(1, 2) void __f(const char *x, ...)\n{\n}\n", [("__f", 1, 3)]),
        ("void f(int (*cb)(void))\n{\n}\n", [("f", 1, 3)]),
        ("SYSCALL_DEFINE1(f, int, x)\n{\n}\n", [("f", 1, 3)]),
        ("struct s { int a; };\nenum { A };\nint t[] = { 1, 2 };\n", []),
        ("static DEFINE_PER_CPU(struct s, x) = {\n};\n", []),
        ("/* { */ int f(void) { char *s = \"}\"; char c = '{'; // {\n}\n", [("f", 1, 2)]),
        ("#ifdef A\nint f(int a) {\n#else\nint f(void) {\n#endif\n x(); }\nint g(void) { }\n",
         [("f", 2, 6), ("f", 4, 6), ("g", 7, 7)]),
        ("int f(void)\n{\n#ifdef A\n if (x) {\n#else\n {\n#endif\n }\n}\nint g(void) { }\n",
         [("f", 1, 9), ("g", 10, 10)]),
        ("#define M(x) \\\n do { \\\n } while (0)\nint f(void) { }\n", [("f", 4, 4)]),
        ("int f(void)\n{\n BROKEN {\n}\nint g(void)\n{\n}\n", [("f", 1, 4), ("g", 5, 7)]),
        ("int f(void) {", []),
        ("} } { ;", []),
    ],
)  # fmt: skip
def test_functions(text: str, found: list[tuple[str, int, int]]) -> None:
    """Functions are found by their outermost braces, whatever macros, conditionals and comments stand around."""
    assert functions(text) == found


def test_a_broken_file_costs_linear_time() -> None:
    """Text without any structure is scanned in time that grows with its length, not with its square."""
    def cost(size: int) -> float:
        texts = ("(" * size, " " * size + "{", "a " * size + "{", "{" * size, "/*" * size, "#if\n" * size, '"' * size)
        begin = time.process_time()
        for text in texts:
            scan("x.c", text)
        return time.process_time() - begin

    cost(1000)
    small = max(cost(20_000), 0.005)
    assert cost(200_000) < 60 * small


def test_statement_lines() -> None:
    """A statement is what semicolons and braces cut out."""
    file = scan("x.c", "void f(void)\n{\n\ta();\n\tif (b(1,\n\t      2))\n\t\tc();\n}\n")

    assert file.statement(3) == (3, 3)
    assert file.statement(4) == (4, 6)
    assert file.statement(5) == (4, 6)
