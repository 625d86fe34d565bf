"""Remove what dead attempts left, by what was written down before a model was made, and by its mark.

A model is touched only if this host wrote down that it makes it, or if it carries a mark of CI that fits it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bedrock import alive, errors
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.ci import attempts, controllers, ending, marks, naming, places, removing, together
from hoodoo.ci.reports import report
from hoodoo.juju import models
from hoodoo.runner import locks

_UNKNOWN = 'its controller is not registered here'
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
    lost: bool = False
    """Whether its controller is one that the Juju client does not know, so that nobody can look from here."""
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
    _stopped: threading.Event = dataclasses.field(default_factory=threading.Event)

    def reap(self, wanted: Wanted) -> tuple[Found, ...]:
        """Remove what *wanted* means; what cannot be removed is told with the rest.

        Raises:
            UsageFault: the controller that is asked for is not registered.
        """
        rows = [row for row in self.attempts.unfinished() if not wanted.numbers or row.id in wanted.numbers]
        chosen = '' if wanted.numbers else controllers.chosen(self.settings, wanted.controller)
        names = {row.controller for row in rows if row.model}
        reached = controllers.reach(self.settings, sorted({*names, chosen} - {''}), self.told)
        jobs: list[_Job] = [functools.partial(self._row, row, reached, wanted) for row in rows]
        if chosen in reached.known:
            jobs += list(self._marked(reached.known[chosen], wanted))
        reaped = [found for found in together.do(jobs, self._stopped) if found is not None]
        if chosen in reached.problems and chosen not in names:
            why = reached.problems[chosen]
            reaped.append(Found(model=chosen, attempt=0, standing='', leftover=False, problem=why))
        if not wanted.dry_run:
            self._sweep(wanted.numbers)
        return tuple(reaped)

    def forget(self, controller: str, *, dry_run: bool = False) -> tuple[Found, ...]:
        """Look no more for what attempts left on *controller*, which the Juju client does not know.

        Raises:
            UsageFault: the client knows it, so that one can look; or no attempt was made there.
        """
        if controllers.registered(self.settings, controller):
            raise errors.UsageFault(
                f'cannot forget controller "{controller}": the Juju client knows it, and "hoodoo ci reap" '
                'removes what is there',
                hint=f'If it is gone for good: juju unregister {controller}',
            )
        used = sorted(self.attempts.controllers())
        if controller not in used:
            listed = f'Attempts were made on: {", ".join(used) or "none"}.'
            raise errors.UsageFault(
                f'cannot forget controller "{controller}": no attempt was made there',
                hint=f'{wording.guess(controller, used)} {listed}'.strip(),
            )
        rows = [row for row in self.attempts.unfinished() if row.controller == controller]
        return tuple(self._forget(row, dry_run=dry_run) for row in rows)

    def _forget(self, row: attempts.Attempt, *, dry_run: bool) -> Found:
        place = places.Places(state=self.settings.state, token=row.token)
        found = dataclasses.replace(_found(row), standing=_UNKNOWN, lost=True)
        try:
            with locks.held(place.lock, f'attempt {row.id}'):
                if not dry_run:
                    place.stop_programs()
                    self.attempts.forget(row.token)
                    self._tidy(place, row)
        except locks.BusyFault:
            return dataclasses.replace(found, standing=marks.Standing.RUNS.value, leftover=False)
        except errors.Fault as err:
            return dataclasses.replace(found, problem=report.first_line(errors.render(err)))
        return found

    def _sweep(self, numbers: tuple[int, ...]) -> None:
        """Remove files of attempts that were killed before they were written down, or after all was done."""
        for place in places.known(self.settings.state):
            with contextlib.suppress(locks.BusyFault), locks.held(place.lock, f'attempt {place.token}'):
                row = self.attempts.get(place.token)
                if numbers and (row is None or row.id not in numbers):
                    continue
                if row is None or row not in self.attempts.unfinished():
                    place.remove()
                    place.lock.unlink(missing_ok=True)

    def _row(self, row: attempts.Attempt, reached: controllers.Reached, wanted: Wanted) -> Found | None:
        """See to an attempt that was made here; None when it has nothing to remove."""
        place = places.Places(state=self.settings.state, token=row.token)
        found = _found(row)
        try:
            # Whoever holds it is at work with the attempt: its own process, or another reaper.
            with locks.held(place.lock, f'attempt {row.id}'):
                now = self.attempts.get(row.token)
                if now is None or now.model_state in attempts.SETTLED:
                    if not wanted.dry_run:
                        self._tidy(place, row)
                    return None
                found = _found(now)
                if now.model_state == attempts.KEPT and row.id not in wanted.numbers:
                    expired = now.expires_ms <= self.now_ms
                    kept = marks.Standing.EXPIRED if expired else marks.Standing.KEPT
                    found = dataclasses.replace(found, standing=kept.value, leftover=expired)
                if not found.leftover:
                    return found
                if not wanted.dry_run:
                    # First: one of them may be about to make the model.
                    place.stop_programs()
                    self._died(row)
                if now.controller in reached.lost:
                    # Who asks for this one wants it gone; for a timer there is nothing to be done.
                    problem = _UNKNOWN if wanted.numbers else ''
                    return dataclasses.replace(found, standing=_UNKNOWN, lost=True, problem=problem)
                known = reached.known.get(now.controller)
                if known is None:
                    why = reached.problems.get(now.controller, 'it was made just now: reap once more')
                    return dataclasses.replace(found, problem=why)
                return self._remove_row(now, place, known, found, wanted)
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
            self._tidy(place, row)
            return None
        self.told(f'removing {found.model}: {found.standing}')
        removed = self._remove(known, model, wanted)
        if not removed.gone:
            return dataclasses.replace(found, problem=removed.why or 'it is still there', proof=removed.proof)
        self.attempts.gone(row.token)
        self._tidy(place, row)
        return dataclasses.replace(found, removed=True, proof=removed.proof)

    def _remove(self, known: models.Models, model: models.Listed, wanted: Wanted) -> removing.Removed:
        return removing.remove(known, model, wanted.bounds, self.told, stopped=self._stopped.is_set)

    def _died(self, row: attempts.Attempt) -> None:
        """Note that the attempt died, unless it had ended."""
        why = 'its process died'
        self.attempts.end(row.token, verdict=attempts.INTERRUPTED, why=why, now_ms=self.now_ms)

    def _tidy(self, place: places.Places, row: attempts.Attempt) -> None:
        """Remove what the attempt, which does not run, has on this disk."""
        self._died(row)
        place.remove()
        now = self.attempts.get(row.token)
        if now is not None and now.model_state in attempts.SETTLED:
            place.lock.unlink(missing_ok=True)

    def _marked(self, known: models.Models, wanted: Wanted) -> Iterator[_Job]:
        """See to each model of a controller that carries a mark and was not made from here."""
        for model in known.listed():
            row = self.attempts.get(model.name.rpartition('-')[2])
            # One that was forgotten is on a controller that is known again.
            unknown = row is None or row.model_state == attempts.FORGOTTEN
            if naming.looks_ours(model.name) and unknown:
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
            removed = self._remove(known, model, wanted)
        except errors.Fault as err:
            return dataclasses.replace(found, problem=report.first_line(errors.render(err)))
        problem = '' if removed.gone else removed.why or 'it is still there'
        return dataclasses.replace(found, removed=removed.gone, problem=problem, proof=removed.proof)


def _found(row: attempts.Attempt) -> Found:
    return Found(
        model=f'{row.controller}:{row.model}',
        attempt=row.id,
        standing=marks.Standing.DEAD.value,
        leftover=True,
    )
