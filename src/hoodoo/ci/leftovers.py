"""Remove what dead attempts left, by what was written down before a model was made, and by its mark.

A model is touched only if this host wrote down that it makes it, or if it carries a mark of CI that fits it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bedrock import alive, errors
from hoodoo import settings as settings_module
from hoodoo.ci import attempts, ending, marks, naming, places, removing
from hoodoo.ci.reports import report
from hoodoo.juju import clientfiles, connect, models
from hoodoo.runner import locks

_AT_ONCE = 4
_MAY_COME_MS = 10 * 60_000
"""How long after a model was asked for it may still come, though the program that asked is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which leftovers are meant."""

    numbers: tuple[int, ...] = ()
    """Only those of these attempts, kept ones too; none: every leftover."""
    controller: str = ''
    """Look for marks on this one instead of the current one."""
    strangers: bool = False
    """Expired models that other hosts, containers and users made, too."""
    dry_run: bool = False
    bounds: removing.Bounds = dataclasses.field(default_factory=removing.Bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A model of CI, and what became of it."""

    model: str
    """``controller:model``."""
    attempt: int
    """Its number here; 0 when another host or user made it."""
    standing: str
    """Why it is to be removed, or not."""
    leftover: bool
    removed: bool = False
    problem: str = ''
    """Why it could not be removed."""
    proof: tuple[report.Seen, ...] = ()


