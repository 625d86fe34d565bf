"""Where an ended run goes on, by what its journal says, and whether it can."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo.journal import events, journal, rows
from hoodoo.runner import workspace
from hoodoo.secrets.masker import SHOWN


class How(enum.Enum):
    """What to do with a phase that was begun, not completed, and may not be begun again just so."""

    ASK = 'ask'
    REPEAT = 'repeat'
    SKIP = 'skip'


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a run did until it ended."""

    titles: tuple[str, ...]
    completed: frozenset[int]
    """Phases that are done, or that a person said to skip."""
    begun: int
    """The phase that was begun and not completed; -1 when there is none."""
    changes: int
    digest: str
    """Of the spec's source when it was copied; empty when it never was."""

    @property
    def first(self) -> int:
        """The first phase that is not completed; the number of phases when all are."""
        return next((n for n in range(len(self.titles)) if n not in self.completed), len(self.titles))


def past(records: Sequence[events.Record]) -> Past:
    """What the events of one run say about it."""
    titles: tuple[str, ...] = ()
    completed: set[int] = set()
    begun, changes, digest = -1, 0, ''
    for record in records:
        match record.event:
            case events.RunStarted(phases=phases):
                titles = phases
            case events.SpecReady(digest=found):
                digest = found
            case events.PhaseStarted(phase=phase):
                begun = phase
            case events.Step(state='done'):
                changes += 1
            case events.PhaseEnded(phase=phase, outcome='done' | 'skipped', stop=stop):
                completed.update(range(phase, len(titles)) if stop else (phase,))
                begun = -1
            case _:
                pass
    return Past(titles=titles, completed=frozenset(completed), begun=begun, changes=changes, digest=digest)


def arrived(kept: journal.Journal, run: rows.Run) -> bool:
    """Whether *run* came so far that it brought its own copy of the spec into the workspace."""
    return any(isinstance(record.event, events.SpecReady) for record in kept.records(run.id))


def refused(kept: journal.Journal, run: rows.Run) -> bool:
    """Whether *run* failed before it did anything: its model was in use, say, or there was no controller."""
    return run.outcome == rows.FAILED and not arrived(kept, run)


def check_latest(run: rows.Run, same_workspace: Sequence[rows.Run]) -> None:
    """See that the workspace still holds what *run* left there.

    Raises:
        UsageFault: a later run brought its own copy of the spec.
    """
    later = next((other for other in same_workspace if other.id > run.id and not other.line), None)
    if later is not None and not run.line:
        raise errors.UsageFault(
            f'cannot go on with run {run.id}: run {later.id} has used its workspace since',
            hint=f'"hoodoo resume {later.id}" goes on with that one, "hoodoo run" starts over.',
        )


def check_same(run: rows.Run, past: Past, titles: Sequence[str]) -> None:
    """See that the manifest still reads as it did.

    Raises:
        UsageFault: it does not, so that nobody can tell what is done.
    """
    if SHOWN in run.line:
        raise errors.UsageFault(
            f'cannot go on with run {run.id}: its options hold a secret, which is not kept',
            hint='Give the command again.',
        )
    if tuple(titles) != past.titles:
        raise errors.UsageFault(
            f'cannot go on with run {run.id}: its manifest reads differently now',
            hint='Set the variables that it uses as they were, or start over with "hoodoo run".',
        )


def check_repeatable(run: rows.Run, past: Past, repeatable: bool) -> None:
    """See that the phase that was begun may be begun again.

    Raises:
        UsageFault: only a person can say.
    """
    if not repeatable:
        raise errors.UsageFault(
            f'cannot go on with run {run.id} by itself: phase "{past.titles[past.begun]}" was begun and not'
            ' finished, and doing it twice may do harm',
            hint=f'Look at what it did ("hoodoo log {run.id} --phase {past.begun + 1}"), then say'
            f' "hoodoo resume {run.id} --repeat" or "hoodoo resume {run.id} --skip".',
        )


def unfinished(newest_first: Iterable[rows.Run]) -> rows.Run | None:
    """The run to go on with when none is named: the newest that is the last of its workspace and not done.

    Args:
        newest_first: Without those that were refused.
    """
    seen: set[tuple[str, str, str]] = set()
    for run in newest_first:
        place = (run.project, run.series, run.workspace)
        if run.line or place in seen:
            continue
        seen.add(place)
        if run.outcome not in (rows.DONE, rows.RUNNING):
            return run
    return None


def unchanged(source: Path, digest: str) -> bool:
    """Whether the spec at *source* is what it was when it was copied."""
    return source.is_dir() and workspace.digest(source) == digest
