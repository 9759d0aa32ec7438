"""Grammars in the notation of Lark, as trees.

Read by a parser of our own: the library's own patterns take exponential time for some texts of a hundred characters, and the text comes
from the client. What the API refuses is refused: templates, imports other than from `common`, `%declare` and `%override`. Priorities,
aliases and the marks `?` and `!` of rules say nothing about which texts belong to a grammar.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from triglot.dialects.responses.grammar import chars
from triglot.dialects.responses.grammar.common import COMMON
from triglot.dialects.responses.grammar.regex import parse_regex
from triglot.dialects.responses.grammar.tree import (
    EMPTY,
    Chars,
    Grammar,
    GrammarError,
    Node,
    Reference,
    choice,
    many,
    optional,
    repeat,
    sequence,
)

# Stands for whatever `%ignore` lets pass between two terminals. No rule of a client can have this name.
_IGNORED: Final = "%ignore"
_TOKEN: Final = re.compile(
    r"""
      (?P<blank>[ \t\f]+|//[^\n]*|\#[^\n]*)
    | (?P<line>\r?\n)
    | (?P<regexp>/(?!/)(?:[^/\\\n]|\\.)+/[imslux]*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"i?)
    | (?P<number>[+-]?[0-9]+)
    | (?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
    | (?P<directive>%[a-z]+)
    | (?P<sign>->|\.\.|[()\[\]{}|:.~+*?!,])
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "b": "\b", '"': '"', "\\": "\\", "/": "/"}
_MOST_REPEATS: Final = 1_000_000


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def parse_lark(text: str) -> Grammar:
    """The rules of a Lark grammar, which begins with its rule `start`.

    Raises:
        GrammarError: it is not one, or uses what the API refuses.
    """
    reader = _Reader(text)
    reader.statements()
    return reader.grammar()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, line, depth = 0, 1, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise GrammarError(f"`{text[at : at + 10]}` cannot be read, in line {line} of the grammar")
        kind = str(found.lastgroup)
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(found[0], 0)
        if kind == "line":
            line += 1
        if kind not in ("blank", "line") or (kind == "line" and depth <= 0):
            tokens.append(_Token(kind, found[0], line))
        at = found.end()
    return [*tokens, _Token("line", "", line), _Token("end", "", line)]


class _Reader:
    """Reads one grammar, statement by statement."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.rules: dict[str, Node] = {}
        self.ignored: list[Node] = []
        self.ignores = any(token.text == "%ignore" for token in self.tokens)
        self.uses: dict[str, int] = {}
        self.in_terminal = False

    def error(self, message: str) -> GrammarError:
        return GrammarError(f"{message}, in line {self.tokens[self.at].line} of the grammar")

    def unexpected(self) -> GrammarError:
        token = self.tokens[self.at]
        return self.error(f"unexpected `{token.text}`" if token.text.strip() else "the statement ends too early")

    def peek(self) -> str:
        token = self.tokens[self.at]
        return token.text if token.kind in ("sign", "directive") else token.kind

    def take(self, expected: str) -> str:
        if self.peek() != expected:
            raise self.unexpected()
        self.at += 1
        return self.tokens[self.at - 1].text

    def took(self, expected: str) -> bool:
        if self.peek() != expected:
            return False
        self.at += 1
        return True

    def statements(self) -> None:
        while not self.took("end"):
            if self.took("line"):
                continue
            match self.peek():
                case "%import":
                    self.imports()
                case "%ignore":
                    self.at += 1
                    self.in_terminal = True
                    self.ignored.append(self.expansions())
                case text if text.startswith("%"):
                    raise self.error(f"`{text}` is not supported")
                case _:
                    self.definition()
            self.take("line")

    def definition(self) -> None:
        while self.peek() in ("?", "!"):
            self.at += 1
        name = self.take("name")
        if name in self.rules:
            raise self.error(f"`{name}` is defined twice")
        if name not in (name.lower(), name.upper()):
            raise self.error(f"`{name}` mixes cases: rules are in lower case, terminals in upper case")
        if self.peek() == "{":
            raise self.error("templates are not supported")
        if self.took("."):
            self.take("number")
        self.take(":")
        self.in_terminal = name.isupper()
        self.rules[name] = EMPTY  # keeps the order, and the name, while its body is read
        self.rules[name] = self.expansions()

    def imports(self) -> None:
        self.at += 1
        if self.take("name") != "common":
            raise self.error("only terminals of `common` can be imported")
        if self.took("("):
            names = [self.take("name")]
            while self.took(","):
                names.append(self.take("name"))
            self.take(")")
            for name in names:
                self.include(name, name)
        else:
            self.take(".")
            name = self.take("name")
            self.include(name, self.take("name") if self.took("->") else name)

    def include(self, name: str, alias: str) -> None:
        if name not in COMMON:
            raise self.error(f"there is no terminal `{name}` in `common`")
        self.rules[alias] = parse_regex(COMMON[name])

    def expansions(self) -> Node:
        options = [self.expansion()]
        while self.another():
            options.append(self.expansion())
        return choice(options)

    def another(self) -> bool:
        """Whether another option follows, perhaps in one of the next lines."""
        ahead = self.at
        while self.tokens[ahead].kind == "line":
            ahead += 1
        if self.tokens[ahead].text != "|" or self.tokens[ahead].kind != "sign":
            return False
        self.at = ahead + 1
        return True

    def expansion(self) -> Node:
        parts: list[Node] = []
        while self.peek() in ("name", "string", "regexp", "(", "["):
            parts.append(self.repeated(self.atom()))
        if self.took("->"):
            self.take("name")
        return sequence(parts)

    def repeated(self, item: Node) -> Node:
        match self.peek():
            case "*":
                self.at += 1
                return many(item)
            case "+":
                self.at += 1
                return repeat(item, 1, None)
            case "?":
                self.at += 1
                return optional(item)
            case "~":
                self.at += 1
                least = self.count()
                return repeat(item, least, self.count() if self.took("..") else least)
            case _:
                return item

    def count(self) -> int:
        digits = self.take("number")
        if len(digits) > len(str(_MOST_REPEATS)) or not 0 <= int(digits) <= _MOST_REPEATS:
            raise self.error(f"nothing is repeated {digits} times")
        return int(digits)

    def atom(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        match token.kind, token.text:
            case "sign", "(":
                inner = self.expansions()
                self.take(")")
                return inner
            case "sign", _:
                inner = self.expansions()
                self.take("]")
                return optional(inner)
            case "name", name:
                if self.peek() == "{":
                    raise self.error("templates are not supported")
                if self.in_terminal and not name.isupper():
                    raise self.error(f"a terminal cannot consist of rules such as `{name}`")
                self.uses.setdefault(name, token.line)
                return self.spaced(Reference(name)) if name.isupper() else Reference(name)
            case "regexp", text:
                body, _, flags = text[1:].rpartition("/")
                return self.spaced(self.regexp(body.replace("\\/", "/"), flags))
            case _:
                if self.took(".."):
                    return self.spaced(self.range(token.text, self.take("string")))
                return self.spaced(_literal(token.text))

    def regexp(self, body: str, flags: str) -> Node:
        try:
            return parse_regex(body, flags)
        except GrammarError as error:
            raise self.error(str(error)) from None

    def range(self, low: str, high: str) -> Node:
        first, last = _unquoted(low), _unquoted(high)
        if len(first) != 1 or len(last) != 1 or first > last:
            raise self.error(f"{low}..{high} is not a range of characters")
        return Chars(((ord(first), ord(last)),))

    def spaced(self, terminal: Node) -> Node:
        """A terminal with what may follow it and is not looked at."""
        return sequence([terminal, Reference(_IGNORED)]) if self.ignores and not self.in_terminal else terminal

    def grammar(self) -> Grammar:
        if "start" not in self.rules:
            raise GrammarError("the grammar has no rule `start`")
        if missing := next((name for name in self.uses if name not in self.rules), None):
            raise GrammarError(f"`{missing}` is not defined, in line {self.uses[missing]} of the grammar")
        if not self.ignores:
            return Grammar(self.rules)
        before = sequence([Reference(_IGNORED), Reference("start")])
        return Grammar({**self.rules, _IGNORED: many(choice(self.ignored)), "%start": before}, "%start")


def _unquoted(literal: str) -> str:
    def char(found: re.Match[str]) -> str:
        if code := next((group for group in found.groups()[:4] if group), None):
            return chr(min(int(code, 16), chars.LAST))
        return _CONTROLS.get(found[5], found[0])

    return _ESCAPE.sub(char, literal[1:-1])


def _literal(literal: str) -> Node:
    """The tree of a string with its quotes; an `i` behind them takes both cases."""
    folded = literal.endswith("i")
    text = _unquoted(literal.removesuffix("i"))
    return sequence(Chars(chars.folded(chars.just(char)) if folded else chars.just(char)) for char in text)
