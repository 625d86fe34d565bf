"""The published JSON Schema, and what a document that does not fit it has wrong, by line."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bedrock.errors import Problem
from hoodoo import wording
from hoodoo.inventory import documents, shape

FILE = Path(__file__).with_name('inventory.schema.json')
DEFAULTS = 'defaults.yaml'
_ONLY_FILES = ('matrix', 'environments')
_AXES = {'clouds': 'matrix', 'stages': 'matrix', 'regions': 'clouds', 'exclude': 'matrix', 'set': 'matrix'}
_KINDS = {
    'object': 'a mapping',
    'array': 'a list',
    'string': 'a text',
    'number': 'a number',
    'boolean': 'true or false',
}


@functools.cache
def load() -> dict[str, Any]:
    """The schema."""
    loaded: dict[str, Any] = json.loads(FILE.read_text())
    return loaded


@functools.cache
def quick() -> shape.Test:
    """Whether a document fits; what is wrong with it, `problems` says."""
    return shape.compiled(load())


def fields() -> tuple[str, ...]:
    """What may be said of an environment."""
    return tuple(load()['definitions']['fields'])


def problems(document: documents.Table, file: str) -> list[Problem]:
    """All in which *document*, of the file called *file*, is not what the schema asks for."""
    found: list[Problem] = []
    if Path(file).name == DEFAULTS:
        for key in _ONLY_FILES:
            if key in document:
                message = f'"{key}" is no default'
                hint = f'Write it into another file; {DEFAULTS} is what all files here have in common.'
                found.append(Problem(file=file, line=document.lines[key], message=message, hint=hint))
    if not quick()(document):
        found += sorted(dict.fromkeys(_rewritten(document, file)))
    return found


def _rewritten(document: documents.Table, file: str) -> Iterator[Problem]:
    import jsonschema  # only a mistake pays for its import

    validator: Any = jsonschema.Draft7Validator(load())
    for error in validator.iter_errors(document):
        yield from _of(error, document, file)


def _of(error: Any, document: documents.Table, file: str) -> Iterator[Problem]:
    """What the error of jsonschema *error* means to the author of *document*."""
    path: list[str | int] = list(error.absolute_path)
    value: Any = error.instance
    line = line_of(document, path)
    name = _named(path)
    given: Any = error.validator_value

    def problem(message: str, hint: str = '', at: int = line) -> Problem:
        return Problem(file=file, line=at, message=message, hint=hint)

    match error.validator:
        case 'additionalProperties':
            known = list(error.schema.get('properties', {}))
            for key in value:
                if key not in known:
                    yield problem(f'"{key}" is unknown{_in(path)}', _guess(key, known), value.lines[key])
        case 'type':
            wanted = [given] if isinstance(given, str) else [one for one in given if one != 'null']
            kinds = ' or '.join(_KINDS[one] for one in wanted if one != 'number' or wanted == ['number'])
            yield problem(f'{name} is {_kind(value)} and not {kinds}', _how(path, wanted))
        case 'required':
            for key in given:
                if key not in value:
                    yield problem(f'"{key}" is missing{_in(path)}', '', line or 1)
        case 'pattern' if _is_key(error):
            yield problem(
                f'"{value}" is no name for a key{_in(path)}', _NAMES, _key_line(document, path, value)
            )
        case 'pattern':
            yield problem(f'{name} is no name: "{value}"', _NAMES)
        case 'minItems' | 'minProperties' | 'minLength':
            yield problem(f'{name} is empty', 'Leave it out, or say what it is.')
        case 'dependencies':
            yield problem(f'"user" means nothing{_in(path)} without "keyring"')
        case 'oneOf' if path and str(path[-1]).endswith('credentials'):
            hint = 'Say one of "file", "command" and "keyring".'
            yield problem(f'{name} names {"several sources" if len(value) > 1 else "no source"}', hint)
        case _:
            yield problem(f'{name} is {_kind(value)} and not a text or a list of texts')


_NAMES = 'Names begin with a letter or a digit; letters, digits, ".", "_" and "-" follow.'


def line_of(document: documents.Table, path: Iterable[str | int]) -> int:
    """The line of what *path* leads to, or of the nearest above it."""
    node: Any = document
    line = document.line
    for step in path:
        if isinstance(node, documents.Table) and step in node.lines:
            line, node = node.lines[str(step)], node[str(step)]
        elif isinstance(node, documents.Row) and isinstance(step, int) and step < len(node):
            line, node = node.lines[step], node[step]
        else:
            break
    return line


def _is_key(error: Any) -> bool:
    return 'propertyNames' in error.absolute_schema_path


def _key_line(document: documents.Table, path: list[str | int], key: str) -> int:
    return line_of(document, [*path, key])


def _named(path: list[str | int]) -> str:
    keys = [step for step in path if isinstance(step, str)]
    if not path:
        return 'the file'
    if isinstance(path[-1], int):
        return f'entry {path[-1] + 1} of "{keys[-1]}"' if keys else f'entry {path[-1] + 1}'
    return f'"{path[-1]}"'


def _in(path: list[str | int]) -> str:
    keys = [step for step in path if isinstance(step, str)]
    return f' in "{keys[-1]}"' if keys else ''


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return 'true or false'
    kinds = {dict: 'a mapping', list: 'a list', str: 'a text'}
    return next((text for kind, text in kinds.items() if isinstance(value, kind)), 'nothing')


def _how(path: list[str | int], wanted: list[str]) -> str:
    key = path[-1] if path else ''
    if wanted == ['array']:
        return f'Write "{key}: [...]", or a line "- ..." for each.'
    if key == 'clouds':
        return 'Write "clouds: {CLOUD: [REGION, ...]}".'
    if wanted == ['boolean']:
        return f'Write "{key}: true" or "{key}: false".'
    return ''


def _guess(key: str, known: list[str]) -> str:
    if key in _AXES and key not in known:
        return f'It belongs into "{_AXES[key]}".'
    if key == 'region' and 'clouds' in known:
        return 'Write "clouds: {CLOUD: [REGION, ...]}".'
    return wording.guess(key, known) or f'Known: {", ".join(known)}.'


def types(field: str) -> tuple[str, ...]:
    """Of which JSON types the value of *field* may be."""
    schema = load()['definitions']['fields'][field]
    schema = load()['definitions']['credentials'] if '$ref' in schema else schema
    return tuple(schema['type'])
