"""Storage on real machines: mounted before the charm hears of it, back after a restart, kept, gone."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from bedrock import process
from tests.e2e import traces
from tests.e2e.conftest import TOP, Site, units

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

CHARM = str(TOP / 'tests' / 'data' / 'charms' / 'keeper')
MODEL = 'kept'
_PATIENCE_S = 120.0

Json = dict[str, Any]


def _until(site: Site, condition: Callable[[Json], object], why: str) -> Json:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        status = site.status(MODEL)
        if condition(status):
            return status
        if time.monotonic() > deadline:
            pytest.fail(f'{why}: never; {json.dumps(status, indent=1)}')
        time.sleep(0.3)


def _says(unit: str, notes: str) -> Callable[[Json], bool]:
    """Whether *unit* is idle and has been told of just that; what is mounted first is told of first."""

    def check(status: Json) -> bool:
        found = units(status).get(unit)
        return (
            found is not None
            and found['juju-status']['current'] == 'idle'
            and sorted(_notes(found)) == sorted(notes.split())
        )

    return check


def _notes(unit: Json) -> list[str]:
    return unit['workload-status'].get('message', '').split()


def _juju(site: Site, command: str, *words: str, check: bool = True) -> process.Completed:
    return site.juju(command, '--model', MODEL, *words, check=check)


def _inside(site: Site, unit: str, script: str) -> list[str]:
    answer = _juju(site, 'exec', '--unit', unit, '--format', 'json', '--', script)
    return json.loads(answer.stdout)[unit]['results'].get('stdout', '').split()


def _starts(site: Site) -> int:
    """How often the unit's start hook ran; -1 while the machine is away. A reboot is too short to be seen."""
    count = 'grep -c "ran .start. hook" /var/log/juju/unit-keeper-0.log'
    answer = _juju(site, 'ssh', 'keeper/0', 'sudo', count, check=False)
    return int(answer.stdout) if answer.stdout.strip().isdigit() else -1


def _table(site: Site) -> list[list[str]]:
    """The storage table of status, without its sizes: a disk has any."""
    lines = _juju(site, 'status', '--storage').stdout.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith('Storage Unit'))
    cells = [[cell.strip() for cell in _columns(line, lines[begin])] for line in lines[begin:]]
    return [[*row[:5], row[6]] for row in cells if any(row)]


