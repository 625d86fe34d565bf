"""Machines with users of their own: all that others do, and root in one is nobody on the host."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bedrock import errors, process
from pocket import settings as settings_
from pocket.agents import toolserver
from pocket.model import Base
from pocket.settings import Settings
from pocket.substrate import Filesystem, Host, HostSpec, cgroups, idmap, isolation, ranges, records
from pocket.substrate.nspawn import Nspawn
from tests import groups

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and nspawn'
    ),
]

ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LC_ALL': 'C'}
LISTEN = "import socket; s = socket.create_server(('', 80)); s.accept()[0].send(b'hello')"
STORAGE = tuple(
    Filesystem(key=f'users-{provider}', provider=provider, size_mib=32, mount_point=f'/srv/{provider}')
    for provider in ('rootfs', 'tmpfs', 'loop')
)


def _spec(number: int) -> HostSpec:
    base = Base(name='debian', channel='12')
    return HostSpec(
        name=f'juju-abc123-{number}', model_uuid='model', base=base, memory_mb=512, authorized_keys=('x y z',)
    )


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncGenerator[Settings]:
    home, cache = str(tmp_path / 'h'), os.environ.get('POCKET_CACHE', '')
    found = settings_.load({'POCKET_HOME': home, 'POCKET_CACHE': cache, 'POCKET_ISOLATION': 'users'})
    yield found
    await Nspawn(found).destroy()
    assert _ranges_of(found) == []
    assert _left(found) == []
    assert not (found.home / isolation.FILE).exists()
    assert list((found.home / 'm').glob('*')) == []


@pytest.fixture
def nspawn(settings: Settings) -> Nspawn:
    return Nspawn(settings)


def _left(settings: Settings) -> list[str]:
    """Groups, networks and mounts of a home."""
    found = [str(path) for path in groups.named(f'pocket/{settings.tag}')]
    found += [str(path) for path in Path('/run/netns').glob(f'pk{settings.tag}*')]
    mounts = Path('/proc/self/mountinfo').read_text().splitlines()
    return found + [line for line in mounts if str(settings.home) in line]


def _ranges_of(settings: Settings) -> list[int]:
    """The first users that machines of a home have."""
    links = [(link, Path(os.readlink(link))) for link in ranges.FOLDER.glob('*')]
    return [int(link.name) for link, folder in links if settings.home in folder.parents]


async def _sh(nspawn: Nspawn, host: Host, script: str, user: str = 'root') -> tuple[int, str]:
    done = await nspawn.exec(host.name, ['/bin/sh', '-c', script], env=ENV, timeout_s=60, user=user)
    return done.returncode, (done.stdout + done.stderr).decode()


async def test_a_machine_is_whole_and_its_root_is_nobody_on_the_host(
    nspawn: Nspawn, settings: Settings
) -> None:
    host = await nspawn.boot(_spec(0))
    (first,) = _ranges_of(settings)
    assert host.isolation == 'users'

    # A machine like any other: services, names, network both ways, packages, ssh, storage.
    assert await _sh(nspawn, host, 'systemctl is-system-running') == (0, 'running\n')
    assert await _sh(nspawn, host, 'systemd-run --quiet --wait touch /root/made; stat -c %u /root/made') == (
        0,
        '0\n',
    )
    code, text = await _sh(nspawn, host, 'apt-get install -qq tree && tree --version')
    assert code == 0, text
    scanned = process.run(['ssh-keyscan', '-t', 'ed25519', host.address], timeout_s=20)
    assert host.ssh_host_keys[0] in scanned.stdout
    assert (await _sh(nspawn, host, f'setsid python3 -c "{LISTEN}" >/dev/null 2>&1 & sleep 1'))[0] == 0
    with socket.create_connection((host.address, 80), 10) as connected:
        assert connected.recv(100) == b'hello'
    code, text = await _sh(
        nspawn, host, 'set -e; ip link add br9 type bridge; nft --version || :; ip link del br9'
    )
    assert code == 0, text
    assert await _sh(nspawn, host, 'echo heard >/dev/stderr') == (0, 'heard\n')
    assert await _sh(nspawn, host, 'sudo -n id -u; stat -c %U ~ubuntu/.ssh/authorized_keys', 'ubuntu') == (
        0,
        '0\nubuntu\n',
    )
    for filesystem in STORAGE:
        assert await nspawn.mount(host.name, filesystem) >= 32
        assert await nspawn.mount(host.name, filesystem) >= 32
        script = f'cd {filesystem.mount_point} && touch x && chown ubuntu x && stat -c %u . x'
        assert await _sh(nspawn, host, script) == (0, '0\n1000\n'), filesystem
    code, text = await _sh(nspawn, host, 'grep CapBnd /proc/self/status /proc/1/status')
    own, init = (line.split()[-1] for line in text.splitlines())
    assert own == init

    # Hook tools reach their agent.
    toolserver.install_programs(host.run_dir)
    async with toolserver.ToolServer(host.run_dir / 'unit-x-0.socket', _refuse):
        link = 'ln -s /run/pocket/hook-tool /tmp/unit-get; exec /tmp/unit-get private-address'
        script = f'export JUJU_CONTEXT_ID=x JUJU_AGENT_SOCKET_ADDRESS=/run/pocket/unit-x-0.socket; {link}'
        assert 'no hook runs with context id' in (await _sh(nspawn, host, script))[1]

    # On the host all of it is somebody else's.
    users = process.run(['ps', '-o', 'uid=', '--ppid', str(host.leader_pid)], timeout_s=10).stdout.split()
    assert users
    assert all(first <= int(user) < first + idmap.SIZE for user in users)
    folder = settings.home / 'm' / host.name
    assert (folder / 'upper' / 'root' / 'made').stat().st_uid == first
    assert (folder / 'upper' / 'home' / 'ubuntu' / '.ssh').stat().st_uid == first + 1000
    assert (folder / 'hosts').stat().st_uid == first

    # Nor does root get anywhere by going out of its way.
    refused = {
        'a device': 'mknod /tmp/d b 254 0',
        'the tools of its agents': 'mount -o remount,bind,rw /run/pocket; touch /run/pocket/x',
        'volumes of others': 'mount -o remount,bind,rw /run/pocket-storage; touch /run/pocket-storage/x',
        'a kernel setting': 'mount -o remount,rw,bind /proc/sys; echo 1 >/proc/sys/vm/swappiness',
        'a sysfs file': 'mount -o remount,rw,bind /sys/kernel; echo 1 >/sys/kernel/mm/ksm/run',
        'its limits': 'cd /sys/fs/cgroup/memory && echo -1 >memory.limit_in_bytes',
        'the users of another': f'setpriv --reuid={idmap.SIZE} true',
        'the clock': 'date -s 2001-01-01',
    }
    assert [what for what, script in refused.items() if (await _sh(nspawn, host, script))[0] == 0] == []


async def test_a_machine_keeps_its_users_whatever_comes(nspawn: Nspawn, settings: Settings) -> None:
    host = await nspawn.boot(_spec(0))
    assert (await _sh(nspawn, host, 'echo kept >/root/file'))[0] == 0
    given = _ranges_of(settings)
    record = records.load(settings.home / 'm' / host.name)
    assert record is not None
    assert [record.users] == given
    # The next daemon was told otherwise: that is for new machines.
    other = settings_.load(
        {
            'POCKET_HOME': str(settings.home),
            'POCKET_CACHE': str(settings.cache),
            'POCKET_ISOLATION': 'capabilities',
        }
    )
    heir = Nspawn(other)
    assert await heir.running() == {host.name: host}
    assert await _sh(heir, host, 'cat /root/file') == (0, 'kept\n')
    assert record.supervisor is not None
    for pid in (record.supervisor.pid, host.leader_pid):
        os.kill(pid, 9)
    await heir.wait_ended(host.name)
    again = await heir.boot(_spec(0))
    assert (again.isolation, again.address, _ranges_of(settings)) == ('users', host.address, given)
    assert await _sh(heir, again, 'stat -c %u /root/file; systemctl is-system-running') == (0, '0\nrunning\n')
    new = await heir.boot(_spec(1))
    assert (new.isolation, _ranges_of(settings)) == ('capabilities', given)
    assert (await _sh(heir, new, f'ping -c1 -W5 {again.address}'))[0] == 0
    await heir.remove(host.name)
    assert _ranges_of(settings) == []


async def test_they_are_the_default_where_all_control_groups_are_of_version_two(settings: Settings) -> None:
    """Which a mount namespace can have on any host that has that version at all."""
    script = """
