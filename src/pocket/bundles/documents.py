"""Bundle text to documents: several in one file, overlays merged in, included files put in place."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any, cast

import yaml

from bedrock import yamltext
from pocket.bundles.faults import BundleFault

Document = dict[str, Any]
ReadFile = Callable[[str], bytes]
"""Returns the content of a file that a bundle names, relative to that bundle; raises OSError."""

_FILE = 'include-file://'
_BASE64 = 'include-base64://'
_OVERLAY_ONLY = ('exposed-endpoints', 'offers')


def load(text: str, *, source: str) -> list[Document]:
    """The documents of a bundle file; the first is its base, the others overlays.

    Raises:
        BundleFault: it is not YAML, not made of mappings, or empty.
    """
    try:
        loaded = yamltext.load_all(text)
    except yaml.YAMLError as err:
        raise BundleFault([f'cannot unmarshal bundle contents: {source} is not valid YAML']) from err
    found: list[Document] = []
    for item in loaded:
        if item is None:
            continue
        if not isinstance(item, dict):
            raise BundleFault([f'cannot unmarshal bundle contents: {source} is not a mapping'])
        found.append(_modern(cast('Document', item)))
    if not found:
        raise BundleFault([f'bundle {source} is empty'])
    return found


def resolve_includes(document: Document, read: ReadFile) -> Document:
    """*document* with the files that its options and annotations include, read by *read*.

    Raises:
        BundleFault: a file cannot be read.
    """
    resolved = dict(document)
    for part in ('applications', 'machines'):
        entries = document.get(part)
        if isinstance(entries, dict):
            named = cast('Document', entries)
            resolved[part] = {name: _entry(str(name), entry, read) for name, entry in named.items()}
    return resolved


def merge(base: Document, overlays: Iterable[Document]) -> Document:
    """*base* with each overlay applied in order; nothing given is changed."""
    merged = dict(base)
    for overlay in overlays:
        merged = _merged(merged, overlay)
    return merged


def overlay_fields(base: Document) -> list[str]:
    """What is wrong with a base document because only overlays may say it."""
    found: list[str] = []
    for name, entry in sorted(_mapping(base.get('applications')).items(), key=lambda item: str(item[0])):
        for field in _OVERLAY_ONLY:
            if field in _mapping(entry):
                found.append(f'applications.{name}.{field} can only appear in an overlay section')
    return found


def _modern(document: Document) -> Document:
    """``services`` are what applications were called once."""
    if 'services' not in document or 'applications' in document:
        return document
    return {('applications' if key == 'services' else key): value for key, value in document.items()}


def _merged(base: Document, overlay: Document) -> Document:
    result = dict(base)
    removed: set[str] = set()
    for key, value in overlay.items():
        if key == 'applications':
            result[key], removed = _merged_applications(_mapping(base.get(key)), _mapping(value))
        elif key == 'relations':
            result[key] = [*_sequence(base.get(key)), *_sequence(value)]
        else:
            result[key] = _deep(base.get(key), value)
    return _without(result, removed) if removed else result


def _merged_applications(base: Document, overlay: Document) -> tuple[Document, set[str]]:
    result = dict(base)
    removed: set[str] = set()
    for name, entry in overlay.items():
        if entry is None:
            removed.add(str(name))
            result.pop(name, None)
        else:
            result[name] = _deep(base.get(name), entry)
    return result, removed


def _deep(base: object, overlay: object) -> Any:
    """Mappings meet key by key; anything else is replaced."""
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return overlay
    over = cast('Document', overlay)
    result = dict(cast('Document', base))
    for key, value in over.items():
        result[key] = _deep(result.get(key), value)
    return result


def _without(document: Document, removed: set[str]) -> Document:
    """*document* without what spoke of the applications in *removed*: relations, placements, machines."""
    kept: Document = dict(document)
    if 'relations' in document:
        kept['relations'] = [
            relation for relation in _sequence(document['relations']) if not _names(relation) & removed
        ]
    applications: Document = {}
    for name, entry in _mapping(document.get('applications')).items():
        placed = _placements(entry)
        staying = [item for item in placed if _placed_on(item) not in removed]
        changed = staying != placed
        applications[name] = {**_mapping(entry), 'to': staying} if changed else entry
    kept['applications'] = applications
    machines = _mapping(document.get('machines'))
    if machines:
        used = {_placed_on(item) for entry in applications.values() for item in _placements(entry)}
        kept['machines'] = {name: entry for name, entry in machines.items() if str(name) in used}
    return kept


def _placements(entry: object) -> list[str]:
    value = _mapping(entry).get('to')
    if isinstance(value, list):
        return [str(item) for item in cast('list[object]', value)]
    return [] if value is None else [str(value)]


def _placed_on(placement: str) -> str:
    """The machine or application of a directive such as ``lxd:mysql/0``."""
    return placement.rpartition(':')[2].partition('/')[0]


def _names(relation: object) -> set[str]:
    """The applications in a relation, however deeply its list is nested."""
    if isinstance(relation, list):
        return {name for item in cast('list[object]', relation) for name in _names(item)}
    return {str(relation).partition(':')[0]}


def _entry(name: str, entry: object, read: ReadFile) -> object:
    if not isinstance(entry, dict):
        return entry
    resolved = dict(cast('Document', entry))
    for part in ('options', 'annotations'):
        values = resolved.get(part)
        if isinstance(values, dict):
            resolved[part] = _included(name, cast('Document', values), read)
    return resolved


def _included(name: str, values: Document, read: ReadFile) -> Document:
    resolved: Document = {}
    for key, value in values.items():
        if not isinstance(value, str) or not value.startswith((_FILE, _BASE64)):
            resolved[key] = value
        elif value.startswith(_BASE64):
            resolved[key] = base64.b64encode(_read(value.removeprefix(_BASE64), read)).decode()
        else:
            text = _text(value.removeprefix(_FILE), read)
            own = _settings_of(name, text) if key == 'config' else None
            resolved.update({key: text} if own is None else own)
    return resolved


def _settings_of(name: str, text: str) -> Document | None:
    """The application's part of an included settings file; None when the text is not one."""
    try:
        loaded = yamltext.load(text)
    except yaml.YAMLError:
        return None
    own = _mapping(loaded).get(name)
    return cast('Document', own) if isinstance(own, dict) else None


def _text(path: str, read: ReadFile) -> str:
    try:
        return _read(path, read).decode()
    except UnicodeDecodeError:
        raise BundleFault([f'cannot include file "{path}": it is not UTF-8 text']) from None


def _read(path: str, read: ReadFile) -> bytes:
    try:
        return read(path)
    except OSError as err:
        raise BundleFault([f'cannot include file "{path}": {err.strerror or err}']) from err


def _mapping(value: object) -> Document:
    return cast('Document', value) if isinstance(value, dict) else {}


def _sequence(value: object) -> list[object]:
    return cast('list[object]', value) if isinstance(value, list) else []
