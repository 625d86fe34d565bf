"""Hoodoo is killed at any moment: the journal opens, runs go on, and nothing completed is repeated."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from hoodoo.journal import journal, rows
from hoodoo.runner import resuming
from tests.e2e import killing
from tests.e2e.conftest import TOP, Site, units

KILLS_OF_SCRIPTS = 40
KILLS_OF_DEPLOY = 10
SCRIPTS = ('one', 'two', 'three', 'four', 'five', 'six')
PROGRAM = """#!/bin/sh
echo "$0 begin $$" >> "$TRACE"
sleep 0.03
(env -i sleep 0.02; echo "$0 end $$" >> "$TRACE")
"""


def _completed(root: Path, number: int) -> tuple[frozenset[int], rows.Run]:
    """Open the journal as the next hoodoo will."""
    opened = journal.Journal(root / 'journal.db')
    try:
        return resuming.past(opened.records(number)).completed, opened.get(number)
    finally:
        opened.close()


def _newest(root: Path) -> rows.Run | None:
    """The newest run, if any has begun."""
    if not (root / 'journal.db').exists():
        return None
    opened = journal.Journal(root / 'journal.db')
    try:
        return next(iter(opened.runs(limit=1)), None)
    finally:
        opened.close()


class Trace:
    """What the scripts of a spec wrote: who began and ended when."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text().splitlines() if path.exists() else []
        words = [line.split() for line in lines]
        self.events = [(SCRIPTS.index(Path(name).name), what, pid) for name, what, pid in words]
        self.begun = Counter(phase for phase, what, _ in self.events if what == 'begin')

    def last(self) -> list[tuple[int, str, str]]:
        """From where the last of the scripts that began is by itself."""
        at = max(n for n, (_, what, _) in enumerate(self.events) if what == 'begin')
        return self.events[at:]


def test_scripts_are_killed_at_any_moment(tmp_path: Path) -> None:
    dice = random.Random(killing.seed('KILL_SEED'))
    spec, root, trace = tmp_path / 'spec', tmp_path / 'mojo', tmp_path / 'trace'
    spec.mkdir()
    for name in SCRIPTS:
        (spec / name).write_text(PROGRAM)
        (spec / name).chmod(0o755)
    (spec / 'manifest').write_text(''.join(f'script config={name}\n' for name in SCRIPTS))
    env = {'PATH': os.environ['PATH'], 'HOME': str(tmp_path), 'MOJO_ROOT': str(root), 'TRACE': str(trace)}
    output = tmp_path / 'output'
    kills = number = resumed = 0
    words = ['run', str(spec)]
    whole_s = 0.0
    for _ in range(2):  # the first also waits for the server of processes
        began = time.monotonic()
        assert killing.finished(words, env, output) == 0, output.read_text()
        whole_s = time.monotonic() - began
    trace.unlink()
    while kills < KILLS_OF_SCRIPTS or resumed < KILLS_OF_SCRIPTS // 4:
        assert kills < 10 * KILLS_OF_SCRIPTS, 'most kills came before anything was begun'
        before = Trace(trace).begun
        done = _completed(root, number)[0] if number and words[0] == 'resume' else frozenset[int]()
        status = killing.killed(words, env, output, after_s=dice.uniform(0.0, 0.7 * whole_s))
        kills += status is None
        resumed += words[0] == 'resume'
        assert status in (None, 0), output.read_text()
        after = Trace(trace)
        for phase in done:
            assert after.begun[phase] == before[phase], f'{SCRIPTS[phase]} was completed and began again'
        for phase, what, pid in after.last() if after.events else ():
            assert (phase, pid) == (after.last()[0][0], after.last()[0][2]), f'{what} of one that was killed'
        newest = _newest(root)
        if newest is None or newest.outcome == rows.DONE:
            # Over, or killed before it had begun.
            words = ['run', str(spec)]
            trace.unlink(missing_ok=True)
        else:
            number = newest.id
            assert newest.outcome == rows.INTERRUPTED
            words = ['resume']
    if words == ['resume']:
        assert killing.finished(words, env, output) == 0, output.read_text()
        done, run = _completed(root, number)
        assert (run.outcome, len(done)) == (rows.DONE, len(SCRIPTS))


