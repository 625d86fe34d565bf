"""Which release of a charm a person means: channels, bases and architectures, without a network.

The store is asked with what is known. When that does not name one release, its refusal lists what there is,
and the question is put again with the best of that (as Juju's controller does).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from bedrock.base import Base
from bedrock.hub.client import HubFault

__all__ = ['Base', 'Channel', 'Resolved', 'Wanted', 'chosen_base', 'resolve']

RISKS = ('stable', 'candidate', 'beta', 'edge')
_UNKNOWN = 'NA'
_PREFERRED = (('ubuntu', '24.04'), ('ubuntu', '22.04'), ('ubuntu', '20.04'))
Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""`bedrock.hub.Hub.refresh`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel: ``latest/stable``, ``2.0/edge/fix``."""

    track: str = 'latest'
    risk: str = 'stable'
    branch: str = ''

    @classmethod
    def parse(cls, text: str) -> Channel:
        """Read a channel of which any part may be missing.

        Raises:
            HubFault: it is none.
        """
        parts = text.split('/') if text else []
        if len(parts) > 3 or any(not re.fullmatch(r'[\w.+-]+', part) for part in parts):
            raise HubFault(f'channel "{text}" not valid', code='not valid')
        if not parts:
            return cls()
        if parts[0] in RISKS:
            if len(parts) > 2:
                raise HubFault(f'channel "{text}" not valid', code='not valid')
            return cls(risk=parts[0], branch=''.join(parts[1:]))
        if len(parts) > 1 and parts[1] not in RISKS:
            raise HubFault(f'risk in channel "{text}" not valid', code='not valid')
        return cls(
            track=parts[0], risk=(*parts, 'stable')[1] if parts[1:] else 'stable', branch=''.join(parts[2:])
        )

    def __str__(self) -> str:
        return '/'.join(part for part in (self.track, self.risk, self.branch) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for."""

    name: str
    channel: Channel = Channel()
    revision: int | None = None
    base: Base | None = None
    arch: str = 'amd64'


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One release."""

    charm: Mapping[str, Any]
    """The store's entity: ``id``, ``revision``, ``download``, ``resources``, ``metadata-yaml``."""
    channel: Channel
    bases: tuple[Base, ...]
    """What it runs on, for the wanted architecture."""
    arch: str

    @property
    def revision(self) -> int:
        return int(self.charm.get('revision') or 0)

    @property
    def download_url(self) -> str:
        """Where its archive is."""
        return str(self._download.get('url') or '')

    @property
    def sha256(self) -> str:
        """The digest of its archive."""
        return str(self._download.get('hash-sha-256') or '')

    @property
    def kind(self) -> str:
        """charm or bundle."""
        return str(self.charm.get('type') or 'charm')

    @property
    def _download(self) -> Mapping[str, Any]:
        return cast('Mapping[str, Any]', self.charm.get('download') or {})


def resolve(ask: Ask, wanted: Wanted) -> Resolved:
    """Find the release that *wanted* means.

    Raises:
        HubFault: there is none; the text says what there is instead.
    """
    answer = _answered(ask, wanted)
    charm = cast('Mapping[str, Any]', answer.get('charm') or {})
    effective = str(answer.get('effective-channel') or '')
    channel = Channel.parse(effective) if effective and wanted.revision is None else wanted.channel
    bases = tuple(
        dict.fromkeys(
            _base(entry)
            for entry in cast('Sequence[Mapping[str, Any]]', charm.get('bases') or ())
            if entry.get('architecture') in (wanted.arch, 'all', None)
        )
    )
    return Resolved(charm=charm, channel=channel, bases=bases, arch=wanted.arch)


def _answered(ask: Ask, wanted: Wanted) -> Mapping[str, Any]:
    """Ask, and ask again with the base that a refusal names; there are two kinds of those."""
    asked = wanted
    for _ in range(2):
        try:
            return ask(action(asked))
        except HubFault as err:
            base = _next_base(asked, err, is_free=wanted.base is None)
            if base is None:
                raise
            asked = replace(asked, base=base)
    return ask(action(asked))


def action(wanted: Wanted) -> dict[str, Any]:
    """Return the question for *wanted* as the store's API has it."""
    asked: dict[str, Any] = {
        'action': 'install',
        'instance-key': f'wanted-{wanted.name}',
        'name': wanted.name,
    }
    if wanted.revision is not None:
        return {**asked, 'revision': wanted.revision, 'base': None}
    base = wanted.base or Base(_UNKNOWN, _UNKNOWN)
    found = {'architecture': wanted.arch, 'name': base.name, 'channel': base.channel}
    return {**asked, 'channel': str(wanted.channel), 'base': found}


def chosen_base(supported: Sequence[Base], *, wanted: Base | None, default: Base | None, force: bool) -> Base:
    """Return the base to deploy on: the one *wanted*, the model's *default*, or the best *supported* one.

    Raises:
        HubFault: the charm does not support it.
    """
    asked = wanted or default
    if asked is not None:
        if supported and asked not in supported and not force:
            shown = ', '.join(str(base) for base in supported)
            raise HubFault(
                f'base "{asked}" not supported by charm, the charm supported bases are: {shown}.'
                ' Use --force to deploy the charm anyway.' + ('' if wanted else ' Used the default-base.'),
                code='not supported',
            )
        return asked
    preferred = (Base(*pair) for pair in _PREFERRED)
    return next(
        (base for base in preferred if base in supported), supported[0] if supported else Base(*_PREFERRED[0])
    )


def _next_base(asked: Wanted, err: HubFault, *, is_free: bool) -> Base | None:
    """A base that the store's refusal names; None when asking again is of no use.

    Args:
        is_free: Nobody insists on a base.
    """
    if asked.revision is not None:
        return None
    if err.code in ('invalid-charm-platform', 'invalid-charm-base'):
        found = [
            _base(entry)
            for entry in cast('Sequence[Mapping[str, Any]]', err.extra.get('default-bases') or ())
            if entry.get('architecture') in (asked.arch, 'all')
        ]
        if not found:
            raise HubFault(
                f'bases matching architecture "{asked.arch}" not found', code='not found'
            ) from None
        return found[0]
    if err.code == 'revision-not-found':
        releases = cast('Sequence[Mapping[str, Any]]', err.extra.get('releases') or ())
        found = _released(releases, asked)
        if not is_free or not found or found[0] == asked.base:
            raise HubFault(_no_release(releases, asked), code='not found') from None
        return found[0]
    return None


def _released(releases: Sequence[Mapping[str, Any]], wanted: Wanted) -> list[Base]:
    matching: list[Base] = []
    for release in releases:
        base = cast('Mapping[str, Any]', release.get('base') or {})
        same = Channel.parse(str(release.get('channel') or '')) == wanted.channel
        if same and base.get('architecture') in (wanted.arch, 'all'):
            matching.append(_base(base))
    return sorted(matching, key=lambda base: (base.name, base.channel), reverse=True)


def _no_release(releases: Sequence[Mapping[str, Any]], wanted: Wanted) -> str:
    offered: dict[str, list[str]] = {}
    for release in releases:
        base = cast('Mapping[str, Any]', release.get('base') or {})
        if base.get('architecture') in (wanted.arch, 'all'):
            channel = str(Channel.parse(str(release.get('channel') or '')))
            offered.setdefault(channel, []).append(str(_base(base)))
    if not offered:
        return f'no releases found for charm "{wanted.name}" on architecture "{wanted.arch}"'
    listed = ', '.join(
        f'{channel} with {", ".join(sorted(set(bases)))}' for channel, bases in offered.items()
    )
    return f'charm or bundle not found for channel "{wanted.channel}"; available releases are: {listed}'


def _base(entry: Mapping[str, Any]) -> Base:
    return Base(str(entry.get('name') or 'ubuntu'), str(entry.get('channel') or '').partition('/')[0])
