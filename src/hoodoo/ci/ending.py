"""The end of an attempt: its model is destroyed, or kept for somebody, and what is left is told."""

from __future__ import annotations

import dataclasses
import shlex
import time

from bedrock import errors
from hoodoo.ci import asking, attempts, interrupts, removing, trying
from hoodoo.ci.reports import report
from hoodoo.juju import models

_SUITE, _CASE = 'clean up', 'destroy the model'
AGAIN = 'what this attempt made is being removed; interrupt once more to leave it behind'


def destroy(
    one: trying.Trying, told: report.Report, asked: asking.Asked, heard: interrupts.Interrupts
) -> report.Report:
    """Destroy the model and all that the attempt has on this disk; add to *told* how that went."""
    began = time.monotonic()
    removed, why, gone = removing.Removed(proof=()), '', not one.model
    spoiled = attempts.FAILED
    # Who interrupted the attempt was told what once more means; who did not may mean just that.
    cancelled = told.verdict == attempts.CANCELLED
    try:
        with heard.may_end('' if cancelled else AGAIN, bear=0 if cancelled else 1):
            one.places.stop_programs()
            if one.model:
                one.told(f'destroying model {one.model}')
                removed = _removed(one, asked.bounds)
                gone = removed.gone
                why = '' if gone else removed.why or 'it is still there'
            if gone:
                # One that was asked for a moment ago and is not listed may still come: reaping looks again.
                # Not where Juju refused it, and answered all the time.
                refused = one.refused and not one.contact.lost()
                if one.uuid or removed.destroyed or not one.model or refused:
                    one.attempts.gone(one.places.token)
                one.places.remove()
                one.places.lock.unlink(missing_ok=True)
    except KeyboardInterrupt:
        why = 'it was interrupted'
    except (errors.Fault, OSError) as err:
        why = report.first_line(errors.render(err))
        if isinstance(err, errors.UnreachableFault):
            spoiled = attempts.UNDECIDED
    if not one.model and not why:
        return told
    case = report.Case(suite=_SUITE, name=_CASE, seconds=time.monotonic() - began)
    notes = list(told.notes)
    if removed.forced:
        notes.append('The model went by force: what Juju gave up on is not seen from here.')
    if why:
        failed = spoiled == attempts.FAILED
        outcome = report.Outcome.FAILED if failed else report.Outcome.ERROR
        case = dataclasses.replace(case, outcome=outcome, message=why)
        left = one.places.folder if gone else told.model
        notes.append(f'{left} is left behind; this removes it: {_reap(told)}')
        why = f'it left something behind: {why}'
        one.attempts.spoil(one.places.token, verdict=spoiled, why=why)
    passed = told.verdict == attempts.PASSED
    return dataclasses.replace(
        told,
        verdict=spoiled if why and passed else told.verdict,
        why=told.why or why,
        exit_code=told.exit_code or _code(why, spoiled),
        cases=(*told.cases, case),
        proof=removed.proof,
        notes=tuple(notes),
    )


def _code(why: str, spoiled: str) -> int:
    """The exit code of an attempt that had passed."""
    if not why:
        return 0
    return 1 if spoiled == attempts.FAILED else errors.UnreachableFault.exit_code


def keep(one: trying.Trying, told: report.Report, asked: asking.Asked) -> report.Report:
    """Leave the model for somebody to look into, until it expires; add to *told* how to get there."""
    expires_ms = time.time_ns() // 1_000_000 + round(asked.keep_s * 1000)
    one.attempts.keep(one.places.token, expires_ms=expires_ms)
    notes = [
        f'The model is kept for {asked.keep_s / 3600:g} h: juju status --model {told.model}',
        f'To go on with the run: hoodoo --mojo-root {shlex.quote(str(one.places.root))} resume',
        f'To remove it: {_reap(told)}',
    ]
    try:
        one.mark(expires_ms=expires_ms, kept=True)
    except errors.Fault as err:
        notes.append(f'It could not be marked as kept: {report.first_line(errors.render(err))}')
    return dataclasses.replace(told, notes=(*told.notes, *notes))


def _removed(one: trying.Trying, bounds: removing.Bounds) -> removing.Removed:
    known = one.known
    assert known is not None, 'its model has a controller'
    found = find(known, name=one.model, uuid=one.uuid)
    if found is None:
        seen = report.Seen(what=f'{known.controller}:{one.model} in the list of models', gone=True)
        return removing.Removed(proof=(seen,))
    return removing.remove(known, found, bounds, one.told)


def find(known: models.Models, *, name: str, uuid: str) -> models.Listed | None:
    """The model of an attempt: by its UUID, or by its name where that is not known yet."""
    for found in known.listed():
        if found.uuid == uuid or (not uuid and (found.name, found.owner) == (name, known.user)):
            return found
    return None


def _reap(told: report.Report) -> str:
    return f'hoodoo ci reap {told.number}'
