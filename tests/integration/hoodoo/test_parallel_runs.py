"""Runs in different environments share one journal; runs in one environment do not run beside each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hoodoo.journal import events, journal, rows

PROCESSES = 8
LINES = 20
HOODOO = (sys.executable, '-m', 'hoodoo')


def _spec(folder: Path, program: str) -> Path:
    folder.mkdir()
    (folder / 'manifest').write_text('script config=talk\nscript config=talk\n')
    (folder / 'talk').write_text(f'#!/bin/sh\n{program}\n')
    (folder / 'talk').chmod(0o755)
    return folder


def _environment(tmp_path: Path) -> dict[str, str]:
    return {
        'PATH': os.environ['PATH'],
        'HOME': str(tmp_path),
        'MOJO_ROOT': str(tmp_path / 'mojo'),
        'MOJO_LOGFILE': str(tmp_path / 'log'),
    }


def test_runs_in_different_workspaces_share_a_journal_and_a_log_file(tmp_path: Path) -> None:
    spec = _spec(tmp_path / 'spec', f'for i in $(seq {LINES}); do echo "$MOJO_WORKSPACE says $i"; done')
    env = _environment(tmp_path)
    names = [f'w{number}' for number in range(PROCESSES)]
    children = [
        subprocess.Popen([*HOODOO, 'run', str(spec), name], env=env, stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    said = [child.communicate(timeout=240)[0] for child in children]
    assert [child.returncode for child in children] == [0] * PROCESSES
    opened = journal.Journal(tmp_path / 'mojo' / 'journal.db')
    found = opened.runs()
    assert sorted(run.id for run in found) == list(range(1, PROCESSES + 1))
    assert {run.outcome for run in found} == {rows.DONE}
    for run in found:
        records = opened.records(run.id)
        assert [record.seq for record in records] == list(range(1, len(records) + 1))
        lines = [record.event.text for record in records if isinstance(record.event, events.Line)]
        assert lines == [f'{run.workspace} says {i}' for i in range(1, LINES + 1)] * 2
    opened.close()
    assert sorted((tmp_path / 'log').read_text().splitlines()) == sorted(''.join(said).splitlines())


def test_a_second_run_in_a_workspace_is_refused_and_the_first_can_be_cancelled(tmp_path: Path) -> None:
    spec = _spec(tmp_path / 'spec', 'echo here; sleep 300')
    env = _environment(tmp_path)
    argv = [*HOODOO, 'run', str(spec), 'w']
    with subprocess.Popen(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as first:
        assert first.stdout is not None
        while 'here' not in first.stdout.readline():
            assert first.poll() is None
        follower = subprocess.Popen(
            [*HOODOO, 'log', '1', '--follow', '--phase', '1', '--grep', 'here|cancelled'],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        second = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert 'run 1 is in it, since ' in second.stderr
        assert f'process {first.pid}' in second.stderr
        assert 'hoodoo cancel 1' in second.stderr
        cancel = [*HOODOO, 'cancel', '1']
        cancelled = subprocess.run(cancel[:-1], env=env, capture_output=True, text=True, check=False)
        assert cancelled.returncode == 0
        assert cancelled.stdout == 'run 1 was stopped in phase "script talk"\n'
        again = subprocess.run(cancel, env=env, capture_output=True, text=True, check=False)
        assert again.returncode == 0
        assert again.stderr == 'run 1 is not running: cancelled\n'
        none = subprocess.run(cancel[:-1], env=env, capture_output=True, text=True, check=False)
        assert (none.returncode, none.stderr) == (2, 'ERROR cannot cancel a run: none is running\n')
        assert 'hoodoo resume 1' in first.communicate(timeout=60)[0]
        assert first.returncode == 130
        followed = follower.communicate(timeout=60)[0].splitlines()
        assert follower.returncode == 0
        assert [line.partition('] ')[2].partition(' in ')[0] for line in followed] == [
            'script talk: here',
            'script talk: cancelled',
        ]


def test_what_a_killed_run_left_behind_is_stopped_when_it_is_cancelled(tmp_path: Path) -> None:
    spec = _spec(tmp_path / 'spec', '(trap "" TERM; env -i sleep 301) & echo $!; sleep 300')
    env = _environment(tmp_path)
    with subprocess.Popen([*HOODOO, 'run', str(spec)], env=env, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        words = ''
        while not words.rpartition(' ')[2].strip().isdigit() or 'talk: ' not in words:
            words = first.stdout.readline()
            assert words
        left = int(words.rpartition(' ')[2])
        first.kill()
    assert Path(f'/proc/{left}').exists(), 'it goes on when hoodoo is killed'
    words_of_cancel = [*HOODOO, 'cancel', '1', '--format', 'json']
    cancelled = subprocess.run(words_of_cancel, env=env, capture_output=True, text=True, check=True)
    assert '"before": "interrupted", "outcome": "cancelled"' in cancelled.stdout
    stat = Path(f'/proc/{left}/stat')
    assert not stat.exists() or stat.read_text().rpartition(')')[2].split()[0] == 'Z'


def test_a_log_file_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    spec = _spec(tmp_path / 'spec', 'echo here')
    for logfile, why in ((tmp_path, 'Is a directory'), (Path('/dev/full'), 'No space left on device')):
        env = {**_environment(tmp_path), 'MOJO_LOGFILE': str(logfile)}
        argv = [*HOODOO, 'run', str(spec)]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0
        assert done.stderr == f'WARNING cannot write the log file {logfile} (MOJO_LOGFILE): {why}\n'
