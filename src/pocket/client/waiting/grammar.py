"""The query language of wait-for, and how text becomes a query.

or      = and { "||" and }
and     = not { "&&" not }
not     = "!" not | compare
compare = value [ ("==" | "!=" | "<" | "<=" | ">" | ">=") value ]
value   = primary { "." name | "[" or "]" }
primary = text | number | "true" | "false" | name | call | "(" or ")"
call    = name "(" [ argument { "," argument } ] ")"       argument = name "=>" or | or
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bedrock import errors


class QueryFault(errors.Fault):
    """A query cannot be read, or asks for what is not there."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the query."""

    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Name:
    """A name that the scope knows."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """``thing.name``."""

    thing: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """``thing[which]``."""

    thing: Node
    which: Node


@dataclass(frozen=True, slots=True)
class Not:
    """``!thing``."""

    thing: Node


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values and what is between them."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Lambda:
    """``name => body``."""

    name: str
    body: Node


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)``."""

    function: str
    arguments: tuple[Node, ...]


Node = Literal | Name | Field | Index | Not | Pair | Lambda | Call

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | (?P<sign>=>|==|!=|<=|>=|&&|\|\||[<>!().,\[\]])
    )""",
    re.VERBOSE,
)
_DEEPEST = 100


def parse(text: str) -> Node:
    """The query in *text*.

    Raises:
        QueryFault: it is none; the error names the place.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._or()
        if self._peek()[0]:
            raise self._unexpected()
        return node

    def _or(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryFault('the query is nested too deeply')
        left = self._and()
        while self._take('||'):
            left = Pair('||', left, self._and())
        self._depth -= 1
        return left

    def _and(self) -> Node:
        left = self._not()
        while self._take('&&'):
            left = Pair('&&', left, self._not())
        return left

    def _not(self) -> Node:
        count = 0
        while self._take('!'):
            count += 1
        node = self._compare()
        if count > _DEEPEST:
            raise QueryFault('the query is nested too deeply')
        for _ in range(count):
            node = Not(node)
        return node

    def _compare(self) -> Node:
        left = self._value()
        for sign in ('==', '!=', '<=', '>=', '<', '>'):
            if self._take(sign):
                return Pair(sign, left, self._value())
        return left

    def _value(self) -> Node:
        node = self._primary()
        while True:
            if self._take('.'):
                kind, word = self._pop()
                if kind != 'name':
                    raise self._unexpected(back=1)
                node = Field(node, word)
            elif self._take('['):
                node = Index(node, self._or())
                self._expect(']')
            else:
                return node

    def _primary(self) -> Node:
        if self._take('('):
            node = self._or()
            self._expect(')')
            return node
        kind, word = self._pop()
        match kind:
            case 'text':
                return Literal(re.sub(r'\\(.)', r'\1', word[1:-1]))
            case 'number':
                return Literal(float(word) if '.' in word else int(word))
            case 'name' if word in ('true', 'false'):
                return Literal(word == 'true')
            case 'name' if self._take('('):
                return Call(word, self._arguments())
            case 'name':
                return Name(word)
            case _:
                raise self._unexpected(back=1)

    def _arguments(self) -> tuple[Node, ...]:
        found: list[Node] = []
        if self._take(')'):
            return ()
        while True:
            found.append(self._argument())
            if self._take(')'):
                return tuple(found)
            self._expect(',')

    def _argument(self) -> Node:
        node = self._or()
        if isinstance(node, Name) and self._take('=>'):
            return Lambda(node.name, self._or())
        return node

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next][:2] if self._next < len(self._tokens) else ('', '')

    def _pop(self) -> tuple[str, str]:
        token = self._peek()
        self._next += 1
        return token

    def _take(self, sign: str) -> bool:
        if self._peek() != ('sign', sign):
            return False
        self._next += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected()

    def _unexpected(self, *, back: int = 0) -> QueryFault:
        position = self._next - back
        if position >= len(self._tokens):
            return QueryFault(f'cannot read query: it ends too early: {self._text}')
        _, word, column = self._tokens[position]
        return QueryFault(f'cannot read query: unexpected {word} at column {column + 1}: {self._text}')


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    position = 0
    rest = len(text.rstrip())
    while position < rest:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            column = position + len(text[position:]) - len(text[position:].lstrip())
            raise QueryFault(f'cannot read query: unexpected {text[column]} at column {column + 1}: {text}')
        found.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        position = match.end()
    return found
