"""What a program in a machine cannot reach, as root and without going out of its way.

A machine is no virtual machine: root in it holds CAP_SYS_ADMIN in the host's user namespace, so whoever means
harm can undo read-only mounts. What is checked for that case is that the host does not follow such a one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import zipfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from bedrock import process
from pocket import settings as settings_
from pocket.agents import charmdir, toolserver
from pocket.agents.paths import HOOK_TOOL
from pocket.model import Base
from pocket.settings import Settings
from pocket.substrate import Host, HostSpec
from pocket.substrate.nspawn import Nspawn

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and nspawn'
    ),
]

ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LC_ALL': 'C'}
REFUSED = {'CAP_SYS_MODULE': 16, 'CAP_SYS_RAWIO': 17, 'CAP_SYS_TIME': 25}
"""Capabilities, by number, to load modules, to reach devices past the kernel, to set the clock."""
CONNECT = """
import socket, sys
for address in sys.argv[2:]:
    try:
        socket.create_connection((address, int(sys.argv[1])), 1).close()
        print(address)
    except OSError:
        pass
"""


# finit_module is refused before the file is looked at, if there is one; other errors mean it was not.
_LOAD_MODULE = """
import ctypes, errno, os
number = {'x86_64': 313, 'aarch64': 273}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall(number, open('/etc/hostname').fileno(), b'', 0)
exit(ctypes.get_errno() in (errno.EPERM, errno.ENOSYS))
"""


def _spec(name: str) -> HostSpec:
    return HostSpec(name=name, model_uuid='model', base=Base(name='debian', channel='12'))


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncGenerator[Settings]:
    """A home whose path is longer than a socket's address may be."""
    home = tmp_path / ('long' * 30)
    found = settings_.load({'POCKET_HOME': str(home), 'POCKET_CACHE': os.environ.get('POCKET_CACHE', '')})
    yield found
    await Nspawn(found).destroy()


@pytest.fixture
def nspawn(settings: Settings) -> Nspawn:
    return Nspawn(settings)


@pytest.fixture
async def host(nspawn: Nspawn) -> Host:
    return await nspawn.boot(_spec('juju-abc123-0'))


@pytest.fixture
def service() -> Generator[int]:
    """A service of the host that listens everywhere, as the API's port would be if it did."""
    with socket.create_server(('0.0.0.0', 0)) as listening:
        yield listening.getsockname()[1]


async def _run(nspawn: Nspawn, host: Host, *argv: str, stdin: bytes | None = None) -> tuple[int, str]:
    done = await nspawn.exec(host.name, argv, env=ENV, timeout_s=60, stdin=stdin)
    return done.returncode, (done.stdout + done.stderr).decode()


async def _sh(nspawn: Nspawn, host: Host, script: str) -> tuple[int, str]:
    return await _run(nspawn, host, '/bin/sh', '-c', script)


async def test_no_service_of_the_host_can_be_connected_to(nspawn: Nspawn, host: Host, service: int) -> None:
    links = json.loads(process.run(['ip', '-j', '-4', 'address'], timeout_s=10).stdout)
    # Bridges of other homes have addresses of services, where the host is not the one who answers.
    own = (link['addr_info'] for link in links if not link['ifname'].startswith('pk'))
    addresses = {'127.0.0.1', *(one['local'] for found in own for one in found)}
    code, gateway = await _sh(nspawn, host, "ip route show default | cut -d' ' -f3")
    assert code == 0
    addresses.add(gateway.strip())
    for address in addresses:
        with contextlib.closing(socket.create_connection((address, service), 5)):
            pass  # the host itself can
    reached = await _run(nspawn, host, 'python3', '-c', CONNECT, str(service), *addresses)
    assert reached == (0, '')


async def test_machines_of_another_home_are_not_reached(nspawn: Nspawn, host: Host, tmp_path: Path) -> None:
    """Nor those of another model, which the tests of networks show."""
    cache = os.environ.get('POCKET_CACHE', '')
    neighbour = Nspawn(settings_.load({'POCKET_HOME': str(tmp_path / 'other'), 'POCKET_CACHE': cache}))
    try:
        other = await neighbour.boot(_spec('juju-def456-0'))
        assert (await _sh(nspawn, host, f'ping -c1 -W2 {other.address}'))[0] != 0
        assert (await _sh(neighbour, other, f'ping -c1 -W2 {host.address}'))[0] != 0
    finally:
        await neighbour.destroy()


async def test_the_hosts_processes_mounts_and_disks_are_not_there(nspawn: Nspawn, host: Host) -> None:
    code, text = await _sh(nspawn, host, 'ps -eo comm=')
    assert code == 0
    assert 'systemd-nspawn' not in text
    assert text.splitlines()[0] == 'systemd'
    assert (await _sh(nspawn, host, f'kill -0 {os.getpid()}'))[0] != 0
    assert (await _sh(nspawn, host, f'ls {Path(__file__).parent}'))[0] != 0
    assert (await _sh(nspawn, host, 'ls /proc/1/root/work /proc/1/root/host'))[0] != 0
    disk = os.stat('/').st_dev
    script = f'mknod /tmp/disk b {os.major(disk)} {os.minor(disk)}; head -c1 /tmp/disk'
    code, text = await _sh(nspawn, host, script)
    assert (code != 0, 'Operation not permitted' in text) == (True, True), text


