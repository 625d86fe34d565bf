"""A secret value as the texts in which it may appear: itself, quoted, escaped, in base64."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterator

_SHORTEST = 4
"""Shorter values are not hidden: they are everywhere."""

_LONGEST = 65_536
_NUMBER = re.compile(r'[-+]?[0-9.]{1,5}')
_LISTED = (
    'about active admin administrator admins allow allowed always another any api app apps archive auth '
    'auto backend base beta blocked build bundle cache charm charms check client cloud code common config '
    'content current daily data database date debug default deny deploy dev devel development disable '
    'disabled done edge email enable enabled end environment error example exit fail failed false file '
    'files first force frontend group guest head high home host hosts http https idle image info install '
    'internal internet json juju keep key keys last level list local localhost location lock log logs '
    'main manual master medium mode model module mojo mysql name names never nobody noble none normal '
    'null off only open optional options other output pass password path port postgres private prod '
    'production project proxy public read ready redis relation remote require required root run script '
    'secret secrets server service services size spec stable stage staging standard start state status '
    'stop string system target temp test testing tests text time token true type ubuntu unit units '
    'unknown unset update upgrade user username users value values verify version wait waiting warning '
    'web write yaml yes zone'
)
_COMMON = frozenset(_LISTED.split())
"""Words that say nothing by themselves, and that output without secrets is full of."""


def worth(value: str) -> bool:
    """Whether *value* can be hidden without hiding what is no secret."""
    return (
        len(value) >= _SHORTEST
        and len(set(value)) > 1
        and value.lower() not in _COMMON
        and not _NUMBER.fullmatch(value)
    )


def whole_words_only(text: str) -> bool:
    """Whether *text* is likely to be a part of other words, so that it is a secret only by itself."""
    return len(text) < 8 and text.isalpha() and text.islower()


def forms(value: str) -> Iterator[str]:
    """Every text that gives *value* away: as it is, as JSON, shells and URLs write it, in base64."""
    if len(value) > _LONGEST:
        return
    yield value
    for escaped in (
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        value.replace("'", "''"),
        value.replace("'", "'\"'\"'"),
        urllib.parse.quote(value, safe=''),
        urllib.parse.quote_plus(value),
    ):
        if escaped != value:
            yield escaped
    yield from base64_forms(value.encode())


def base64_forms(data: bytes) -> Iterator[str]:
    """*data* in base64: alone, wrapped as programs do, and as a part of something longer."""
    for text in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        yield text
        bare = text.rstrip('=')
        if len(bare) >= 6:
            yield bare
        for width in (64, 76):
            if len(text) > width:
                lines = (text[at : at + width].rstrip('=') for at in range(0, len(text), width))
                yield from (line for line in lines if len(line) >= 8)
    for shift in range(3):
        # What stands before decides how bytes fall into characters; those that it has a part in are left out.
        padded = bytes(shift) + data
        inner = slice((0, 2, 3)[shift], len(padded) * 8 // 6)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(padded).decode()[inner]
            if len(text) >= 6:
                yield text
