"""Secret values in what specs have: files, variables, options. Pure, but for one look at the disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

LARGEST_FILE = 262_144
"""Bytes; what larger files hold is not known to be secret."""

_SHORTEST_LINE = 6
_NAME = re.compile(r'passw|passphrase|pass(?![a-z])|token|secret|credential|key', re.IGNORECASE)
_NO_SECRET = re.compile(r'keyboard|keymap|keyring|keyserver|[-_.]names?$', re.IGNORECASE)
"""A secret's name, as in ``tls_secret_name``, is none."""
_KEY = re.compile(r'[\w.-]+:')
_ASSIGNMENT = re.compile(r'(?:export\s+)?[\w.-]+\s*[=:]\s*(.+)')


def looks_secret(name: str) -> bool:
    """Whether a variable or option of that name holds a secret."""
    return _NAME.search(name) is not None and _NO_SECRET.search(name) is None


def of_variables(variables: Mapping[str, str]) -> Iterator[str]:
    """Values of the variables that are called like secrets, unless they are paths of files."""
    for name, value in variables.items():
        if looks_secret(name) and not (value.startswith('/') and Path(value).exists()):
            yield value
            yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= _SHORTEST_LINE)


def of_text(text: str) -> Iterator[str]:
    """What a file of secrets gives away: the whole, its lines, what they assign, the values of its YAML."""
    yield text
    yield text.strip()
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith(('#', '-----')) or _KEY.fullmatch(stripped):
            continue
        if len(stripped) >= _SHORTEST_LINE:
            yield stripped
        if assigned := _ASSIGNMENT.fullmatch(stripped):
            yield assigned[1]
            yield assigned[1].strip('\'"')
    yield from _of_yaml(text)


def _of_yaml(text: str) -> Iterator[str]:
    import yaml  # most runs have no files of secrets

    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError):
        return
    for document in documents:
        yield from _scalars(document)


def _scalars(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in cast('dict[object, object]', value).values():
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in cast('list[object]', value):
            yield from _scalars(inner)
    elif isinstance(value, str):
        yield value
        lines = [line.strip() for line in value.splitlines()]
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith('-----'))
    elif value is not None and not isinstance(value, bool):
        yield str(value)