def _ends_before(tmp_path: Path, spec: Path, *, first: int, second: int) -> bool:
    """Whether a run is done before its commit number *first*; else it goes on until its number *second*."""
    root, trace, output = (tmp_path / f'{name}-{first}-{second}' for name in ('mojo', 'trace', 'output'))
    env = {'PATH': os.environ['PATH'], 'HOME': str(tmp_path), 'MOJO_ROOT': str(root), 'TRACE': str(trace)}
    words, done, begun = ['run', str(spec)], frozenset[int](), Counter[int]()
    for commit in (first, second, 0):
        status = killing.finished(words, {**env, killing.AT_COMMIT: str(commit)}, output)
        assert status in ((0, -9) if commit else (0,)), output.read_text()
        for phase in done:
            assert Trace(trace).begun[phase] == begun[phase], (
                f'begun again after {first} and {second} commits'
            )
        newest = _newest(root)
        if newest is not None:
            (done, _), begun = _completed(root, newest.id), Trace(trace).begun
            if newest.outcome == rows.DONE:
                return words[0] == 'run' and commit == first
            words = ['resume']
    pytest.fail('a run that was killed twice was not done the third time')


def test_scripts_are_killed_behind_any_commit(tmp_path: Path) -> None:
    spec = tmp_path / 'spec'
    spec.mkdir()
    for name in SCRIPTS[:2]:
        (spec / name).write_text('#!/bin/sh\necho "$0 begin $$" >> "$TRACE"\n')
        (spec / name).chmod(0o755)
    (spec / 'manifest').write_text('script config=one\nscript config=two\n')
    commits, ended = 0, False
    while not ended:
        commits += 1
        for second in range(1, 9):
            ended = _ends_before(tmp_path, spec, first=commits, second=second)
    assert commits > len(('migration', 'run', 'spec ready', *2 * SCRIPTS[:2], 'run ended'))


@pytest.mark.e2e
@pytest.mark.nspawn
def test_a_deployment_is_killed_at_any_moment(site: Site, tmp_path: Path) -> None:
    dice = random.Random(killing.seed('KILL_SEED'))
    site.pocket('up')
    scratch = tmp_path / 'scratch'
    scratch.mkdir()
    env = {**site.env, 'TMPDIR': str(scratch)}
    spec = tmp_path / 'words'
    shutil.copytree(TOP / 'tests/data/specs/words', spec, symlinks=True)
    output = tmp_path / 'output'
    words = ['run', str(spec), '--stage', 'ci']
    root = Path(site.env['MOJO_ROOT'])
    begin = list(words)
    kills = number = 0
    done = frozenset[int]()
    while kills < KILLS_OF_DEPLOY:
        status = killing.killed(words, env, output, after_s=dice.uniform(0.2, 1.5))
        kills += status is None
        assert status in (None, 0), output.read_text()
        newest = _newest(root)
        if newest is None or newest.outcome == rows.DONE:
            # Once all is deployed a run has little to do, and may be quicker than we are: another one.
            words = begin
        else:
            done = done if newest.id == number else frozenset[int]()
            number, words = newest.id, ['resume', str(newest.id)]
            now, _ = _completed(root, number)
            assert done <= now, 'what is completed stays so'
            done = now
    assert killing.finished(words, env, output) == 0, output.read_text()
    newest = _newest(root)
    assert newest is not None
    assert newest.outcome == rows.DONE
    for run in range(1, newest.id + 1):
        log = site.hoodoo('log', str(run), '--format', 'json').stdout
        said = [json.loads(line)['event'] for line in log.splitlines()]
        ended = Counter(e['phase'] for e in said if e['type'] == 'phase-ended' and e['outcome'] == 'done')
        assert set(ended.values()) <= {1}, 'no phase was completed twice'
    assert len(units(site.status('words-ci'))) == 3
    assert list(scratch.glob('hoodoo-*')) == []
