"""Grammars and texts that several tests use."""

from __future__ import annotations

from hypothesis import strategies as st

# Of the same structure as the grammars of Codex: sections with a head of their own, lines of free text, a list of alternatives with a tail.
PATCH = """
start: opening section+ closing
opening: "=== Open" LF
closing: "=== Close" LF?

section: added | removed | changed
added: "=== New: " path LF new_line+
removed: "=== Gone: " path LF
changed: "=== Edit: " path LF renamed? edits?

path: /(.+)/
new_line: "+" /(.*)/ LF -> line

renamed: "=== Now: " path LF
edits: (place | edit_line)+ end_mark?
place: ("@@" | "@@ " /(.+)/) LF
edit_line: ("+" | "-" | " ") /(.*)/ LF
end_mark: "=== End" LF

%import common.LF
"""
SCRIPT = r"""
start: with_options | plain
with_options: OPTIONS NEWLINE SOURCE
plain: SOURCE

OPTIONS: /[ \t]*\/\/ @run:[^\r\n]*/
NEWLINE: /\r?\n/
SOURCE: /[\s\S]+/
"""
SUMS = """
start: sum
?sum: sum "+" product -> add
    | product
?product: NUMBER | "(" sum ")"
%import common.NUMBER
%ignore " "
"""

LETTERS = 'ab"\\\n\t\x01é'


def texts(letters: str = LETTERS) -> st.SearchStrategy[str]:
    return st.text(letters, max_size=7)


def regexes(letters: str = LETTERS) -> st.SearchStrategy[str]:
    """Regular expressions that Python's `re` and the API read alike."""
    escaped = {"\n": r"\n", "\t": r"\t", "\x01": r"\x01", "\\": r"\\"}
    char = st.sampled_from([escaped.get(letter, letter) for letter in letters])
    members = st.lists(char, min_size=1, max_size=3).map("".join)
    atom = st.one_of(
        char,
        members.map(lambda text: f"[{text}]"),
        members.map(lambda text: f"[^{text}]"),
        st.sampled_from([".", r"\w", r"\s", r"\D", "[a-c]"]),
    )

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        quantifier = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?"])
        return st.one_of(
            st.lists(inner, min_size=1, max_size=3).map("".join),
            st.lists(inner, min_size=1, max_size=3).map(lambda options: f"(?:{'|'.join(options)})"),
            st.tuples(inner, quantifier).map(lambda pair: f"({pair[0]}){pair[1]}"),
            inner.map(lambda text: f"(|{text})"),
        )

    return st.recursive(atom, larger, max_leaves=6)
