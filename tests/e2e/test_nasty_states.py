"""`destroy-model --force` and `down --purge` end within a minute and leave the host as it was, always."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from bedrock import charm, process
from pocket import settings
from pocket.daemon import control
from pocket.substrate import records
from tests.e2e import hoststate
from tests.e2e.conftest import TOP, Site

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

HOLDER = TOP / 'tests' / 'data' / 'charms' / 'holder'
_LIMIT_S = 60.0
_PATIENCE_S = 90.0


@pytest.fixture
def untouched(site: Site) -> Generator[hoststate.State]:
    """The host before; afterwards it must be the same."""
    before = hoststate.of(site.env)
    try:
        yield before
    finally:
        site.pocket('clean', '--yes')
    assert hoststate.difference(before, hoststate.of(site.env)) == {}


@pytest.fixture(scope='module')
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('charm')
    return charm.pack(HOLDER, folder / 'holder.charm', cache=folder)


def _until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _in_a_minute(work: Callable[[], object]) -> None:
    began = time.monotonic()
    work()
    assert time.monotonic() - began < _LIMIT_S


def _machines(site: Site) -> list[records.Record]:
    folder = settings.load(site.env).home / 'm'
    found = [records.load(one) for one in folder.glob('juju-*')]
    return [record for record in found if record is not None and record.leader is not None]


def _signal(site: Site, number: int, *, leaders: bool = True, supervisors: bool = True) -> None:
    for record in _machines(site):
        for who, wanted in ((record.supervisor, supervisors), (record.leader, leaders)):
            if wanted and who is not None:
                os.kill(who.pid, number)


def _daemon(site: Site, number: int) -> None:
    info = control.find(settings.load(site.env).home)
    assert info is not None
    os.kill(info.pid, number)


def test_a_model_with_a_hanging_hook_and_frozen_machines_is_destroyed_by_force(
    site: Site, untouched: hoststate.State, archive: Path
) -> None:
    del untouched
    site.pocket('up')
    idle = hoststate.of(site.env)
    site.juju('add-model', 'm')
    site.juju('deploy', str(archive), 'holder')
    site.juju('add-machine', '-n', '2')
    _until(lambda: len(_machines(site)) == 3)
    # It holds its own mounts, and a program with its folder there.
    busy = 'mkdir -p /mnt/b && mount -t tmpfs b /mnt/b && cd /mnt/b && (setsid sleep 999 >/dev/null 2>&1 &)'
    site.juju('exec', '--machine', '1', '--', f'sudo sh -c {busy!r}')
    _until(lambda: 'holding start' in site.juju('debug-log', '--replay', '--no-tail').stdout)
    first, second, third = sorted(_machines(site), key=lambda record: record.name)
    assert first.leader is not None
    assert second.supervisor is not None
    assert third.supervisor is not None
    assert third.leader is not None
    os.kill(first.leader.pid, signal.SIGSTOP)
    os.kill(second.supervisor.pid, signal.SIGKILL)
    os.kill(third.supervisor.pid, signal.SIGSTOP)
    os.kill(third.leader.pid, signal.SIGSTOP)
    _in_a_minute(lambda: site.juju('destroy-model', 'm', '--no-prompt', '--force'))
    assert hoststate.difference(idle, hoststate.of(site.env)) == {}
    _in_a_minute(lambda: site.pocket('down', '--purge'))


def test_a_model_is_destroyed_while_its_machines_start(site: Site, untouched: hoststate.State) -> None:
    del untouched
    site.pocket('up')
    idle = hoststate.of(site.env)
    site.juju('add-model', 'm')
    site.juju('add-machine', '-n', '3')
    _in_a_minute(lambda: site.juju('destroy-model', 'm', '--no-prompt', '--force'))
    assert hoststate.difference(idle, hoststate.of(site.env)) == {}
    _in_a_minute(lambda: site.pocket('down', '--purge'))


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP])
def test_a_home_whose_daemon_is_gone_or_stopped_is_purged(
    site: Site, untouched: hoststate.State, archive: Path, number: signal.Signals
) -> None:
    del untouched
    site.pocket('up')
    site.juju('add-model', 'm')
    site.juju('deploy', str(archive), 'holder')
    _until(lambda: 'holding start' in site.juju('debug-log', '--replay', '--no-tail').stdout)
    site.juju('add-machine', '-n', '2')
    _until(lambda: len(list((settings.load(site.env).home / 'm').glob('juju-*'))) > 1)
    _daemon(site, number)  # with a hook that hangs, and machines that start
    _signal(site, signal.SIGSTOP, leaders=number == signal.SIGKILL)
    _in_a_minute(lambda: site.pocket('down', '--purge'))


def test_an_image_that_is_being_built_goes_with_the_daemon(site: Site, tmp_path: Path) -> None:
    other = Site(
        env={**site.env, 'POCKET_HOME': str(tmp_path / 'h'), 'POCKET_CACHE': str(tmp_path / 'cache')},
        folder=tmp_path,
    )
    before = hoststate.of(other.env)

    def building() -> bool:
        shown = process.run(['pgrep', '-f', f'mmdebstrap.*{tmp_path}'], timeout_s=10, check=False)
        return bool(shown.stdout.split())

    try:
        other.pocket('up')
        other.juju('add-model', 'm')
        other.juju('add-machine')
        _until(building)
        time.sleep(2)  # into the work, with mounts of its own
        _daemon(other, signal.SIGKILL)
        _until(lambda: not building())
    finally:
        _in_a_minute(lambda: other.pocket('down', '--purge'))
    assert hoststate.difference(before, hoststate.of(other.env)) == {}
