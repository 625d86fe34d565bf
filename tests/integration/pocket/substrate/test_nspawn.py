"""Real machines: they boot, find each other, survive their daemon, and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bedrock import errors, process
from pocket import settings as settings_
from pocket.model import Base
from pocket.settings import Settings
from pocket.substrate import HostSpec, procs, records
from pocket.substrate.nspawn import Nspawn
from tests import groups

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and nspawn'
    ),
]

_SLEEPS = 'pgrep -x -r R,S,D sleep'
ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root'}


def _spec(number: int, *, memory_mb: int | None = None) -> HostSpec:
    return HostSpec(
        name=f'juju-abc123-{number}',
        model_uuid='model',
        base=Base(name='debian', channel='12'),
        authorized_keys=('ssh-ed25519 AAAA someone',),
        memory_mb=memory_mb,
    )


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncGenerator[Settings]:
    """A home of its own, which must leave nothing on the host."""
    home, cache = str(tmp_path / 'h'), os.environ.get('POCKET_CACHE', '')
    found = settings_.load({'POCKET_HOME': home, 'POCKET_CACHE': cache})
    yield found
    await Nspawn(found).destroy()
    assert _left(found) == []


@pytest.fixture
def nspawn(settings: Settings) -> Nspawn:
    return Nspawn(settings)


def _left(settings: Settings) -> list[str]:
    """What of this home's machines is still on the host."""
    named = [*Path('/sys/class/net').iterdir(), *Path('/run/netns').glob('*')]
    found = [str(path) for path in named if path.name.startswith(f'pk{settings.tag}')]
    found += [str(path) for path in groups.named(f'pocket/{settings.tag}')]
    found += [
        line for line in Path('/proc/self/mountinfo').read_text().splitlines() if str(settings.home) in line
    ]
    found += process.run(['nft', 'list', 'tables'], timeout_s=10).stdout.splitlines()
    machines = settings.home / 'm'
    found += [str(path) for path in machines.iterdir()] if machines.is_dir() else []
    return [one for one in found if not one.startswith('table') or settings.tag in one]


async def _sh(substrate: Nspawn, number: int, script: str, **options: str) -> tuple[int, str]:
    done = await substrate.exec(
        _spec(number).name, ['/bin/sh', '-c', script], env=ENV, timeout_s=60, user=options.get('user', 'root')
    )
    return done.returncode, (done.stdout + done.stderr).decode()


async def test_two_machines_boot_at_once_and_reach_each_other_and_the_archive(nspawn: Nspawn) -> None:
    first, second = await asyncio.gather(nspawn.boot(_spec(0)), nspawn.boot(_spec(1)))
    await nspawn.write_hosts('model', {host.address: (host.name,) for host in (first, second)})
    assert await _sh(nspawn, 0, 'systemctl is-system-running') == (0, 'running\n')
    assert await _sh(nspawn, 1, 'hostname') == (0, f'{second.name}\n')
    code, text = await _sh(nspawn, 0, f'ping -c1 -W5 {second.name}')
    assert (code, f'({second.address})' in text) == (0, True), text
    code, text = await _sh(nspawn, 0, 'apt-get install -qq tree && apt-get update -qq && tree --version')
    assert code == 0, text
    scanned = process.run(['ssh-keyscan', '-t', 'ed25519', second.address], timeout_s=20)
    assert second.ssh_host_keys[0] in scanned.stdout
    assert await nspawn.boot(_spec(0)) == first
    await nspawn.remove(first.name)
    assert first.name not in await nspawn.running()
    assert await _sh(nspawn, 1, 'true') == (0, '')


async def test_a_program_runs_with_its_own_environment_user_folder_and_input(nspawn: Nspawn) -> None:
    host = await nspawn.boot(_spec(0))
    done = await nspawn.exec(
        host.name,
        ['/bin/sh', '-c', 'id -un; pwd; cat; env'],
        env={'A': 'b c'},
        cwd='/home/ubuntu',
        user='ubuntu',
        stdin=b'in\n',
    )
    assert done.stdout.decode().splitlines()[:3] == ['ubuntu', '/home/ubuntu', 'in']
    assert set(done.stdout.decode().splitlines()[3:]) == {'A=b c', 'PWD=/home/ubuntu'}
    lines: list[tuple[str, str]] = []
    done = await nspawn.exec(
        host.name,
        ['/bin/sh', '-c', 'echo one; echo two >&2; printf three'],
        env=ENV,
        on_line=lambda stream, line: lines.append((stream, line)),
    )
    assert sorted(lines) == [('stderr', 'two'), ('stdout', 'one'), ('stdout', 'three')]
    assert done.stdout == b''
    assert (await nspawn.exec(host.name, ['/bin/sh', '-c', 'kill -9 $$'], env=ENV)).returncode == -9
    assert (await _sh(nspawn, 0, 'exit 7'))[0] == 7
    code, text = await _sh(nspawn, 0, 'grep CapBnd /proc/self/status /proc/1/status')
    assert code == 0
    own, init = (line.split()[-1] for line in text.splitlines())
    assert own == init
    code, text = await _sh(nspawn, 0, 'sudo -n id -u', user='ubuntu')
    assert (code, text) == (0, '0\n')
    assert (await _sh(nspawn, 0, 'mknod /tmp/d b 254 0 && head -c1 /tmp/d; touch /run/pocket/x'))[0] != 0


