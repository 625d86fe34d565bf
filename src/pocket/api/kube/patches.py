"""How patches of each kind change an object. Pure."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

Document = dict[str, Any]

JSON_PATCH = 'application/json-patch+json'
APPLY = 'application/apply-patch+yaml'
STRATEGIC = 'application/strategic-merge-patch+json'

_KEYS = {'conditions': 'type', 'containers': 'name', 'env': 'name', 'ports': 'port', 'volumes': 'name'}
"""By which entry of a list a strategic patch means; other lists are replaced."""


class CannotPatch(Exception):
    """A patch that does not fit the object; the text says why."""


def patched(current: Document, sent: object, media: str) -> Document:
    """*current* with what was *sent*, as that kind of patch means it.

    Raises:
        CannotPatch: it does not fit.
    """
    if media == JSON_PATCH:
        return _carried_out(current, sent)
    patch = cast('Document', sent)
    if media == STRATEGIC:
        return _strategic(current, patch)
    return applied(current, patch) if media == APPLY else merged(current, patch)


def merged(current: Document, patch: Mapping[str, Any]) -> Document:
    """*current* with *patch*, as RFC 7396 has it."""
    found = dict(current)
    for key, value in patch.items():
        if key.startswith('$'):
            continue
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            found[key] = merged(_mapping(found.get(key)), cast('Document', value))
        else:
            found[key] = value
    return found


def applied(current: Document, wanted: Document) -> Document:
    """*current* once a client has applied *wanted*: of what it speaks of, exactly that; else as it was.

    What it says of a container is that container's, whatever else there is of it.
    """
    if isinstance(_mapping(wanted.get('spec')).get('template'), dict):
        return _strategic(_without_resources(current, wanted), wanted)
    labels = {key: wanted[key] for key in ('metadata',) if key in wanted}
    rest = {key: value for key, value in wanted.items() if key != 'metadata'}
    return {**merged(current, labels), **rest}


def _strategic(current: Document, patch: Mapping[str, Any]) -> Document:
    found = dict(current)
    for key, value in patch.items():
        if key.startswith('$'):
            continue
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            found[key] = _strategic(_mapping(found.get(key)), cast('Document', value))
        elif isinstance(value, list) and key in _KEYS:
            found[key] = _listed(found.get(key), cast('list[object]', value), _KEYS[key])
        else:
            found[key] = value
    return found


def _listed(current: object, patch: Sequence[object], by: str) -> list[object]:
    entries = [_mapping(one) for one in (cast('list[object]', current) if isinstance(current, list) else [])]
    found: dict[object, Document] = {one.get(by): one for one in entries}
    for one in map(_mapping, patch):
        name = one.get(by)
        if one.get('$patch') == 'delete':
            found.pop(name, None)
        else:
            found[name] = _strategic(found.get(name, {}), one)
    return list(found.values())


def _without_resources(current: Document, wanted: Document) -> Document:
    found = copy.deepcopy(current)
    spoken_of = {one.get('name') for one in _containers(wanted)}
    for one in _containers(found):
        if one.get('name') in spoken_of:
            one.pop('resources', None)
    return found


def _containers(document: Document) -> list[Document]:
    spec = _mapping(_mapping(_mapping(document.get('spec')).get('template')).get('spec'))
    listed: object = spec.get('containers')
    return [_mapping(one) for one in cast('list[object]', listed)] if isinstance(listed, list) else []


def _carried_out(current: Document, sent: object) -> Document:
    """*current* after operations of RFC 6902."""
    jsonpatch: Any = importlib.import_module('jsonpatch')  # few clients send any
    listed = cast('list[object]', sent) if isinstance(sent, list) else [sent]
    try:
        found: object = jsonpatch.apply_patch(current, [_mapping(one) for one in listed])
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as err:
        raise CannotPatch(str(err)) from err
    if not isinstance(found, dict):
        raise CannotPatch('it leaves no object')
    return cast('Document', found)


def _mapping(value: object) -> Document:
    return cast('Document', value) if isinstance(value, dict) else {}
