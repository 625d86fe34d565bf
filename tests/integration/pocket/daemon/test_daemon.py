"""The daemon as its commands show it: started once, found again, stopped in order, removed whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bedrock import process

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and nspawn'
    ),
]

CHARMS = Path(__file__).resolve().parents[3] / 'data' / 'charms'


class Pocket:
    """One home and the commands against it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.home = folder / 'h'
        self.juju_data = folder / 'juju'
        self._env = {
            'PATH': os.environ['PATH'],
            'HOME': str(folder),
            'POCKET_HOME': str(self.home),
            'POCKET_PORT': '0',
            'JUJU_DATA': str(self.juju_data),
            **settings,
        }

    def __call__(self, *words: str, code: int = 0) -> str:
        argv = [sys.executable, '-m', 'pocket.cli', *words]
        done = process.run(argv, env=self._env, timeout_s=120, check=False)
        assert done.returncode == code, f'{words}: {done.returncode}\n{done.stdout}\n{done.stderr}'
        return done.stdout

    def status(self, code: int = 0) -> dict[str, Any]:
        return json.loads(self('status', '--format', 'json', code=code))


@pytest.fixture
def pocket(tmp_path: Path) -> Generator[Pocket]:
    found = Pocket(tmp_path)
    yield found
    found('clean', '--yes')
    assert not found.home.exists()


def test_up_starts_one_daemon_however_often_and_says_where_it_is(pocket: Pocket) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(pocket, 'up', '--format', 'json') for _ in range(2)]
        said = [json.loads(one.result()) for one in both]
    assert said[0] == said[1] == json.loads(pocket('up', '--format', 'json'))
    assert said[0]['controller'] == 'pocket'
    assert Path(said[0]['juju']).stat().st_mode & 0o111
    assert process.run([said[0]['juju'], 'version'], timeout_s=20).stdout.startswith('3.6')
    assert pocket.status()['pid'] == said[0]['pid']
    assert 'pocket' in pocket('juju', 'controllers', '--format', 'json')
    shell = pocket('env')
    assert f'export JUJU_DATA={pocket.juju_data}' in shell
    assert str(pocket.home / 'bin') in shell


def test_down_stops_it_and_up_finds_the_models_again(pocket: Pocket) -> None:
    pocket('up')
    pocket('juju', 'add-model', 'kept')
    pocket('down')
    assert pocket.status(code=3)['pid'] is None
    pocket('down')
    pocket('up')
    assert 'kept' in pocket('juju', 'models', '--format', 'json')


def test_machines_outlive_a_killed_daemon_and_are_adopted(pocket: Pocket) -> None:
    pocket('up')
    pocket('juju', 'add-model', 'm')
    pocket('juju', 'add-machine')
    before = _machine(pocket)
    os.kill(pocket.status()['pid'], signal.SIGKILL)
    pocket('up')
    assert _machine(pocket) == before
    assert 'uid=1000(ubuntu)' in pocket('juju', 'exec', '--machine', '0', 'id')
    pocket('down', '--keep-machines')
    assert pocket.status(code=3)['machines'] == [before]
    pocket('down')
    assert pocket.status(code=3)['machines'] == []


def test_charms_run_on_machines_with_users_of_their_own(tmp_path: Path) -> None:
    pocket = Pocket(tmp_path, POCKET_ISOLATION='users')
    try:
        pocket('up')
        assert pocket.status()['isolation']['kind'] == 'users'
        pocket('juju', 'add-model', 'm')
        pocket('juju', 'deploy', str(CHARMS / 'classic'), '--config', 'note=first')
        pocket('juju', 'wait-for', 'unit', 'classic/0', '--query', 'workload-status=="blocked"')
        (before,) = pocket.status()['machines']
        assert before['isolation'] == 'users'
        assert '0 ' in pocket('juju', 'ssh', 'classic/0', 'sudo cat /proc/self/uid_map')
        os.kill(pocket.status()['pid'], signal.SIGKILL)
        pocket('up')
        assert pocket.status()['machines'] == [before]
        pocket('juju', 'config', 'classic', 'note=second')
        pocket('juju', 'ssh', 'classic/0', 'until grep second /var/lib/classic-note; do sleep 1; done')
        assert 'second' in pocket('juju', 'run', 'classic/0', 'recall')
        (tmp_path / 'file').write_text('carried')
        pocket('juju', 'scp', str(tmp_path / 'file'), 'classic/0:/tmp/file')
        assert pocket('juju', 'ssh', 'classic/0', 'cat /tmp/file').strip() == 'carried'
        assert 'users' in pocket('status')
    finally:
        pocket('down', '--purge')
    assert not pocket.home.exists()


def test_a_home_that_is_not_ours_is_neither_used_nor_removed(tmp_path: Path) -> None:
    other = Pocket(tmp_path)
    other.home.mkdir()
    (other.home / 'thesis.odt').touch()
    other('up', code=2)
    other('clean', '--yes', code=2)
    assert (other.home / 'thesis.odt').exists()


def test_clean_asks_first(pocket: Pocket) -> None:
    pocket('up')
    pocket('clean', code=2)
    assert pocket.status()['running']


def _machine(pocket: Pocket) -> dict[str, Any]:
    """The one machine, once it runs; a command on it is what waits for that."""
    pocket('juju', 'exec', '--machine', '0', 'true')
    (machine,) = pocket.status()['machines']
    return machine