_Job = Callable[[], Found | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaper:
    """What reaping needs from outside."""

    settings: settings_module.Settings
    attempts: attempts.Attempts
    told: Callable[[str], None]
    now_ms: int

    def reap(self, wanted: Wanted) -> tuple[Found, ...]:
        """Remove what *wanted* means; what cannot be removed is told with the rest."""
        rows = [row for row in self.attempts.unfinished() if not wanted.numbers or row.id in wanted.numbers]
        chosen = wanted.controller or self.settings.controller or clientfiles.current(self.settings.juju_data)
        names = {row.controller for row in rows if row.model}
        if chosen and not wanted.numbers:
            names.add(chosen)
        known, problems = self._reached(sorted(names))
        jobs: list[_Job] = [functools.partial(self._row, row, known, problems, wanted) for row in rows]
        if not wanted.numbers:
            for name in sorted(known):
                if name == chosen:
                    jobs += list(self._marked(known[name], wanted))
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix='reap') as pool:
            reaped = tuple(found for found in pool.map(_do, jobs) if found is not None)
        if not wanted.numbers and not wanted.dry_run:
            self._sweep()
        return reaped

    def _sweep(self) -> None:
        """Remove files of attempts that were killed before they were written down, or after all was done."""
        for place in places.known(self.settings.state):
            with contextlib.suppress(locks.BusyFault), locks.held(place.lock, f'attempt {place.token}'):
                row = self.attempts.get(place.token)
                if row is None or row not in self.attempts.unfinished():
                    place.remove()
                    place.lock.unlink(missing_ok=True)

    def _reached(self, names: Iterable[str]) -> tuple[dict[str, models.Models], dict[str, str]]:
        """The controllers that answer, and why others do not."""
        known: dict[str, models.Models] = {}
        problems: dict[str, str] = {}
        for name in names:
            try:
                target = connect.find_target(self.settings, controller=name, note=self.told)
                known[name] = models.Models(target, self.settings.environ)
                known[name].listed()
            except errors.Fault as err:
                known.pop(name, None)
                problems[name] = report.first_line(errors.render(err))
        return known, problems

    def _row(
        self,
        row: attempts.Attempt,
        known: Mapping[str, models.Models],
        problems: Mapping[str, str],
        wanted: Wanted,
    ) -> Found | None:
        """See to an attempt that was made here; None when it has nothing to remove."""
        place = places.Places(state=self.settings.state, token=row.token)
        found = Found(
            model=f'{row.controller}:{row.model}',
            attempt=row.id,
            standing=marks.Standing.DEAD.value,
            leftover=True,
        )
        try:
            # Whoever holds it is at work with the attempt: its own process, or another reaper.
            with locks.held(place.lock, f'attempt {row.id}'):
                now = self.attempts.get(row.token)
                if now is None or now.model_state in (attempts.NONE, attempts.GONE):
                    self._tidy(place, row, wanted)
                    return None
                if now.model_state == attempts.KEPT and row.id not in wanted.numbers:
                    expired = now.expires_ms <= self.now_ms
                    kept = marks.Standing.EXPIRED if expired else marks.Standing.KEPT
                    found = dataclasses.replace(found, standing=kept.value, leftover=expired)
                if not found.leftover:
                    return found
                if row.controller not in known:
                    return dataclasses.replace(found, problem=problems.get(row.controller, 'unknown'))
                if not wanted.dry_run:
                    # First: one of them may be about to make the model.
                    place.stop_programs()
                return self._remove_row(now, place, known[row.controller], found, wanted)
        except locks.BusyFault:
            return dataclasses.replace(found, standing=marks.Standing.RUNS.value, leftover=False)
        except errors.Fault as err:
            return dataclasses.replace(found, problem=report.first_line(errors.render(err)))

    def _remove_row(
        self,
        row: attempts.Attempt,
        place: places.Places,
        known: models.Models,
        found: Found,
        wanted: Wanted,
    ) -> Found | None:
        model = ending.find(known, name=row.model, uuid=row.model_uuid)
        if model is not None and not row.model_uuid:
            notes = known.notes(model.uuid)
            if notes and marks.decode(notes, name=model.name, uuid=model.uuid) is None:
                return dataclasses.replace(found, problem='it carries notes of somebody else')
        if model is not None and wanted.dry_run:
            return found
        if model is None:
            if wanted.dry_run:
                return None
            if row.model_uuid or self.now_ms - row.intended_ms > _MAY_COME_MS:
                self.attempts.gone(row.token)
            self._tidy(place, row, wanted)
            return None
        self.told(f'removing {found.model}: {found.standing}')
        removed = removing.remove(known, model, wanted.bounds, self.told)
        if not removed.gone:
            return dataclasses.replace(found, problem=removed.why or 'it is still there', proof=removed.proof)
        self.attempts.gone(row.token)
        self._tidy(place, row, wanted)
        return dataclasses.replace(found, removed=True, proof=removed.proof)

    def _tidy(self, place: places.Places, row: attempts.Attempt, wanted: Wanted) -> None:
        """Note that the attempt died, and remove what it has on this disk."""
        if wanted.dry_run:
            return
        why = 'its process died'
        self.attempts.end(row.token, verdict=attempts.INTERRUPTED, why=why, now_ms=self.now_ms)
        place.remove()
        now = self.attempts.get(row.token)
        if now is not None and now.model_state in (attempts.NONE, attempts.GONE):
            place.lock.unlink(missing_ok=True)

    def _marked(self, known: models.Models, wanted: Wanted) -> Iterator[_Job]:
        """See to each model of a controller that carries a mark and was not made from here."""
        for model in known.listed():
            token = model.name.rpartition('-')[2]
            if naming.looks_ours(model.name) and self.attempts.get(token) is None:
                yield functools.partial(self._stranger, known, model, wanted)

    def _stranger(self, known: models.Models, model: models.Listed, wanted: Wanted) -> Found | None:
        found = Found(model=f'{known.controller}:{model.name}', attempt=0, standing='', leftover=False)
        try:
            mark = marks.decode(known.notes(model.uuid), name=model.name, uuid=model.uuid)
            if mark is None:
                return None
            standing = marks.standing(
                mark, here=marks.me(), lives=alive.lives, now_ms=self.now_ms, strangers=wanted.strangers
            )
            found = dataclasses.replace(found, standing=standing.value, leftover=standing.leftover)
            if not standing.leftover or wanted.dry_run:
                return found
            self.told(f'removing {found.model}: {found.standing}')
            removed = removing.remove(known, model, wanted.bounds, self.told)
        except errors.Fault as err:
            return dataclasses.replace(found, problem=report.first_line(errors.render(err)))
        problem = '' if removed.gone else removed.why or 'it is still there'
        return dataclasses.replace(found, removed=removed.gone, problem=problem, proof=removed.proof)


def _do(job: _Job) -> Found | None:
    return job()
