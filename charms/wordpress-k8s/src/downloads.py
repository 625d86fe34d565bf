"""Plugins and themes that the image does not have: what is wished for, and what follows from what is there.

The leader has what is new fetched first and pins it, by version and digest. Every unit fetches what is
pinned, a new pod too, and the site is only changed for it once all units have it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

import config
import related

PROGRAM = '/usr/bin/wordpress-fetch'
USER = 'wordpress-fetch'
SERVICE = 'downloads'
NOTICE = 'wordpress.charm/downloads'
FOLDER = '/var/lib/wordpress/downloads'
ARCHIVES = f'{FOLDER}/archives'
"""Where archives are kept: in the container, or on the storage "downloads" when there is one."""

TREES = f'{FOLDER}/trees'
WISH = f'{FOLDER}/wish.json'
ANSWER = f'{FOLDER}/answer.json'
KINDS = ('plugins', 'themes')

_UNREACHABLE = 'unreachable'
_UNKNOWN = 'unknown'

Key = tuple[str, str]
"""The kind, one of ``KINDS``, and the slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One plugin or theme. What is empty is not known yet: the newest version is as good as any.

    Attributes:
        digest: Of what its files hold.
    """

    kind: str
    slug: str
    version: str = ''
    file: str = ''
    digest: str = ''

    @property
    def key(self) -> Key:
        """What can only be there once."""
        return self.kind, self.slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why something could not be fetched."""

    kind: str
    slug: str
    version: str
    error: str
    message: str

    @property
    def is_passing(self) -> bool:
        """Whether nobody needs to do anything about it."""
        return self.error == _UNREACHABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the image's program made of a wish; *tree* names the files of *pins*."""

    tree: str
    pins: tuple[Pin, ...]
    failures: tuple[Failure, ...]

    def fits(self, wish: Sequence[Pin]) -> bool:
        """Tell whether it is about *wish*: what it says of anything else would be of another time."""
        got = {pin.key: pin for pin in self.pins}
        failed = {(one.kind, one.slug, one.version) for one in self.failures}
        named = {pin.key for pin in wish}
        return named >= got.keys() and all(
            _is_met(pin, got[pin.key]) if pin.key in got else (*pin.key, pin.version) in failed
            for pin in wish
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows for this unit.

    Attributes:
        wish: What is to be fetched.
        tree: Name of the files that the site is to use.
        pins: What all units shall have; only the leader says so.
        gone: What is no longer wanted, and has to be switched off before its files go.
        may_serve: Whether this unit has the code that the others run.
    """

    wish: tuple[Pin, ...] = ()
    tree: str = ''
    pins: tuple[Pin, ...] = ()
    gone: tuple[Pin, ...] = ()
    may_serve: bool = True
    blocked: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def wished(lacking: Mapping[str, Sequence[config.Addon]], pins: Sequence[Pin]) -> tuple[Pin, ...]:
    """Return what the leader wishes for: as pinned, unless another version is named."""
    known = {pin.key: pin for pin in pins}
    found: list[Pin] = []
    for kind, addons in lacking.items():
        for addon in addons:
            pin = known.get((kind, addon.slug))
            if pin is None or addon.version not in ('', pin.version):
                pin = Pin(kind=kind, slug=addon.slug, version=addon.version)
            found.append(pin)
    return tuple(sorted(found, key=lambda pin: pin.key))


def decide(
    *,
    app: str,
    is_leader: bool,
    wish: tuple[Pin, ...],
    pins: tuple[Pin, ...],
    answer: Answer | None,
    used: str,
    agreed: str,
    without: Sequence[str],
) -> Verdict:
    """Return what follows.

    Args:
        wish: What this unit has to fetch.
        pins: What all units have, or are fetching.
        answer: What became of *wish*, nothing while it is fetched.
        used: The tree that this unit's site uses now.
        agreed: The tree that the site was last changed for.
        without: Other units that do not have the tree of *answer*.
    """
    got = {pin.key: pin for pin in answer.pins} if answer else {}
    wanted = {pin.key for pin in wish}
    gone = tuple(pin for pin in pins if pin.key not in wanted) if is_leader else ()
    needed = {pin.key for pin in pins} & wanted
    waiting: list[str] = []
    if answer is None or (needed - got.keys() and used):
        # A newer version that cannot be had takes nothing away.
        tree = used if wish else ''
    elif is_leader and answer.tree not in (agreed, used) and without:
        tree = used
        waiting.append(f'for {", ".join(without)} to download the same')
    else:
        tree = answer.tree
    if answer is None and wish:
        waiting.append(f'downloading {", ".join(pin.slug for pin in wish)}')
    elif answer:
        waiting += [_said(one, app) for one in answer.failures if one.is_passing]
    has_all = not needed - got.keys() if answer and tree == answer.tree else bool(tree) or not needed
    return Verdict(
        wish=wish,
        tree=tree,
        pins=_pinned(pins, got),
        gone=gone,
        may_serve=has_all,
        blocked=tuple(_said(one, app) for one in answer.failures if not one.is_passing) if answer else (),
        waiting=tuple(waiting),
    )


def _is_met(wanted: Pin, got: Pin) -> bool:
    return got == wanted if wanted.digest else wanted.version in ('', got.version)


def _pinned(pins: Sequence[Pin], got: Mapping[Key, Pin]) -> tuple[Pin, ...]:
    merged = {**{pin.key: pin for pin in pins}, **got}
    return tuple(merged[key] for key in sorted(merged))


def _said(failure: Failure, app: str) -> str:
    name = f'{failure.slug}:{failure.version}' if failure.version else failure.slug
    if failure.is_passing:
        remedy = 'trying again by itself; pods reach it directly or by juju model-config juju-https-proxy=...'
    elif failure.error == _UNKNOWN:
        remedy = f'juju config {app} {failure.kind}=...'
    else:
        remedy = f'it is not used; name another version: juju config {app} {failure.kind}={failure.slug}:...'
    return f'{failure.kind}: {name}: {failure.message}; {remedy}'


# --- forms ---


def written(pins: Sequence[Pin]) -> str:
    """Return *pins* as text, empty when there are none."""
    return json.dumps([asdict(pin) for pin in pins]) if pins else ''


def read(text: str) -> tuple[Pin, ...]:
    """Return the pins in *text*."""
    return tuple(_pin(one) for one in related.json_list(text or '[]'))


def wish_text(wish: Sequence[Pin], proxy: Mapping[str, str], *, used: str) -> str:
    """Return what the image's program reads; the tree in use is left alone by it."""
    return json.dumps({'items': [asdict(pin) for pin in wish], **proxy, 'keep': used}, indent=1) + '\n'


def is_same_wish(text: str, other: str) -> bool:
    """Tell whether two texts wish for the same in the same way, whatever was in use then."""
    first, second = (dict(related.json_mapping(one)) for one in (text, other))
    return {**first, 'keep': ''} == {**second, 'keep': ''}


def answer_of(text: str, wish: Sequence[Pin]) -> Answer | None:
    """Return the answer in *text* if it is one to *wish*."""
    found = cast('Mapping[str, Any]', related.json_mapping(text))
    # It becomes a part of paths and of Apache's configuration.
    if not re.fullmatch('([0-9a-f]{16})?', str(found.get('tree', '-'))):
        return None
    failures = [
        Failure(**{field.name: str(one.get(field.name, '')) for field in fields(Failure)})
        for one in found.get('failures', ())
    ]
    pins = tuple(_pin(one) for one in found.get('pins', ()))
    answer = Answer(tree=str(found.get('tree', '')), pins=pins, failures=tuple(failures))
    return answer if answer.fits(wish) else None


def _pin(found: object) -> Pin:
    given = cast('Mapping[str, object]', found)
    return Pin(**{field.name: str(given.get(field.name, '')) for field in fields(Pin)})
