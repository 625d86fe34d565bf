"""The live list of phases."""

from __future__ import annotations

import io
import re

from rich import console

from hoodoo.cli import live
from hoodoo.journal import events


def test_the_list_shows_every_phase_its_time_and_what_is_waited_for() -> None:
    out = console.Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    shown = live.Live(out)
    started = events.RunStarted(
        run=3,
        spec='/s',
        stage='ci',
        project='p',
        workspace='w',
        series='n',
        manifest='m',
        phases=('collect', 'deploy a', 'verify'),
    )
    done = events.PhaseEnded(phase=0, title='collect', outcome='done', seconds=1.2, summary='2 sources')
    sent: list[events.Event] = [
        started,
        events.PhaseStarted(phase=0, title='collect'),
        done,
        events.PhaseStarted(phase=1, title='deploy a'),
        events.Line(phase=1, text='said [so]', stream='stdout'),
        events.Waiting(phase=1, reasons=('web/0: agent executing install',)),
    ]
    with shown:
        for number, event in enumerate(sent):
            shown(events.Record(seq=number, at_ms=0, event=event))
    file = out.file
    assert isinstance(file, io.StringIO)
    last = file.getvalue().rpartition('✓')[2]
    assert 'collect' in last
    assert '1.2 s' in last
    assert '2 sources' in last
    assert 'deploy a' in last
    assert 'verify' in last
    assert 'web/0: agent executing install' in last
    assert 'said [so]' in file.getvalue()


def _ends_with(width: int, *sent: events.Event) -> list[str]:
    out = console.Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    with live.Live(out) as shown:
        for number, event in enumerate(sent):
            shown(events.Record(seq=number, at_ms=0, event=event))
    file = out.file
    assert isinstance(file, io.StringIO)
    lines = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', file.getvalue()).replace('\r', '\n').split('\n')
    return [line.rstrip() for line in lines if line.strip()]


def _started(*phases: str) -> events.RunStarted:
    return events.RunStarted(
        run=3, spec='/s', stage='', project='p', workspace='w', series='n', manifest='m', phases=phases
    )


def _ended(phase: int, outcome: str, summary: str = '') -> events.PhaseEnded:
    return events.PhaseEnded(phase=phase, title='', outcome=outcome, seconds=1.25, summary=summary)


def test_at_the_end_the_whole_list_stands_above_how_the_run_went() -> None:
    lines = _ends_with(
        80,
        _started('collect', 'deploy services', 'verify'),
        _ended(0, 'done', '1 source, no charm changed'),
        _ended(1, 'failed'),
        events.RunEnded(run=3, outcome='failed', seconds=2.5, changes=2),
    )
    assert lines[-4:] == [
        '✓ collect         1.2 s 1 source, no charm changed',
        '✗ deploy services 1.2 s',
        '  verify',
        'run 3 failed in 2.5 s, after 2 changes',
    ]


def test_on_a_narrow_terminal_only_summaries_and_reasons_are_cut() -> None:
    lines = _ends_with(
        36,
        _started('collect', 'deploy services'),
        _ended(0, 'done', '1 source, no charm changed'),
        events.PhaseStarted(phase=1, title='deploy services'),
        events.Waiting(phase=1, reasons=('web/0: agent executing a-very-long-relation-changed',)),
    )
    assert lines[-3] == '✓ collect         1.2 s 1 source, n…'
    assert lines[-2][2:17] == 'deploy services'
    assert lines[-1] == '    web/0: agent executing a-very-l…'
    assert max(map(len, lines)) <= 36


def test_a_command_to_copy_stays_one_line_on_a_narrow_terminal() -> None:
    again = 'hoodoo deploy --stage ci --project mirror --series noble --workspace ci config=services'
    ended = events.RunEnded(run=3, outcome='failed', seconds=2.5, changes=0, again=(again,))
    lines = _ends_with(36, _started('deploy'), ended)
    assert lines[-3:] == ['to go on:', f'  {again}', 'run 3 failed in 2.5 s']


def test_steps_that_are_under_way_are_all_shown() -> None:
    lines = _ends_with(
        80,
        _started('deploy'),
        events.PhaseStarted(phase=0, title='deploy'),
        events.Step(phase=0, text='deploy a', state='started'),
        events.Step(phase=0, text='deploy b', state='started'),
        events.Step(phase=0, text='deploy c', state='started'),
        events.Step(phase=0, text='deploy b', state='done'),
    )
    assert lines[-2:] == ['    deploy a ...', '    deploy c ...']
