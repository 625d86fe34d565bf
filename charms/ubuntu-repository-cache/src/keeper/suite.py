"""Take one suite from the archive: its InRelease, checked, and the indexes that it promises."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

from keeper import errors, release, selection, signature, transfer, tree
from keeper.catalogue import Known, State
from keeper.objects import Objects
from keeper.settings import Settings
from keeper.upstream import Origin, Upstream

ATTEMPTS = 6
"""How often a suite is begun anew when the archive changes under it."""

_PAUSE_S = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """The state of a suite that is served now, and which of its indexes are on disk."""

    state: State
    present: Callable[[], Collection[str]]


@dataclass(frozen=True, slots=True)
class Taken:
    """A verified suite; ``members`` is empty when it is the state that was held already."""

    state: State
    members: tuple[Known, ...]


class SuiteTaker:
    """Takes suites; counts what it refuses through *refused*."""

    def __init__(
        self,
        settings: Settings,
        upstream: Upstream,
        objects: Objects,
        *,
        now: Callable[[], float],
        refused: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._upstream = upstream
        self._objects = objects
        self._now = now
        self._refused = refused

    async def take(self, suite: str, held: Held | None) -> Taken | None:
        """The suite as the archive has it now; None if no sync host has it.

        Raises:
            Refused, Unavailable: what the last attempt met, after every sync host was tried six times.
        """
        last: errors.KeeperError | None = None
        for attempt in range(ATTEMPTS):
            absent = 0
            for origin in self._upstream.in_order():
                try:
                    taken = await self._from(origin, suite, held)
                except errors.KeeperError as err:
                    cause = err.cause if isinstance(err, errors.Refused) else 'unavailable'
                    self._refused(cause)
                    log.warning('%s: not taken from %s: %s', suite, origin.base, err)
                    last = err
                    if cause not in ('size', 'hash', 'missing'):
                        origin.mark(cause, now=asyncio.get_running_loop().time())
                else:
                    if taken:
                        return taken
                    absent += 1
            if absent == len(self._upstream.origins):
                return None
            # Only an archive that changes under us is worth another look now.
            if not isinstance(last, errors.Refused) or last.cause not in ('size', 'hash', 'missing'):
                break
            await asyncio.sleep(_PAUSE_S * attempt)
        assert last is not None
        raise last

    async def _from(self, origin: Origin, suite: str, held: Held | None) -> Taken | None:
        folder = f'dists/{suite}'
        inrelease = await self._upstream.small(origin, f'{folder}/InRelease')
        if inrelease is None:
            return None
        sha256 = hashlib.sha256(inrelease).hexdigest()
        if held and (held.state.release_sha256, held.state.selection) == (sha256, self._settings.selection):
            _check_current(suite, held.state.valid_until, self._now())
            return Taken(held.state, ())
        text = await signature.signed_text(inrelease, keyring=self._settings.keyring)
        promised = release.parse(text)
        self._check(suite, promised, held)
        prefix = f'{folder}/'
        kept = [path.removeprefix(prefix) for path in held.present()] if held else []
        chosen = selection.select(promised, self._settings, kept=kept)
        members = [Known(prefix + path, e.size, e.sha256) for path, e in chosen.files.items()]
        fetch = [member for member in members if member.path.removeprefix(prefix) in chosen.fetch]
        old_style, *_ = await together(
            [
                self._old_style(origin, folder, promised.date),
                *(self._index(origin, member, promised.by_hash) for member in fetch),
            ]
        )
        self._objects.put(inrelease, stamp=promised.date)
        first = Known(f'{folder}/InRelease', len(inrelease), sha256)
        state = State(
            id=0,
            suite=suite,
            selection=self._settings.selection,
            release_sha256=sha256,
            date=promised.date,
            valid_until=promised.valid_until,
            components=tuple(
                c for c in promised.components if c in (self._settings.components or promised.components)
            ),
        )
        return Taken(state, (first, *(old_style or ()), *members))

    def _check(self, suite: str, promised: release.Release, held: Held | None) -> None:
        names = {promised.suite, promised.codename} - {''}
        if names and suite not in names:
            raise errors.Refused(
                f'cannot take {suite}: the signed file is of {" / ".join(sorted(names))}', cause='suite'
            )
        if held and promised.date < held.state.date:
            raise errors.Refused(f'cannot take {suite}: it is older than what is served', cause='older')
        _check_current(suite, promised.valid_until, self._now())

    async def _old_style(self, origin: Origin, folder: str, date: int) -> list[Known]:
        """Release and Release.gpg, for clients that know no InRelease; only if both belong to it.

        A pair that does not fit is left out: such a client gets a clean 404, all others lose nothing.
        """
        text = await self._upstream.small(origin, f'{folder}/Release')
        sig = await self._upstream.small(origin, f'{folder}/Release.gpg') if text else None
        if text is None or sig is None:
            return []
        try:
            await signature.check_detached(text, sig, keyring=self._settings.keyring)
            fits = release.parse(text).date == date
        except errors.Refused:
            fits = False
        if not fits:
            self._refused('release-pair')
            log.warning('%s: Release and Release.gpg do not belong to InRelease', folder)
            return []
        return [
            Known(f'{folder}/{name}', len(content), self._objects.put(content, stamp=date))
            for name, content in (('Release', text), ('Release.gpg', sig))
        ]

    async def _index(self, origin: Origin, member: Known, by_hash: bool) -> None:
        if self._objects.has(member.sha256):
            return
        names = [tree.by_hash(member.path, member.sha256)] if by_hash else []
        for name in (*names, member.path):
            partial = await transfer.fetch(self._upstream, self._objects, origin, name, member)
            if partial:
                self._objects.adopt(partial, member.sha256)
                return
        # Archives list uncompressed indexes without publishing them: no fault when all are asked for.
        if not self._settings.all_indexes:
            raise errors.Refused(f'cannot take {member.path}: it is listed and not there', cause='missing')


def _check_current(suite: str, valid_until: int | None, now: float) -> None:
    if valid_until is not None and valid_until < now:
        raise errors.Refused(f'cannot take {suite}: it has expired', cause='expired')


async def together(work: Iterable[Awaitable[list[Known] | None]]) -> list[list[Known] | None]:
    """Run *work* at the same time; the first failure stops the rest and is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