import asyncio
from pocket import settings
from pocket.model import Base
from pocket.substrate import HostSpec
from pocket.substrate.nspawn import Nspawn

async def main():
    nspawn = Nspawn(settings.load())
    spec = HostSpec(name='juju-abc123-0', model_uuid='model', base=Base(name='debian', channel='12'))
    try:
        host = await nspawn.boot(spec)
        script = 'systemctl is-system-running; cat /proc/self/cgroup; apt-get install -qq tree >&2'
        env = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'}
        done = await nspawn.exec(host.name, ['/bin/sh', '-c', script], env=env)
        print(host.isolation, done.returncode, *done.stdout.decode().split())
    finally:
        await nspawn.destroy()

asyncio.run(main())
"""
    remount = 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"'
    apart = ['unshare', '--mount', '--propagation=private', '--', '/bin/sh', '-c', remount, 'sh']
    env = {
        'PATH': os.environ['PATH'],
        'POCKET_HOME': str(settings.home),
        'POCKET_CACHE': str(settings.cache),
    }
    done = await process.arun([*apart, sys.executable, '-c', script], env=env, timeout_s=120)
    assert done.stdout.startswith('users 0 running '), done.stdout
    assert '0::/' in done.stdout


async def test_what_cannot_be_is_not_made_in_another_way(
    nspawn: Nspawn, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isolation.probed(settings, cgroups.here()) == ''
    # /proc stands for a filesystem that cannot be shown with shifted users.
    shown = process.run(idmap_command('mount', '/proc', str(settings.home)), timeout_s=20, check=False)
    assert (shown.returncode, 'cannot mount /proc with shifted users' in shown.stderr) == (1, True)

    def refuse(*_: object) -> str:
        return 'the kernel refuses user namespaces'

    monkeypatch.setattr('pocket.substrate.isolation.probed', refuse)
    with pytest.raises(errors.Fault, match='users of its own: the kernel refuses user namespaces'):
        await nspawn.boot(_spec(0))
    assert await nspawn.running() == {}


def idmap_command(verb: str, source: str, target: str) -> list[str]:
    """`isolation.command` where mounts are seen by nobody else."""
    inner = isolation.command(verb, source, target, ranges.FIRST)
    return ['unshare', '--mount', '--propagation=private', '--', *inner]


async def _refuse(*_: object) -> None:
    raise AssertionError('no tool was to have an effect')
