"""One attempt: a revision is checked, deployed into a new model, run again, reported; the model goes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, files
from hoodoo import settings as settings_module
from hoodoo.ci import (
    asking,
    attempts,
    deadline,
    ending,
    hosts,
    interrupts,
    marks,
    naming,
    places,
    revision,
    trying,
)
from hoodoo.ci.reports import junit, markdown, report
from hoodoo.journal import journal
from hoodoo.runner import locks

COLLECTING_S = 180.0
"""The longest that what is kept of a failure may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an attempt needs from outside."""

    settings: settings_module.Settings
    attempts: attempts.Attempts
    shown: Callable[[journal.Journal], AbstractContextManager[None]]
    """Shows the events of a run while the block lasts."""
    told: Callable[[str], None]
    """Gets a line for whoever watches."""


def run(asked: asking.Asked, means: Means) -> report.Report:
    """Try *asked* and return how it went. Its model is gone then, or kept, or the report says what is left.

    Call it from the main thread. The first interrupt ends the attempt and destroys the model, one more gives
    that up, and the report says what is left.
    """
    heard = interrupts.Interrupts()
    if asked.reports is not None:  # what cannot be written is told before anything is made
        asked.reports.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        place, lock = _begun(means.settings.state, stack)
        where = asked.reports or place.reports
        stack.enter_context(heard.heard())
        number = means.attempts.begin(
            token=place.token,
            spec=revision.shown(asked.spec),
            owner=str(marks.me()),
            reports=str(where),
            now_ms=now_ms(),
        )
        lock.sign(number)
        one = trying.Trying(
            settings=means.settings,
            attempts=means.attempts,
            places=place,
            shown=means.shown,
            told=means.told,
        )
        stack.callback(one.contact.close)
        told, crash = _tried(asked, means, one, number, where, heard)
        # Should we be killed while the model goes, this much is known.
        with _noting(one, 'the reports'):
            write(told, where)
        keep = asked.keep_on_failure and told.verdict == attempts.FAILED and one.uuid
        done = ending.keep(one, told, asked) if keep else ending.destroy(one, told, asked, heard)
        if crash is not None:
            with _noting(one, 'the reports'):
                write(done, where)
            raise crash
        try:
            write(done, where)
        except OSError as err:
            raise errors.Fault(f'cannot write the reports into {where}: {err.strerror}') from None
    return done


def _begun(state: Path, stack: contextlib.ExitStack) -> tuple[places.Places, locks.Lock]:
    """Places that nobody has, and the lock on them, which *stack* gives back."""
    while True:
        place = places.Places(state=state, token=naming.token())
        # A reaper that sees the new lock before it is held takes it for one of a dead attempt.
        with contextlib.suppress(locks.BusyFault):
            return place, stack.enter_context(locks.held(place.lock, f'attempt {place.token}'))


def write(told: report.Report, folder: Path) -> None:
    """Write the reports into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    files.write(folder / 'junit.xml', junit.junit(told))
    files.write(folder / 'summary.md', markdown.markdown(told))


def now_ms() -> int:
    """The time of day."""
    return time.time_ns() // 1_000_000


def _tried(
    asked: asking.Asked,
    means: Means,
    one: trying.Trying,
    number: int,
    where: Path,
    heard: interrupts.Interrupts,
) -> tuple[report.Report, BaseException | None]:
    """Do all but the end; and an error of our own, to be raised when the model is gone."""
    began, began_ms = time.monotonic(), now_ms()
    verdict, why, code = attempts.PASSED, '', 0
    crash: BaseException | None = None
    error: BaseException | None = None
    try:
        with heard.may_end(ending.AGAIN), deadline.within(asked.timeout_s):
            one.take(asked)
            means.told(f'attempt {number}: {one.title}')
            one.check()
            one.reach()
            one.make(expires_ms=began_ms + round((asked.timeout_s or 24 * 3600.0) * 1000) + _margin_ms(asked))
            one.first()
            one.second()
    except deadline.TimeUp:
        verdict, why, code = attempts.FAILED, f'it was not done within {asked.timeout_s:g} s', 1
    except KeyboardInterrupt:
        verdict, why, code = attempts.CANCELLED, 'it was interrupted', 130
    except errors.Fault as err:
        error, why = err, report.first_line(errors.render(err))
        unreached = isinstance(err, errors.UnreachableFault)
        if one.untried or (unreached and not one.model):
            verdict, code = attempts.UNTRIED, 2 if isinstance(err, errors.UsageFault) else 3
        elif isinstance(err, errors.UsageFault) and not one.model:
            verdict, code = attempts.INVALID, 2
        else:
            verdict, code = attempts.FAILED, 1
    except Exception as err:  # noqa: BLE001 - whatever it is, the model must go first
        if hosts.is_full(err):
            verdict, code = attempts.UNDECIDED, 3
            why = f'this host could not go on, which says nothing of the spec: {err}'
        else:
            verdict, why, code, crash = attempts.FAILED, f'hoodoo failed: {err!r}', 1, err
    one.record.fail_what_began(why)
    if verdict == attempts.UNDECIDED:
        one.record.excuse(why)
    elif verdict == attempts.FAILED and crash is None and (lost := one.contact.lost(error)):
        why = f'the controller went away in the middle, which says nothing of the spec: {lost}'
        verdict, code = attempts.UNDECIDED, 3
        one.record.excuse(why)
    if verdict in (attempts.FAILED, attempts.UNDECIDED):
        with (
            contextlib.suppress(KeyboardInterrupt),
            _noting(one, 'what explains the failure'),
            heard.may_end('what explains the failure is not collected any more'),
            deadline.within(COLLECTING_S),
        ):
            one.collect(where / 'failure')
    told = report.Report(
        number=number,
        spec=one.name or revision.shown(asked.spec),
        revision=one.revision,
        commit=one.commit,
        stage=one.stage,
        model=f'{one.controller}:{one.model}' if one.model else '',
        verdict=verdict,
        why=why,
        began_ms=began_ms,
        seconds=time.monotonic() - began,
        cases=tuple(one.record.cases),
        findings=one.findings,
        changed=one.changed,
        folder=str(where),
        artifacts=tuple(f'failure/{name}' for name in one.artifacts),
        notes=tuple(one.notes),
        exit_code=code,
    )
    with _noting(one, 'the verdict'):
        means.attempts.end(one.places.token, verdict=verdict, why=why, now_ms=now_ms())
    return told, crash


@contextlib.contextmanager
def _noting(one: trying.Trying, what: str) -> Generator[None]:
    """Note whatever keeps the block from its end: the model has to go all the same."""
    try:
        yield
    except Exception as err:  # noqa: BLE001 - a full disk, say
        one.told(f'{what} could not be kept: {err}')


def _margin_ms(asked: asking.Asked) -> int:
    """How much later than its attempt should have ended a model expires."""
    return round((asked.bounds.graceful_s + asked.bounds.force_s + COLLECTING_S + 3600.0) * 1000)
