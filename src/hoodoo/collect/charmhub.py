"""Fetch charms of a charm store: archives kept in the cache, unpacked in one step."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from bedrock import charm as charm_files
from bedrock import errors, files, hub, trees
from bedrock.base import SERIES, Base
from hoodoo.collect import download, info, kinds, orders


@dataclass(frozen=True, slots=True, kw_only=True)
class _Release:
    """One revision of a charm."""

    revision: int
    sha256: str
    url: str
    channel: str


def charm(order: orders.Order, means: orders.Means) -> orders.Got:
    """Bring a charm of the store, unpacked, to its destination."""
    directive = order.directive
    target = means.build / directive.destination
    named = kinds.charm_name(directive.source)
    if named is None:
        raise errors.Fault(f'"{directive.shown}" names no charm')
    if not directive.overwrite and any((target / mark).exists() for mark in ('.git', '.bzr')):
        raise errors.Fault(
            f'{target} is the tree of a version control system',
            hint='Add overwrite=True to its collect line to replace it.',
        )
    store = directive.options.get('base_url') or means.charmhub
    folder = means.cache / 'charmhub' / hashlib.sha256(f'{store}\n{named.name}'.encode()).hexdigest()[:32]
    channel = directive.options.get('channel', '')
    wanted = hub.Wanted(
        name=named.name,
        channel=hub.Channel.parse('' if channel == 'unpublished' else channel),
        revision=int(order.pin.revision) if order.pin is not None and order.pin.revision else named.revision,
    )
    with trees.held(folder.with_suffix('.lock')):
        release = _release(order, means, wanted, store, folder)
        orders.refuse(order, f'sha256:{release.sha256}')
        archive = folder / f'{release.sha256}.charm'
        url = f'ch:{named.name}-{release.revision}' + (
            f';base_url={store}' if store != means.charmhub else ''
        )
        existed = target.is_dir()
        changed = info.noted_url(target) != url or directive.overwrite
        if changed and not archive.is_file():
            _fetch(order, means, release, archive)
        if changed:
            order.say('unpacking')
            with trees.replacing(target, keep=order.inner) as new:
                charm_files.unpack(archive, new)
    shown = f' of {release.channel}' if release.channel else ''
    return orders.Got(
        destination=directive.destination,
        kind='charm',
        state=orders.state(existed, changed),
        about=f'{named.name} revision {release.revision}{shown}',
        url=url,
        revision=str(release.revision),
        digest=f'sha256:{release.sha256}',
    )


def _release(
    order: orders.Order, means: orders.Means, wanted: hub.Wanted, store: str, folder: Path
) -> _Release:
    """The revision that is meant: as the store says, or as it said the last time."""
    memory = folder / 'releases.json'
    known = _remembered(memory)
    key = f'{wanted.revision}' if wanted.revision is not None else f'{wanted.channel} {means.series}'
    if key in known and (means.offline or wanted.revision is not None):
        return known[key]
    if means.offline:
        raise errors.Fault(
            f'charm {wanted.name} ({key}) was never fetched here, so it cannot be had offline',
            hint='Collect once without offline=True.',
        )
    order.say('asking the charm store')
    found = _ask(hub.Hub(store), wanted, means.series)
    release = _Release(
        revision=found.revision,
        sha256=found.sha256,
        url=found.download_url,
        channel='' if wanted.revision is not None else str(found.channel),
    )
    known |= {key: release, str(release.revision): replace(release, channel='')}
    entries = {name: [r.revision, r.sha256, r.url, r.channel] for name, r in known.items()}
    files.write(memory, json.dumps(entries))
    return release


def _ask(store: hub.Hub, wanted: hub.Wanted, series: str) -> hub.Resolved:
    """Ask for what runs on the series, and failing that for what there is."""
    base = Base.parse(SERIES.get(series, ''))
    if wanted.revision is None and base is not None:
        try:
            return hub.resolve(store.refresh, replace(wanted, base=base))
        except hub.HubFault as err:
            if not err.code or err.code == 'name-not-found':
                raise
    return hub.resolve(store.refresh, wanted)


def _remembered(memory: Path) -> dict[str, _Release]:
    try:
        entries = cast('dict[str, list[Any]]', json.loads(memory.read_text()))
        return {
            name: _Release(revision=int(e[0]), sha256=str(e[1]), url=str(e[2]), channel=str(e[3]))
            for name, e in entries.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, IndexError):
        return {}


def _fetch(order: orders.Order, means: orders.Means, release: _Release, archive: Path) -> None:
    if means.offline:
        raise errors.Fault(
            f'the archive of revision {release.revision} is not in the cache, so it cannot be had offline',
            hint='Collect once without offline=True.',
        )
    for left in archive.parent.glob('.part-*'):  # by a process that was killed: we hold the lock
        left.unlink()
    hashed = hashlib.sha256()
    size, done = download.rationed(order.say), 0
    with tempfile.NamedTemporaryFile(dir=archive.parent, prefix='.part-', delete=False) as part:
        try:

            def write(chunk: bytes) -> None:
                nonlocal done
                if means.stop.is_set():
                    raise orders.Stopped('interrupted')
                hashed.update(chunk)
                part.write(chunk)
                done += len(chunk)
                size(done, None)

            order.say('downloading')
            hub.download(release.url, write)
            part.flush()
            if hashed.hexdigest() != release.sha256:
                raise errors.Fault(
                    f'the download of revision {release.revision} is damaged:'
                    f' its sha256 is {hashed.hexdigest()}, not {release.sha256}',
                    hint='Run it again.',
                )
            Path(part.name).rename(archive)
        finally:
            Path(part.name).unlink(missing_ok=True)
