"""Asks a query of wait-for about a scope. Nothing here has effects."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from pocket.client.waiting.grammar import (
    Call,
    Field,
    Index,
    Lambda,
    Literal,
    Name,
    Node,
    Not,
    Pair,
    QueryFault,
)

Scope = Mapping[str, Any]
"""Values by name: texts, numbers, booleans, scopes, and lists of scopes."""

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    '<': operator.lt,
    '<=': operator.le,
    '>': operator.gt,
    '>=': operator.ge,
}


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
