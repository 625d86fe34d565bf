"""The content of a secret: ``key=value`` words and files in, values in base64 by key out.

No message holds a value.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from bedrock import errors

MAX_BYTES = 1_000_000
"""All values together, in base64."""

_KEY = re.compile(r'[a-z](?:-?[a-z0-9]){2,}')
_BASE64 = '#base64'
_FILE = '#file'


def from_words(words: Iterable[str], read: Callable[[str], bytes]) -> dict[str, str]:
    """The content that ``key=value``, ``key#base64=value`` and ``key#file=path`` say.

    Args:
        read: Gives what a file holds.

    Raises:
        UsageFault: a word is something else.
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition('=')
        if not key or not equals or not value:
            raise errors.UsageFault(f'key value "{key or "="}" not valid')
        if key.endswith(_FILE):
            key, value = _checked(key.removesuffix(_FILE)), _encoded(read(value))
        else:
            key, value = _entry(key, value)
        found[key] = value
    return _within_limit(found)


def from_document(text: str) -> dict[str, str]:
    """The content that a YAML or JSON map says; keys may end in ``#base64``.

    Raises:
        UsageFault: it is something else.
    """
    import yaml

    try:
        # The base loader keeps every scalar as the text that it is.
        loaded: Any = yaml.BaseLoader(text).get_single_data()
    except yaml.YAMLError:
        # Its message would quote what it could not read.
        raise errors.UsageFault('cannot read secret content: it is not valid YAML') from None
    if not isinstance(loaded, dict):
        raise errors.UsageFault('cannot read secret content: it is not a map of keys to values')
    found: dict[str, str] = {}
    for key, value in cast('dict[Any, Any]', loaded).items():
        if not isinstance(value, str):
            raise errors.UsageFault(f'cannot read secret content: the value of "{key}" is not a string')
        if not value:
            raise errors.UsageFault(f'key value "{key}" not valid')
        name, encoded = _entry(str(key), value)
        found[name] = encoded
    return _within_limit(found)


def check(content: Mapping[str, str]) -> dict[str, str]:
    """*content* when its keys and values are valid and it is not too large.

    Raises:
        UsageFault: it is empty or not valid.
    """
    if not content:
        raise errors.UsageFault('empty secret value not valid')
    return _within_limit(dict(_entry(f'{key}{_BASE64}', value) for key, value in content.items()))


def checksum(content: Mapping[str, str]) -> str:
    """What is the same for the same content."""
    text = json.dumps(dict(content), sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()


def decoded(value: str) -> str:
    """A value as text; bytes that are none become replacement characters."""
    return base64.b64decode(value).decode(errors='replace')


def _entry(key: str, value: str) -> tuple[str, str]:
    if not key.endswith(_BASE64):
        return _checked(key), _encoded(value.encode(errors='surrogateescape'))
    name = _checked(key.removesuffix(_BASE64))
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise errors.UsageFault(f'value of key "{name}" not valid: it is not base64') from None
    return name, value


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise errors.UsageFault(f'key "{key}" not valid')
    return key


def _within_limit(content: dict[str, str]) -> dict[str, str]:
    size = sum(len(value) for value in content.values())
    if size > MAX_BYTES:
        raise errors.UsageFault(f'secret content too large: {size} bytes not valid')
    return content
