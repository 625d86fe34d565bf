"""The journal of runs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.journal import events, journal, plain, rows


def _begin(opened: journal.Journal) -> int:
    new = rows.New(spec='/s', stage='ci', project='p', workspace='w', series='noble', manifest='manifest')
    return opened.begin(new, ['collect'])


def test_events_are_kept_in_order_and_heard(tmp_path: Path) -> None:
    opened = journal.Journal(tmp_path / 'j.db', now_ms=lambda: 7)
    heard: list[events.Record] = []
    opened.listen(heard.append)
    number = _begin(opened)
    sent: list[events.Event] = [
        events.PhaseStarted(phase=0, title='collect'),
        events.Waiting(phase=0, reasons=('a', 'b')),
        events.RunEnded(run=number, outcome='done', seconds=1.5, changes=2),
    ]
    for event in sent:
        opened.emit(number, event)
    assert opened.records(number) == heard
    assert [record.event for record in heard[1:]] == sent
    found = opened.get(number)
    assert (found.outcome, found.changes, found.ended_ms) == ('done', 2, 7)


def test_progress_is_heard_but_not_kept(tmp_path: Path) -> None:
    opened = journal.Journal(tmp_path / 'j.db')
    heard: list[events.Record] = []
    opened.listen(heard.append)
    number = _begin(opened)
    opened.emit(number, events.Progress(phase=0, text='9 s left'))
    assert [record.event for record in opened.records(number)] == [heard[0].event]
    assert len(heard) == 2


def test_a_run_whose_process_died_is_marked_interrupted(tmp_path: Path) -> None:
    code = (
        'import os, pathlib, sys; from hoodoo.journal import journal; from hoodoo.journal.rows import New;'
        'j = journal.Journal(pathlib.Path(sys.argv[1]));'
        "j.begin(New(spec='s', stage='', project='p', workspace='w', series='n', manifest='m'), ['one']);"
        'os.kill(os.getpid(), 9)'
    )
    subprocess.run([sys.executable, '-c', code, str(tmp_path / 'j.db')], check=False, env=dict(os.environ))
    opened = journal.Journal(tmp_path / 'j.db')
    assert [run.outcome for run in opened.runs()] == ['interrupted']
    first = opened.records(1)[0].event
    assert isinstance(first, events.RunStarted)
    assert (first.run, first.spec, first.phases) == (1, 's', ('one',)), 'it is there, however early the kill'


def test_a_run_that_goes_on_elsewhere_is_left_alone(tmp_path: Path) -> None:
    _begin(journal.Journal(tmp_path / 'j.db'))
    assert [run.outcome for run in journal.Journal(tmp_path / 'j.db').runs()] == ['running']


def test_an_unknown_run_is_a_usage_fault(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageFault, match='run 5'):
        journal.Journal(tmp_path / 'j.db').get(5)


def test_the_journal_is_private(tmp_path: Path) -> None:
    journal.Journal(tmp_path / 'j.db')
    assert (tmp_path / 'j.db').stat().st_mode & 0o077 == 0


def test_no_cursor_outlives_a_call(tmp_path: Path) -> None:
    opened = journal.Journal(tmp_path / 'j.db')
    number = _begin(opened)
    opened.close()
    with pytest.raises((RuntimeError, sqlite3.ProgrammingError)):
        opened.emit(number, events.Note(phase=0, text='late'))


def test_plain_lines_carry_the_time_and_the_phase() -> None:
    writer = plain.Plain()
    started = events.RunStarted(
        run=3,
        spec='/s',
        stage='ci',
        project='p',
        workspace='w',
        series='n',
        manifest='m',
        phases=('deploy a',),
    )
    sent: list[tuple[int, events.Event]] = [
        (1000, started),
        (1500, events.PhaseStarted(phase=0, title='deploy a')),
        (13_300, events.Waiting(phase=0, reasons=('web/0: agent executing install',))),
        (14_000, events.Progress(phase=0, text='unseen')),
        (
            15_000,
            events.PhaseEnded(phase=0, title='deploy a', outcome='done', seconds=13.5, summary='1 change'),
        ),
        (16_000, events.RunEnded(run=3, outcome='done', seconds=15.0)),
    ]
    lines = [
        line
        for number, (at_ms, event) in enumerate(sent)
        for line in writer.lines(events.Record(seq=number, at_ms=at_ms, event=event))
    ]
    assert lines == [
        '[   0.0s] run 3: /s, stage ci',
        '[   0.5s] deploy a: started',
        '[  12.3s] deploy a: waiting: web/0: agent executing install',
        '[  14.0s] deploy a: done in 13.5 s (1 change)',
        '[  15.0s] run 3 done in 15.0 s: nothing had to change',
    ]
