"""``KEY=VALUE`` of a command line as what an inventory says. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bedrock import errors
from hoodoo import wording
from hoodoo.inventory import documents, schema

_LABELS = 'labels.'
_YES = {'true': True, 'yes': True, 'false': False, 'no': False}


def parsed(words: Iterable[str]) -> dict[str, Any]:
    """What *words* say, by keys: lists have commas between, ``credentials`` and ``labels`` are YAML.

    Raises:
        UsageFault: a key is unknown, or a value cannot be its.
    """
    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition('=')
        if not equals:
            raise errors.UsageFault(f'cannot read "{word}": it is not of the form KEY=VALUE')
        name = known(key)
        found[name] = _value(name, value)
    return found


def known(key: str) -> str:
    """*key*, if anything is called so.

    Raises:
        UsageFault: nothing is.
    """
    fields = schema.fields()
    if key not in fields and not (key.startswith(_LABELS) and key != _LABELS):
        hint = f'{wording.guess(key, fields)} Known: {", ".join(fields)}, labels.KEY.'.strip()
        raise errors.UsageFault(f'cannot set "{key}": environments have no such field', hint=hint)
    return key


def _value(key: str, value: str) -> Any:
    if key.startswith(_LABELS):
        return value
    types = schema.types(key)
    if 'boolean' in types:
        if value.lower() not in _YES:
            raise errors.UsageFault(f'cannot set {key} to "{value}"', hint='Say true or false.')
        return _YES[value.lower()]
    if 'object' in types or ('array' in types and value.startswith('[')):
        table, problems = documents.parse(f'{key}: {value}', key)
        if table is None or problems:
            raise errors.UsageFault(f'cannot read the value of {key}: it is not valid YAML')
        return plain(table[key])
    if 'array' in types:
        return [part.strip() for part in value.split(',') if part.strip()]
    return value


def plain(value: Any) -> Any:
    """*value* as plain mappings and lists, which YAML can be written of."""
    if isinstance(value, documents.Table):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, documents.Row) else value
