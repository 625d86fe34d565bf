"""The events of a run as cases of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hoodoo.ci.reports import report
from hoodoo.journal import events


@dataclass(slots=True)
class _Phase:
    title: str
    outcome: report.Outcome = report.Outcome.SKIPPED
    seconds: float = 0.0
    message: str = ''
    output: list[str] = field(default_factory=list[str])


def cases(
    suite: str, records: Sequence[events.Record], places: Sequence[report.Place | None] = ()
) -> list[report.Case]:
    """A case for each phase of a run.

    A run that failed beside its phases has one more, for what failed.

    Args:
        places: Where the manifest has each phase.
    """
    phases: list[_Phase] = []
    before: list[str] = []
    ended: events.RunEnded | None = None
    for record in records:
        match record.event:
            case events.RunStarted(phases=titles):
                phases = [_Phase(title) for title in titles]
            case events.PhaseStarted(phase=index):
                phases[index].message = 'it did not end'
                phases[index].outcome = report.Outcome.FAILED
            case events.PhaseEnded() as event:
                _end(phases[event.phase], event)
            case events.RunEnded() as event:
                ended = event
            case _:
                for index, text in _said(record.event):
                    (phases[index].output if 0 <= index < len(phases) else before).append(text)
    found = [
        _case(suite, phase, ended, places[index] if index < len(places) else None)
        for index, phase in enumerate(phases)
    ]
    failed = any(case.outcome is report.Outcome.FAILED for case in found)
    if not failed and (ended is None or ended.outcome != 'done'):
        why = ended.error if ended else 'its process died'
        found.append(
            report.Case(
                suite=suite,
                name='run',
                outcome=report.Outcome.FAILED,
                message=report.first_line(why) or (ended.outcome if ended else ''),
                detail=why,
                output=tuple(before),
            )
        )
    return found


def _end(phase: _Phase, event: events.PhaseEnded) -> None:
    outcomes = {'done': report.Outcome.PASSED, 'skipped': report.Outcome.SKIPPED}
    phase.outcome = outcomes.get(event.outcome, report.Outcome.FAILED)
    phase.seconds, phase.message = event.seconds, event.summary or event.outcome


def _said(event: events.Event) -> Iterator[tuple[int, str]]:
    match event:
        case events.Note(phase=phase, text=text) | events.Line(phase=phase, text=text):
            yield phase, text
        case events.Step(phase=phase, text=text, state=state) if state != 'started':
            yield phase, text if state == 'done' else f'{text} FAILED'
        case _:
            pass


def _case(
    suite: str, phase: _Phase, ended: events.RunEnded | None, place: report.Place | None
) -> report.Case:
    message, detail = phase.message, ''
    if phase.outcome is report.Outcome.FAILED and ended is not None and ended.error:
        message, detail = report.first_line(ended.error), ended.error
    elif phase.outcome is report.Outcome.SKIPPED:
        message = 'not reached'
    return report.Case(
        suite=suite,
        name=phase.title,
        outcome=phase.outcome,
        seconds=phase.seconds,
        message=message,
        detail=detail,
        output=tuple(phase.output),
        place=place,
    )
