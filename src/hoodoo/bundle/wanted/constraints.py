"""Constraints as bundles write them: ``k=v k=v``, a list of such, or a mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hoodoo import wording
from hoodoo.bundle.reading import tree, words
from hoodoo.bundle.wanted import findings

_ANY = re.compile(r'\S*')
_COUNT = re.compile(r'\d*')
_SIZE = re.compile(r'(\d+(\.\d+)?[MGTPEZY]?(i?B)?)?')
_KNOWN: Mapping[str, re.Pattern[str]] = {
    'allocate-public-ip': re.compile('(true|false)?'),
    **dict.fromkeys(('arch', 'container', 'image-id', 'instance-role', 'instance-type'), _ANY),
    **dict.fromkeys(('root-disk-source', 'spaces', 'tags', 'virt-type', 'zones'), _ANY),
    **dict.fromkeys(('cores', 'cpu-power'), _COUNT),
    **dict.fromkeys(('mem', 'root-disk'), _SIZE),
}
"""Juju 3's constraints, and what their values look like; an empty value takes back a model's constraint."""
_RENAMED = {'cpu-cores': 'cores', 'availability-zone': 'zones'}
_GONE = {'networks': 'Use spaces=NAME.', 'cpu': 'Use cores=N.'}
_TEXT = 'k=v k=v'


def read(value: object, at: tree.Path, found: findings.Findings) -> dict[str, str]:
    """Return the constraints at *at*; what is wrong with them goes to *found*."""
    read: dict[str, str] = {}
    for key, text in _pairs(value, at, found):
        name = _RENAMED.get(key, key)
        if name != key:
            found.remark(at, f'constraint "{key}" is taken for "{name}", its name today', f'Write {name}=.')
        pattern = _KNOWN.get(name)
        if pattern is None:
            hint = _GONE.get(key) or wording.guess(key, _KNOWN) or f'Known constraints: {", ".join(_KNOWN)}.'
            found.problem(at, f'unknown constraint "{key}"', hint)
        elif not pattern.fullmatch(text):
            hint = 'Write a size such as 512M or 2G.' if pattern is _SIZE else ''
            hint = 'Write a whole number.' if pattern is _COUNT else hint
            found.problem(at, f'constraint "{key}" cannot be "{text}"', hint)
        else:
            read[name] = text
    return read


def _pairs(value: object, at: tree.Path, found: findings.Findings) -> Iterator[tuple[str, str]]:
    if isinstance(value, tree.Table):
        for key, entry in value.items():
            yield key, ','.join(words.strings(entry))
        return
    text = ' '.join(words.strings(value))
    split = [piece for word in text.split() for piece in _listed(word)]
    if len(split) > len(text.split()):
        found.remark(at, 'constraints are parted by blanks; the commas are taken for such', f'Write {_TEXT}.')
    for word in split:
        key, equals, rest = word.partition('=')
        if not equals:
            found.problem(at, f'constraint "{word}" has no value', f'Write {_TEXT}.')
        else:
            yield key, rest


def _listed(word: str) -> list[str]:
    """``mem=2G,cores=4`` is two; ``tags=a,b`` is one, whose value is a list."""
    return re.split(r',(?=[a-z-]+=)', word)
