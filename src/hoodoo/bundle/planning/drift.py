"""Three ways to look at a model: as it was last asked for, as the spec asks for it now, as it is. Pure."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from hoodoo import model
from hoodoo.bundle.planning import facts, related
from hoodoo.bundle.reading import words


class Kind(enum.Enum):
    """Why something differs."""

    NOT_YET = 'not rolled out yet'
    """It is as it was asked for last; the spec has changed since."""
    BY_HAND = 'changed by hand'
    """The spec still asks for what it did; somebody else changed the model."""
    BOTH = 'both'
    """The spec has changed, and so did somebody else the model."""
    GONE = 'gone'
    """It was deployed from here, the spec wants it, and somebody removed it."""
    UNKNOWN = 'unknown to the spec'
    """It is there and nothing in the spec asks for it."""
    DIFFERS = 'differs'
    """The model is not what the spec asks for, and what was asked for last is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing in which the model is not what the spec asks for."""

    kind: Kind
    subject: str
    """An application, or a relation as ``a:x - b:y``."""
    what: str = ''
    """Which fact of it; empty for the whole."""
    was: facts.Fact = None
    now: facts.Fact = None
    live: facts.Fact = None


def drift(was: facts.State, now: facts.State, live: facts.State, *, uuid: str = '') -> tuple[Entry, ...]:
    """Return in what *live* is not *now*, and whether *was* explains it.

    Args:
        was: What was last applied from here; what it does not have was never, as far as is known here.
        uuid: The model's, by which secrets were hidden.
    """
    found: list[Entry] = []
    for name in sorted(now.applications.keys() | live.applications.keys()):
        if name not in live.applications:
            found.append(Entry(kind=_absent(name in was.applications, was), subject=name))
        elif name not in now.applications:
            found.append(Entry(kind=Kind.UNKNOWN, subject=name))
        else:
            found += _application(name, was, now, live, uuid)
    return (*found, *_relations(was, now, live))


def _application(
    name: str, was: facts.State, now: facts.State, live: facts.State, uuid: str
) -> Iterator[Entry]:
    before, wanted, there = was.applications.get(name), now.applications[name], live.applications[name]
    loud = there.keys() - live.quiet.get(name, frozenset())
    for key in sorted({*wanted, *(before or ()), *loud}):
        if key in wanted and wanted[key] is None:
            continue  # a charm that is not collected yet
        option = key.removeprefix('option ') if key.startswith('option ') else ''
        same = functools.partial(
            _same, where=f'{uuid}/{name}/{option}', kind=live.types.get(name, {}).get(option, 'string')
        )
        old, new, seen = (before or {}).get(key), wanted.get(key), there.get(key)
        if new is None:
            kind = _unasked(old, seen, known=before is not None, loud=key in loud, same=same(old, seen))
        elif same(new, seen):
            continue
        elif before is None:
            kind = Kind.DIFFERS
        elif old is None or same(old, seen):
            kind = Kind.NOT_YET
        else:
            kind = Kind.BY_HAND if same(old, new) else Kind.BOTH
        if kind is not None:
            yield Entry(kind=kind, subject=name, what=key, was=old, now=new, live=seen)


def _unasked(old: facts.Fact, seen: facts.Fact, *, known: bool, loud: bool, same: bool) -> Kind | None:
    """What to say of something that the spec does not ask for."""
    if not loud or seen is None:
        return None
    if not known:
        return Kind.DIFFERS
    if old is None:
        return Kind.BY_HAND
    return Kind.UNKNOWN if same else Kind.BOTH


def _relations(was: facts.State, now: facts.State, live: facts.State) -> Iterator[Entry]:
    before, wanted, there = (related.Relations(state.relations) for state in (was, now, live))
    for one, other in now.relations:
        if not there.has(one, other):
            yield Entry(kind=_absent(before.has(one, other), was), subject=_words(one, other))
    for one, other in live.relations:
        if not wanted.has(one, other):
            yield Entry(kind=Kind.UNKNOWN, subject=_words(one, other))


def _absent(was_there: bool, was: facts.State) -> Kind:
    """Why something is not there that is wanted."""
    if was_there:
        return Kind.GONE
    return Kind.NOT_YET if was.applications else Kind.DIFFERS


def _same(one: facts.Fact, other: facts.Fact, *, where: str, kind: str) -> bool:
    if isinstance(one, facts.Hidden) and isinstance(other, str):
        other = facts.Hidden.of(other, where=where)
    elif isinstance(other, facts.Hidden) and isinstance(one, str):
        one = facts.Hidden.of(one, where=where)
    if isinstance(one, str) and isinstance(other, str):
        return words.same_option(one, _typed(other, kind), kind)
    return one == other


def _typed(text: str, kind: str) -> object:
    """*text* as Juju gives a value of type *kind*."""
    return text.lower() in ('true', '1', 't') if kind == 'boolean' else text


def _words(one: model.Endpoint, other: model.Endpoint) -> str:
    return ' - '.join(str(end) for end in sorted((one, other)))
