"""Reading what a client sent: JSON objects by field name, with Juju's leniency and our type checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pocket.services.errors import BAD_REQUEST, JujuError

__all__ = ['Fields']

T = TypeVar('T')


class Fields:
    """One JSON object that a client sent.

    A field is found without regard to case; ``null`` is the same as absent. Keys of inner *maps* (a charm's
    options, an action's parameters) are data, not names of fields, and come back as they were written.

    Every reader raises `JujuError` with code ``bad request`` when the value has another type.
    """

    __slots__ = ('_values',)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {key.lower(): value for key, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def has_any(self, name: str) -> bool:
        """Whether *name* is there and holds something: an empty list or map does not."""
        return bool(self._values.get(name.lower()))

    def text(self, name: str, default: str = '') -> str:
        """The string *name*."""
        return self._get(name, str, default)

    def number(self, name: str, default: int = 0) -> int:
        """The integer *name*."""
        value = self._get(name, int, default)
        if isinstance(value, bool) or not -(2**63) <= value < 2**63:
            raise _wrong(name, value, 'a number')
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """The boolean *name*."""
        return self._get(name, bool, default)

    def child(self, name: str) -> Fields:
        """The object *name*; an empty one when it is absent."""
        return Fields(self._mapping(name))

    def children(self, name: str) -> list[Fields]:
        """The objects of the list *name*."""
        return [Fields(cast('dict[str, Any]', item)) for item in self._list(name, dict)]

    def texts(self, name: str) -> list[str]:
        """The strings of the list *name*."""
        return [str(item) for item in self._list(name, str)]

    def numbers(self, name: str) -> list[int]:
        """The integers of the list *name*."""
        return [int(str(item)) for item in self._list(name, int)]

    def map(self, name: str) -> dict[str, Any]:
        """The map *name* with its keys as they were written; empty when it is absent."""
        return dict(self._mapping(name))

    def values(self, name: str) -> dict[str, Any]:
        """The map *name* without its nulls: a struct of which every field may be left out."""
        return {key: value for key, value in self._mapping(name).items() if value is not None}

    def all(self) -> dict[str, Any]:
        """Every field with its value, by its name in lower case, as Juju's are; nulls are left out."""
        return dict(self._values)

    def text_map(self, name: str) -> dict[str, str]:
        """The map *name*, whose values must be strings."""
        values = self._mapping(name)
        for value in values.values():
            if not isinstance(value, str):
                raise _wrong(name, value, 'a string')
        return dict(values)

    def tags(self, kind: str, name: str = 'entities', key: str = 'tag') -> list[str]:
        """The names of the entities of the list *name*; see `untag`."""
        return [untag(kind, entity.text(key)) for entity in self.children(name)]

    def _get(self, name: str, kind: type[T], default: T) -> T:
        value = self._values.get(name.lower())
        if value is None:
            return default
        if not isinstance(value, kind):
            raise _wrong(name, value, f'a {kind.__name__}')
        return value

    def _mapping(self, name: str) -> dict[str, Any]:
        return cast('dict[str, Any]', self._get(name, dict, {}))

    def _list(self, name: str, kind: type[object]) -> list[object]:
        items = cast('list[object]', self._get(name, list, []))
        for item in items:
            if not isinstance(item, kind):
                raise _wrong(name, item, f'a {kind.__name__}')
        return items


def untag(kind: str, tag: str) -> str:
    """Return the name in a Juju tag: ``unit-app-0`` -> ``app/0``, ``application-app`` -> ``app``.

    Raises:
        JujuError: it is not a tag of this *kind*.
    """
    prefix = f'{kind}-'
    name = tag.removeprefix(prefix)
    if not tag.startswith(prefix) or not name:
        raise JujuError(f'"{tag}" is not a valid {kind} tag', BAD_REQUEST)
    match kind:
        case 'unit':
            application, dash, number = name.rpartition('-')
            if not dash or not application or not number.isdecimal():
                raise JujuError(f'"{tag}" is not a valid unit tag', BAD_REQUEST)
            return f'{application}/{number}'
        case 'machine':
            return name.replace('-', '/')
        case _:
            return name


def _wrong(name: str, value: object, wanted: str) -> JujuError:
    return JujuError(f'cannot read field "{name}": {type(value).__name__} is not {wanted}', BAD_REQUEST)