async def test_kernel_and_clock_are_the_hosts(nspawn: Nspawn, host: Host) -> None:
    before = _swappiness()
    code, text = await _sh(nspawn, host, 'echo 1 >/proc/sys/vm/swappiness')
    assert (code != 0, 'Read-only file system' in text) == (True, True), text
    assert _swappiness() == before
    assert 'cannot set date' in (await _sh(nspawn, host, 'date -s 2001-01-01'))[1]
    code, text = await _sh(nspawn, host, 'grep CapBnd /proc/self/status')
    bounding = int(text.split()[1], 16)
    assert [name for name, bit in REFUSED.items() if bounding >> bit & 1] == []
    code, text = await _sh(nspawn, host, 'touch /run/pocket/x')
    assert (code != 0, 'Read-only file system' in text) == (True, True), text


async def test_the_hosts_kernel_settings_groups_and_modules_are_out_of_reach(
    nspawn: Nspawn, host: Host
) -> None:
    refused = {
        'a module': f'python3 -c "{_LOAD_MODULE}"',
        'a kernel setting': 'echo 1 >/proc/sys/kernel/sysrq',
        'a sysfs file': 'echo 1 >/sys/kernel/mm/ksm/run',
        'a trigger': 'echo h >/proc/sysrq-trigger',
        'memory': 'mknod /tmp/mem c 1 1 && head -c1 /tmp/mem',
        'a kernel log': 'mknod /tmp/kmsg c 1 11 && head -c1 /tmp/kmsg',
        'a port': 'mknod /tmp/port c 1 4 && head -c1 /tmp/port',
        'another group': 'ls -d /sys/fs/cgroup/*/../pocket /sys/fs/cgroup/pocket',
    }
    allowed = [what for what, script in refused.items() if (await _sh(nspawn, host, script))[0] == 0]
    assert allowed == []


async def test_a_charm_that_plants_links_leads_the_host_nowhere(
    nspawn: Nspawn, host: Host, tmp_path: Path
) -> None:
    """An upgrade unpacks inside the machine: a link in it leads to the machine's own files."""
    target = tmp_path / 'target'
    target.mkdir()
    archive = tmp_path / 'x.charm'
    with zipfile.ZipFile(archive, 'w') as packed:
        packed.writestr('metadata.yaml', 'name: x\n')
        packed.writestr('dispatch', '#!/bin/sh\n')
    stream = charmdir.stream(archive, unit='x/0', hook_tool='/run/pocket/hook-tool', tool_names=['juju-log'])
    for place in ('agents/unit-x-0/charm', 'agents/unit-x-0/state', 'tools/unit-x-0', 'agents/unit-x-0'):
        script = f'cd /var/lib && mkdir -p juju/{place} && rm -r juju/{place} && ln -s {target} juju/{place}'
        assert await _sh(nspawn, host, f'rm -rf /var/lib/juju; mkdir -p {target}; {script}') == (0, '')
        unpack = ('/bin/sh', '-c', charmdir.SCRIPT, '/var/lib/juju', 'unit-x-0')
        await _run(nspawn, host, *unpack, stdin=stream)
        await _sh(nspawn, host, 'rm -rf -- /var/lib/juju/agents/unit-x-0 /var/lib/juju/tools/unit-x-0')
        assert list(target.iterdir()) == [], place


async def test_links_in_the_run_folder_are_not_followed(nspawn: Nspawn, host: Host, tmp_path: Path) -> None:
    precious = tmp_path / 'precious'
    precious.write_text('mine')
    precious.chmod(0o640)
    link = f'ln -sf {precious}'
    script = (
        f'mount -o remount,bind,rw /run/pocket && cd /run/pocket && {link} {HOOK_TOOL} && {link} u.socket'
    )
    code, text = await _sh(nspawn, host, script)
    if code != 0:
        assert 'mount' in text, text
        return  # the machine cannot even plant them, which is as good
    toolserver.install_programs(host.run_dir)
    async with toolserver.ToolServer(host.run_dir / 'u.socket', _refuse):
        assert not (host.run_dir / 'u.socket').is_symlink()
    assert (precious.read_text(), precious.stat().st_mode & 0o777) == ('mine', 0o640)
    assert not (host.run_dir / HOOK_TOOL).is_symlink()
    assert (await _sh(nspawn, host, f'test -x /run/pocket/{HOOK_TOOL}'))[0] == 0


async def test_hook_tools_reach_their_agent_however_long_the_homes_path_is(
    nspawn: Nspawn, host: Host
) -> None:
    path = host.run_dir / 'unit-x-0.socket'
    assert len(str(path)) > 150
    toolserver.install_programs(host.run_dir)
    async with toolserver.ToolServer(path, _refuse):
        script = 'ln -s /run/pocket/hook-tool /tmp/unit-get; exec /tmp/unit-get private-address'
        env = {**ENV, 'JUJU_CONTEXT_ID': 'x', 'JUJU_AGENT_SOCKET_ADDRESS': '/run/pocket/unit-x-0.socket'}
        async with asyncio.timeout(20):
            done = await nspawn.exec(host.name, ['/bin/sh', '-c', script], env=env)
    assert b'no hook runs with context id' in done.stderr


async def test_the_hosts_other_users_do_not_reach_the_machines_files(settings: Settings, host: Host) -> None:
    """Among them are programs with the set-user-id bit that only the machine vouches for."""
    del host
    nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--']
    done = process.run([*nobody, 'ls', str(settings.home / 'm')], timeout_s=10, check=False)
    assert done.returncode != 0
    assert (settings.home / 'm').stat().st_mode & 0o077 == 0


def _swappiness() -> str:
    return Path('/proc/sys/vm/swappiness').read_text()


async def _refuse(*_: object) -> None:
    raise AssertionError('no tool was to have an effect')
