"""Which environments are meant: by names, patterns, and what is said of them.

A selector is a word: ``NAME``, the beginning of a name up to a slash, or a pattern of either;
``KEY=VALUE`` or ``KEY!=VALUE``, where values are names or patterns, several with commas between; and
``!NAME``. Environments are meant for which all words hold.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence

from bedrock import errors
from hoodoo import wording
from hoodoo.inventory import finding
from hoodoo.inventory.environment import Environment

KEYS = ('name', 'service', 'cloud', 'region', 'stage', 'controller', 'model', 'owner', 'production')
"""What may be asked for beside the keys of labels."""

_ASKED = re.compile(r'(?P<key>[^=!*?\[\]]+?)(?P<no>!?)=(?P<value>.*)', re.DOTALL)
_MOST_NAMED = 5
_MOST_RANKED = 50
Test = Callable[[Environment], bool]


def select(environments: Sequence[Environment], words: Sequence[str]) -> tuple[Environment, ...]:
    """Those of *environments* for which all *words* hold, in their order; without words all.

    Raises:
        UsageFault: a word asks for what is nowhere said, or names what is not there.
    """
    tests = [_test(word, environments) for word in words]
    return tuple(one for one in environments if all(test(one) for test in tests))


def the_one(environments: Sequence[Environment], name: str) -> Environment:
    """The environment that is called *name*; else the only one that *name* could mean.

    Raises:
        UsageFault: there is none, or there are several.
    """
    exact = next((one for one in environments if one.name == name), None)
    if exact is not None:
        return exact
    found = [one for one in environments if _names(name, one.name)]
    if not found:
        found = [hit.environment for hit in finding.rank(name, environments, limit=_MOST_RANKED)]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ', '.join(one.name for one in found[:_MOST_NAMED])
        more = f' and {len(found) - _MOST_NAMED} more' if len(found) > _MOST_NAMED else ''
        raise errors.UsageFault(
            f'cannot tell which environment is "{name}": it may be {shown}{more}',
            hint='Name it in full, or find it with "hoodoo env find".',
        )
    raise _unknown(name, environments)


def values(environment: Environment, key: str) -> tuple[str, ...]:
    """What *environment* has for *key*, one of `KEYS` or the key of a label."""
    match key:
        case 'owner':
            return environment.owners
        case 'production':
            return ('true' if environment.production else 'false',)
        case 'name' | 'service' | 'cloud' | 'region' | 'stage' | 'controller' | 'model':
            value: str = getattr(environment, key)
            return (value,)
        case _:
            label = environment.labels.get(key)
            return () if label is None else (label,)


def _test(word: str, environments: Sequence[Environment]) -> Test:
    asked = _ASKED.fullmatch(word)
    if asked is not None:
        key, wanted = asked['key'], asked['value'].split(',')
        known = {*KEYS, *(label for one in environments for label in one.labels)}
        if key not in known:
            hint = f'{wording.guess(key, known)} Known: {", ".join(sorted(known))}.'.strip()
            raise errors.UsageFault(f'cannot select by "{key}": no environment says it', hint=hint)
        wants_it = not asked['no']
        return lambda one: _any(wanted, values(one, key)) is wants_it
    bare = word.removeprefix('!')
    if not any(_names(bare, one.name) for one in environments) and not set(bare) & set('*?['):
        raise _unknown(bare, environments)
    return lambda one: _names(bare, one.name) is not word.startswith('!')


def _any(wanted: Iterable[str], there: Sequence[str]) -> bool:
    return any(value == one or fnmatch.fnmatchcase(value, one) for one in wanted for value in there or ('',))


def _names(pattern: str, name: str) -> bool:
    """Whether *pattern* is, or matches, *name* or its beginning up to a slash."""
    start = pattern.rstrip('/') + '/'
    if name == pattern or name.startswith(start):
        return True
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, start + '*')


def _unknown(name: str, environments: Sequence[Environment]) -> errors.UsageFault:
    known = {part: None for one in environments for part in (one.name, one.service)}
    guess = wording.guess(name, known)
    listed = 'List all with "hoodoo env list".' if environments else 'The inventory is empty.'
    return errors.UsageFault(f'cannot find environment "{name}"', hint=f'{guess} {listed}'.strip())