def _columns(line: str, header: str) -> list[str]:
    titles = ['Storage Unit', 'Storage ID', 'Type', 'Pool', 'Mountpoint', 'Size', 'Status', 'Message']
    starts = [header.index(title) for title in titles]
    return [line[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def _loop_devices(site: Site) -> list[str]:
    """The images of this home that a loop device has open."""
    shown = process.run(['losetup', '--noheadings', '--list', '--output', 'BACK-FILE']).stdout
    home = site.env['POCKET_HOME']
    return [line.strip() for line in shown.splitlines() if line.strip().startswith(home)]


@pytest.fixture(scope='module')
def keeper(site: Site) -> Site:
    """A unit with storage of every pool, one of it detached again."""
    site.pocket('up')
    site.juju('add-model', MODEL)
    storage = ('data=rootfs', 'scratch=tmpfs,32M', 'volume=loop,48M')
    _juju(site, 'deploy', CHARM, *(word for one in storage for word in ('--storage', one)))
    told = _until(site, _says('keeper/0', '+data/0 +scratch/1 +volume/2 install'), 'all is attached')
    assert _notes(units(told)['keeper/0'])[-1] == 'install'
    return site


def test_storage_of_every_pool_is_there_and_shown(keeper: Site) -> None:
    assert _table(keeper) == [
        ['Storage Unit', 'Storage ID', 'Type', 'Pool', 'Mountpoint', 'Status'],
        ['keeper/0', 'data/0', 'filesystem', 'rootfs', '/srv/data', 'attached'],
        ['keeper/0', 'scratch/1', 'filesystem', 'tmpfs', '/var/lib/juju/storage/scratch/1', 'attached'],
        ['keeper/0', 'volume/2', 'filesystem', 'loop', '/var/lib/juju/storage/volume/2', 'attached'],
    ]
    kinds = 'cd /var/lib/juju/storage; stat -f -c %T scratch/1 volume/2'
    assert _inside(keeper, 'keeper/0', kinds) == ['tmpfs', 'ext2/ext3']
    assert len(_loop_devices(keeper)) == 1


def test_a_charm_and_an_operator_add_more_while_it_works(keeper: Site) -> None:
    _juju(keeper, 'run', 'keeper/0', 'more')
    _until(keeper, lambda status: '+scratch/3' in _notes(units(status)['keeper/0']), 'more is attached')
    added = _juju(keeper, 'add-storage', 'keeper/0', 'scratch=rootfs')
    assert added.stderr == 'added storage scratch/4 to keeper/0\n'
    notes = '+data/0 +scratch/1 +volume/2 install +scratch/3 +scratch/4'
    _until(keeper, _says('keeper/0', notes), 'both are attached')
    refused = _juju(keeper, 'add-storage', 'keeper/0', 'data', check=False)
    assert refused.returncode == 1
    assert 'at most 1 instances supported, 2 specified' in refused.stderr


def test_a_volume_keeps_its_data_whatever_is_killed_or_restarted(keeper: Site) -> None:
    _juju(keeper, 'detach-storage', 'volume/2')
    os.kill(traces.daemon_pid(keeper.env), signal.SIGKILL)
    keeper.pocket('up')
    gone = _until(keeper, lambda status: not _attached(status, 'volume/2'), 'it is detached')
    assert gone['storage']['storage']['volume/2']['status']['current'] == 'detached'
    assert _loop_devices(keeper) == []
    _juju(keeper, 'attach-storage', 'keeper/0', 'volume/2')
    os.kill(traces.daemon_pid(keeper.env), signal.SIGKILL)
    keeper.pocket('up')
    _until(keeper, _attached_again('keeper/0'), 'it is attached again')
    history = _inside(keeper, 'keeper/0', 'cat /var/lib/juju/storage/volume/2/history')
    # A hook that a killed daemon left behind runs again.
    assert len(history) >= 2
    assert set(history) == {'keeper/0'}
    assert '-volume/2' in _notes(units(keeper.status(MODEL))['keeper/0'])
    started = _starts(keeper)
    _juju(keeper, 'ssh', 'keeper/0', 'sudo', 'systemctl', 'reboot', check=False)
    _until(keeper, lambda _: _starts(keeper) > started, 'it starts again')
    _until(keeper, _attached_again('keeper/0'), 'it is back')
    assert _inside(keeper, 'keeper/0', 'cat /var/lib/juju/storage/volume/2/history') == history
    assert _inside(keeper, 'keeper/0', 'cat /srv/data/history') == ['keeper/0']
    # What was in memory is not, but there is memory again.
    mounted = 'cd /var/lib/juju/storage; for one in scratch/*; do mountpoint -q $one && echo $one; done'
    assert _inside(keeper, 'keeper/0', mounted) == ['scratch/1', 'scratch/3', 'scratch/4']


def test_another_unit_takes_over_what_the_first_leaves(keeper: Site) -> None:
    going = _juju(keeper, 'remove-unit', '--no-prompt', 'keeper/0').stdout
    assert '- will remove storage data/0' in going
    assert '- will detach storage volume/2' in going
    left = _until(keeper, lambda status: not status['machines'], 'the machine goes')
    assert list(left['storage']['storage']) == ['volume/2']
    _juju(keeper, 'add-unit', 'keeper', '--attach-storage', 'volume/2')
    _until(keeper, _attached_again('keeper/1'), 'the second has it')
    history = _inside(keeper, 'keeper/1', 'cat /var/lib/juju/storage/volume/2/history')
    assert (history[0], history[-1]) == ('keeper/0', 'keeper/1')


def test_nothing_is_left_of_it(keeper: Site) -> None:
    refused = keeper.juju('destroy-model', '--no-prompt', MODEL, check=False)
    assert 'use --destroy-storage or --release-storage' in refused.stderr
    keeper.juju('destroy-model', '--no-prompt', '--destroy-storage', MODEL)
    assert _loop_devices(keeper) == []
    assert list((keeper.folder / 'pocket' / 'storage').iterdir()) == []


def _attached(status: Json, storage_id: str) -> Json:
    found: Json = status['storage']['storage'][storage_id]
    return found.get('attachments') or {}


def _attached_again(unit: str) -> Callable[[Json], bool]:
    """Whether *unit* was told of the volume, is idle, and has all its storage."""

    def check(status: Json) -> bool:
        found = units(status).get(unit)
        return (
            found is not None
            and found['juju-status']['current'] == 'idle'
            and found['workload-status'].get('message', '').rpartition('volume/2')[0].endswith('+')
            and unit in _attached(status, 'volume/2').get('units', {})
            and all(each['status']['current'] == 'attached' for each in status['storage']['storage'].values())
        )

    return check