async def test_a_daemon_left_by_a_program_is_not_waited_for(nspawn: Nspawn) -> None:
    await nspawn.boot(_spec(0))
    async with asyncio.timeout(5):
        assert await _sh(nspawn, 0, 'setsid sleep 600 & echo done') == (0, 'done\n')
    assert (await _sh(nspawn, 0, _SLEEPS))[0] == 0


async def test_cancelling_ends_the_program_and_its_children(nspawn: Nspawn) -> None:
    await nspawn.boot(_spec(0))
    started = asyncio.Event()
    running = asyncio.create_task(
        nspawn.exec(
            _spec(0).name,
            ['/bin/sh', '-c', 'trap "" TERM; sleep 600 & echo up; sleep 600; wait'],
            env=ENV,
            on_line=lambda _stream, _line: started.set(),
        )
    )
    async with asyncio.timeout(10):
        await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await _sh(nspawn, 0, _SLEEPS))[0] == 1


async def test_the_next_daemon_adopts_a_machine_and_ends_its_stale_program(
    nspawn: Nspawn, settings: Settings
) -> None:
    host = await nspawn.boot(_spec(0))
    code = f"""
import asyncio
from pocket import settings
from pocket.substrate.nspawn import Nspawn
asyncio.run(Nspawn(settings.load({{'POCKET_HOME': {str(settings.home)!r}}})).exec(
    {host.name!r}, ['/bin/sh', '-c', 'touch /tmp/up; exec sleep 600'], env={{}}, key='app/0'))
"""
    other = await process.start([sys.executable, '-c', code])
    async with asyncio.timeout(20):
        while (await _sh(nspawn, 0, 'test -e /tmp/up'))[0] != 0:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.05)
    os.killpg(other.pid, signal.SIGKILL)
    await other.communicate()
    assert (await _sh(nspawn, 0, _SLEEPS))[0] == 0
    heir = Nspawn(settings)
    assert await heir.running() == {host.name: host}
    await heir.kill_stale(host.name, 'app/0')
    assert (await _sh(heir, 0, _SLEEPS))[0] == 1
    assert await heir.boot(_spec(0)) == host


async def test_a_machine_that_died_starts_again_with_its_files(nspawn: Nspawn, settings: Settings) -> None:
    host = await nspawn.boot(_spec(0))
    assert (await _sh(nspawn, 0, 'echo kept >/root/file'))[0] == 0
    record = records.load(settings.home / 'm' / host.name)
    assert record is not None
    assert record.supervisor is not None
    os.kill(record.supervisor.pid, signal.SIGKILL)
    os.kill(host.leader_pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        await nspawn.wait_ended(host.name)
    assert await nspawn.running() == {}
    with pytest.raises(errors.Fault, match='it does not run'):
        await _sh(nspawn, 0, 'true')
    again = await nspawn.boot(_spec(0))
    assert (again.address, again.ssh_host_keys) == (host.address, host.ssh_host_keys)
    assert again.leader_pid != host.leader_pid
    assert await _sh(nspawn, 0, 'cat /root/file') == (0, 'kept\n')


async def test_a_machine_whose_supervisor_was_killed_is_removed_whole(
    nspawn: Nspawn, settings: Settings
) -> None:
    host = await nspawn.boot(_spec(0))
    record = records.load(settings.home / 'm' / host.name)
    assert record is not None
    assert record.supervisor is not None
    os.kill(record.supervisor.pid, signal.SIGKILL)
    await nspawn.remove(host.name)
    assert procs.identify(host.leader_pid) is None
    assert not (settings.home / 'm' / host.name).exists()


async def test_what_a_crash_left_half_made_is_swept(nspawn: Nspawn, settings: Settings) -> None:
    await nspawn.boot(_spec(0))
    (settings.home / 'm' / 'juju-abc123-8' / 'upper').mkdir(parents=True)
    process.run(['ip', 'netns', 'add', f'pk{settings.tag}-juju-abc123-9'], timeout_s=10)
    await Nspawn(settings).sweep(frozenset({_spec(0).name}))
    assert os.listdir(settings.home / 'm') == [_spec(0).name]
    assert f'pk{settings.tag}-juju-abc123-9' not in os.listdir('/run/netns')
    assert list(await nspawn.running()) == [_spec(0).name]


async def test_a_memory_limit_reaches_the_machine(settings: Settings) -> None:
    notes: list[str] = []
    nspawn = Nspawn(settings, note=notes.append)
    await nspawn.boot(_spec(0, memory_mb=64))
    if notes:
        pytest.skip(notes[0])
    code, _ = await _sh(nspawn, 0, "python3 -c 'b = bytearray(200 * 2**20)'")
    assert code in (-9, 137)
