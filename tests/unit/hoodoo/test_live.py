"""The live list of phases."""

from __future__ import annotations

import io

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
