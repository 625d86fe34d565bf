"""What an attempt has done, as cases."""

from __future__ import annotations

import pytest

from bedrock import errors
from hoodoo.ci import recording
from hoodoo.ci.reports.report import Case, Outcome


def _told(record: recording.Record) -> list[tuple[str, str, Outcome, str]]:
    return [(case.suite, case.name, case.outcome, case.message) for case in record.cases]


@pytest.mark.parametrize(
    ('error', 'bad', 'wanted'),
    [
        (errors.Fault('no'), Outcome.FAILED, Outcome.FAILED),
        (errors.UsageFault('no'), Outcome.ERROR, Outcome.ERROR),
        (errors.UnreachableFault('no'), Outcome.FAILED, Outcome.ERROR),
    ],
)
def test_an_error_ends_a_case(error: errors.Fault, bad: Outcome, wanted: Outcome) -> None:
    record = recording.Record()
    with pytest.raises(errors.Fault), record.case('prepare', 'x', bad=bad):
        raise error
    record.fail_what_began('nothing is under way')
    assert _told(record) == [('prepare', 'x', wanted, 'no')]


def test_what_failed_for_another_reason_is_no_failure() -> None:
    record = recording.Record()
    record.add(
        [
            Case(suite='first run', name='deploy'),
            Case(suite='first run', name='verify', outcome=Outcome.FAILED, message='no', detail='no\nwhy'),
            Case(suite='first run', name='nagios', outcome=Outcome.SKIPPED, message='not reached'),
        ]
    )
    record.excuse('it went away')
    assert _told(record) == [
        ('first run', 'deploy', Outcome.PASSED, ''),
        ('first run', 'verify', Outcome.ERROR, 'it went away'),
        ('first run', 'nagios', Outcome.SKIPPED, 'not reached'),
    ]
    assert record.cases[1].detail == 'it went away\nno\nwhy'


def test_what_an_interrupt_left_under_way_has_failed() -> None:
    record = recording.Record()
    with record.case('prepare', 'check'):
        pass
    with pytest.raises(KeyboardInterrupt), record.case('prepare', 'x'):
        raise KeyboardInterrupt
    record.fail_what_began('it was interrupted')
    record.begin('first run', 'run')
    record.add([Case(suite='first run', name='deploy')])
    record.fail_what_began('it was interrupted')
    assert _told(record) == [
        ('prepare', 'check', Outcome.PASSED, ''),
        ('prepare', 'x', Outcome.FAILED, 'it was interrupted'),
        ('first run', 'deploy', Outcome.PASSED, ''),
    ]
