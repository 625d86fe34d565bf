"""The query language of wait-for: read text, then ask it about a scope. Nothing here has effects.

or      = and { "||" and }
and     = not { "&&" not }
not     = "!" not | compare
compare = value [ ("==" | "!=" | "<" | "<=" | ">" | ">=") value ]
value   = primary { "." name | "[" or "]" }
primary = text | number | "true" | "false" | name | call | "(" or ")"
call    = name "(" [ argument { "," argument } ] ")"       argument = name "=>" or | or
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from bedrock import errors

Scope = Mapping[str, Any]
"""Values by name: texts, numbers, booleans, scopes, and lists of scopes."""


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
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    '<': operator.lt,
    '<=': operator.le,
    '>': operator.gt,
    '>=': operator.ge,
}
_DEEPEST = 100


def parse(text: str) -> Node:
    """The query in *text*.

    Raises:
        QueryFault: it is none; the error names the place.
    """
    return _Parser(text).parse()


def holds(query: Node, scope: Scope) -> bool:
    """Whether *query* is true of *scope*.

    Raises:
        QueryFault: it names what the scope does not have, or is not a question.
    """
    answer = value_of(query, scope)
    if not isinstance(answer, bool):
        raise QueryFault(f'query result is not true or false but {_kind(answer)}')
    return answer


def value_of(node: Node, scope: Scope) -> Any:
    """What *node* means in *scope*."""
    match node:
        case Literal(value):
            return value
        case Name(name):
            return _get(scope, name)
        case Field(thing, name):
            inner = value_of(thing, scope)
            if not isinstance(inner, Mapping):
                raise QueryFault(f'cannot look up "{name}" on {_kind(inner)}')
            return _get(cast('Scope', inner), name)
        case Index(thing, which):
            return _at(value_of(thing, scope), value_of(which, scope))
        case Not(thing):
            return not _truth(value_of(thing, scope))
        case Pair('&&', left, right):
            return _truth(value_of(left, scope)) and _truth(value_of(right, scope))
        case Pair('||', left, right):
            return _truth(value_of(left, scope)) or _truth(value_of(right, scope))
        case Pair(sign, left, right):
            return _compared(sign, value_of(left, scope), value_of(right, scope))
        case Lambda():
            raise QueryFault('"=>" belongs into forEach')
        case Call(function, arguments):
            return _called(function, arguments, scope)


def _called(function: str, arguments: Sequence[Node], scope: Scope) -> Any:
    match function, arguments:
        case 'len', (thing,):
            return len(_measured(value_of(thing, scope)))
        case 'print', (thing,):
            # Juju prints what it sees; a summary comes at the end here, so this only passes it on.
            value_of(thing, scope)
            return True
        case (('startsWith' | 'endsWith'), (thing, part)):
            whole, piece = value_of(thing, scope), value_of(part, scope)
            if not isinstance(whole, str) or not isinstance(piece, str):
                raise QueryFault(f'{function} needs two texts')
            return whole.startswith(piece) if function == 'startsWith' else whole.endswith(piece)
        case 'forEach', (thing, Lambda(name, body)):
            return all(
                _truth(value_of(body, {**scope, name: item})) for item in _items(value_of(thing, scope))
            )
        case (('len' | 'print' | 'startsWith' | 'endsWith' | 'forEach'), _):
            raise QueryFault(f'{function} cannot be called like this')
        case _:
            raise QueryFault(
                f'function "{function}" does not exist',
                hint='There are len, print, forEach, startsWith and endsWith.',
            )


def _compared(sign: str, left: Any, right: Any) -> bool:
    alike = _rank(left) == _rank(right) != ''
    if sign == '==':
        return alike and left == right
    if sign == '!=':
        return not (alike and left == right)
    if not alike or isinstance(left, bool):
        raise QueryFault(f'cannot compare {_kind(left)} with {_kind(right)}')
    return _COMPARE[sign](left, right)


def _rank(value: Any) -> str:
    """Values of the same rank can be compared."""
    match value:
        case bool():
            return 'boolean'
        case int() | float():
            return 'number'
        case str():
            return 'text'
        case _:
            return ''


def _get(scope: Scope, name: str) -> Any:
    if name not in scope:
        known = ', '.join(sorted(key for key in scope if scope[key] is not None))
        raise QueryFault(f'identifier "{name}" not found', hint=f'There are {known}.')
    return scope[name]


def _at(thing: Any, which: Any) -> Any:
    if isinstance(thing, Mapping) and isinstance(which, str):
        return _get(cast('Scope', thing), which)
    if isinstance(thing, list) and isinstance(which, int) and not isinstance(which, bool):
        items = cast('list[Any]', thing)
        if -len(items) <= which < len(items):
            return items[which]
        raise QueryFault(f'there is no item {which} in a list of {len(items)}')
    raise QueryFault(f'cannot look up {which!r} in {_kind(thing)}')


def _items(thing: Any) -> list[Any]:
    if isinstance(thing, list):
        return cast('list[Any]', thing)
    if isinstance(thing, Mapping):
        return list(cast('Scope', thing).values())
    raise QueryFault(f'forEach needs a list, not {_kind(thing)}')


def _measured(thing: Any) -> Any:
    if isinstance(thing, str | list | Mapping):
        return cast('Any', thing)
    raise QueryFault(f'len needs a list or a text, not {_kind(thing)}')


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise QueryFault(f'expected true or false, got {_kind(value)}')


def _kind(value: Any) -> str:
    return _rank(value) or ('a list' if isinstance(value, list) else 'an entity')


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
