"""Real pods: Pebbles in containers that share a network, start again, outlive the daemon, and go whole."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http.client
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from bedrock import errors, process
from bedrock.oci import layers, writer
from bedrock.oci.model import Config, this_architecture
from pocket import settings as settings_
from pocket.agents.pods import rollout
from pocket.agents.pods.containers import Containers
from pocket.agents.site import Site
from pocket.model import Base
from pocket.model.pods import ContainerSpec, OciReference, PodSpec
from pocket.services import models, statuses
from pocket.settings import Settings
from pocket.state import State
from pocket.substrate import Filesystem, Host, HostSpec, procs, records
from pocket.substrate.nspawn import Nspawn
from pocket.substrate.pods import pebbles
from tests import groups

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and nspawn'
    ),
    pytest.mark.skipif(not pebbles.find_go() and not shutil.which('pebble'), reason='needs Pebble or Go'),
]

ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root'}
PEBBLE = '/charm/bin/pebble'
VOLUME = 'app-data-0'
DB = ContainerSpec(name='db', image=None, mounts={'/srv/data': VOLUME})


def _spec(*containers: ContainerSpec) -> HostSpec:
    pod = PodSpec(
        hostname='app-0',
        containers=containers,
        mounts={'/var/lib/juju/storage/data/0': VOLUME},
        environment={'KUBERNETES_SERVICE_PORT': '6443'},
    )
    return HostSpec(name=NAME, model_uuid='model', base=Base(name='debian', channel='12'), pod=pod)


NAME = f'juju-{os.getpid() % 16**6:06x}-0'
"""Nobody else's: what is left of it is looked for on the whole host."""


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncGenerator[Settings]:
    """A home of its own, which must leave nothing on the host."""
    home, cache = str(tmp_path / 'h'), os.environ.get('POCKET_CACHE', '')
    found = settings_.load({'POCKET_HOME': home, 'POCKET_CACHE': cache})
    yield found
    await Nspawn(found).destroy()
    assert _left(found) == []


def _left(settings: Settings) -> list[str]:
    named = [*Path('/sys/class/net').iterdir(), *Path('/run/netns').glob('*')]
    found = [str(path) for path in named if path.name.startswith(f'pk{settings.tag}')]
    found += [str(path) for path in groups.named(f'pocket/{settings.tag}')]
    found += [str(path) for path in Path('/run').glob(f'pocket-{settings.tag}*')]
    found += [str(path) for path in Path('/run/systemd/nspawn/propagate').glob(f'{NAME}*')]
    mounts = Path('/proc/self/mountinfo').read_text().splitlines()
    found += [line for line in mounts if str(settings.home) in line]
    machines = settings.home / 'm'
    found += [str(path) for path in machines.iterdir()] if machines.is_dir() else []
    for entry in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            argv = (entry / 'cmdline').read_text()
            found += [argv] if f'--directory={settings.home}' in argv else []
    return found


@pytest.fixture(scope='module')
def spec(tmp_path_factory: pytest.TempPathFactory) -> HostSpec:
    """A pod of two workloads; the image of one has nothing but a few files: no shell, no library."""
    folder = tmp_path_factory.mktemp('image')
    tree = folder / 'tree'
    (tree / 'run' / 'app').mkdir(parents=True)
    (tree / 'work').mkdir()
    (tree / 'run' / 'app' / 'file').write_text('of the image')
    layer = layers.write(tree, folder / 'layer', epoch=0)
    config = Config(
        architecture=this_architecture(), environment=('COLOUR=red', 'PATH=/charm/bin'), folder='/work'
    )
    writer.write(folder / 'bare', [layer], config, tag='latest')
    image = OciReference(path=f'oci:{folder / "bare"}')
    return _spec(ContainerSpec(name='bare', image=image, uid=33, gid=34), DB)


@pytest.fixture
def nspawn(settings: Settings) -> Nspawn:
    return Nspawn(settings)


async def _sh(substrate: Nspawn, script: str, *, container: str = '', user: str = 'root') -> tuple[int, str]:
    argv = ['/bin/sh', '-c', script]
    done = await substrate.exec(NAME, argv, env=ENV, timeout_s=30, container=container, user=user)
    return done.returncode, (done.stdout + done.stderr).decode()


def _ask(host: Host, container: str) -> str:
    """The boot id that a container's Pebble names."""
    with socket.socket(socket.AF_UNIX) as client:
        fd = os.open(host.pebbles[container], os.O_PATH | os.O_NOFOLLOW)
        client.connect(f'/proc/self/fd/{fd}')
        os.close(fd)
        client.sendall(b'GET /v1/system-info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return str(json.loads(answer.read())['result']['boot-id'])


def _workload_pid(settings: Settings, name: str) -> int:
    record = records.load(settings.home / 'm' / NAME)
    assert record is not None
    assert record.pod is not None
    workload = record.pod.workload(name)
    assert workload is not None
    assert workload.leader is not None
    return workload.leader.pid


async def test_the_containers_of_a_pod_share_a_network_and_each_has_pebble(
    nspawn: Nspawn, settings: Settings, spec: HostSpec
) -> None:
    host = await nspawn.boot(spec)
    assert sorted(host.pebbles) == ['bare', 'db']
    assert _ask(host, 'bare') != _ask(host, 'db')
    assert await nspawn.boot(spec) == host
    for container in ('db', 'bare'):
        asked = f'curl -sS --unix-socket /charm/containers/{container}/pebble.socket http://x/v1/health'
        code, text = await _sh(nspawn, asked)
        assert (code, '"healthy":true' in text) == (0, True), text
    for container in ('', 'db'):
        assert await _sh(nspawn, 'hostname', container=container) == (0, 'app-0\n')
    serve = 'setsid python3 -m http.server --bind 127.0.0.1 80 >/srv/data/log 2>&1 </dev/null &'
    assert await _sh(nspawn, f'chmod 777 /srv/data; {serve}', container='db') == (0, '')
    fetch = 'curl -s --retry 9 --retry-delay 1 --retry-connrefused http://localhost/ | head -c 9'
    assert await _sh(nspawn, fetch) == (0, '<!DOCTYPE')
    ipc = [(await _sh(nspawn, 'readlink /proc/self/ns/ipc', container=one))[1] for one in ('', 'db')]
    assert ipc[0] == ipc[1] != os.readlink('/proc/self/ns/ipc')
    # No more rights than Kubernetes gives, in what is started later as well.
    code, text = await _sh(nspawn, 'grep -h CapBnd /proc/self/status /proc/1/status; mount -t tmpfs x /mnt')
    assert code != 0
    assert {line.split()[1] for line in text.splitlines() if 'CapBnd' in line} == {'00000000a00425fb'}
    assert (await _sh(nspawn, 'ip link add x0 type dummy; touch /run/pocket/x', container=''))[0] != 0
    assert await _sh(nspawn, 'id -un; pwd; kill -9 $$', user='ubuntu') == (-9, 'ubuntu\n/\n')
    assert await _sh(nspawn, 'id -u; id -G', user='ubuntu', container='db') == (0, '1000\n1000 4 27\n')
    assert await _sh(nspawn, 'id -u; id -G', user='77') == (0, '77\n77\n')
    with pytest.raises(errors.Fault, match='cannot run a program in container web'):
        await _sh(nspawn, 'true', container='web')


async def test_an_image_without_any_program_runs_with_its_own_user_environment_and_files(
    nspawn: Nspawn, settings: Settings, spec: HostSpec
) -> None:
    await nspawn.boot(spec)
    own = Path(f'/proc/{_workload_pid(settings, "bare")}')
    status = (own / 'status').read_text()
    assert 'Uid:\t33\t33\t33\t33' in status
    assert 'Gid:\t34\t34\t34\t34' in status
    assert 'CapEff:\t0000000000000000' in status
    environ = set((own / 'environ').read_text().split('\0'))
    assert {'COLOUR=red', 'PATH=/charm/bin', 'JUJU_CONTAINER_NAME=bare', 'HOSTNAME=app-0'} <= environ
    assert 'KUBERNETES_SERVICE_PORT=6443' in environ
    account = own / 'root/var/run/secrets/kubernetes.io/serviceaccount'
    assert account.is_dir()
    foreign = ('USER=', 'LOGNAME=', 'TERM=', 'NOTIFY_SOCKET=', 'container')
    assert not [entry for entry in environ if entry.startswith(foreign)]
    assert os.readlink(own / 'cwd') == '/work'
    assert (own / 'root' / 'run' / 'app' / 'file').read_text() == 'of the image'
    env = {'PATH': '/charm/bin', 'PEBBLE_SOCKET': '/charm/container/pebble.socket'}
    done = await nspawn.exec(NAME, ['pebble', 'ls', '/run'], env=env, container='bare')
    assert (done.returncode, b'app\n' in done.stdout) == (0, True), done.stderr
    done = await nspawn.exec(NAME, ['absent'], env={}, container='bare')
    assert (done.returncode, done.stderr) == (127, b'cannot run absent: there is no such program\n')
    done = await nspawn.exec(NAME, [PEBBLE], env={}, container='bare', user='nobody')
    assert (done.returncode, done.stderr.endswith(b'it has no such user\n')) == (126, True)


async def test_a_workload_that_was_killed_starts_anew_and_its_volume_stays(
    nspawn: Nspawn, settings: Settings, spec: HostSpec
) -> None:
    host = await nspawn.boot(spec)
    before, other = _ask(host, 'db'), _workload_pid(settings, 'bare')
    assert (await _sh(nspawn, 'echo a >/srv/data/kept; echo b >/root/lost', container='db'))[0] == 0
    waiting = asyncio.create_task(nspawn.wait_container_ended(NAME))
    await asyncio.sleep(0)
    os.kill(_workload_pid(settings, 'db'), signal.SIGKILL)
    async with asyncio.timeout(10):
        assert await waiting == 'db'
    await nspawn.start_container(NAME, 'db')
    assert _ask(host, 'db') != before
    assert _workload_pid(settings, 'bare') == other
    assert await _sh(nspawn, 'cat /srv/data/kept; ls /root', container='db') == (0, 'a\n')
    assert await _sh(nspawn, 'cat /var/lib/juju/storage/data/0/kept') == (0, 'a\n')
    assert (await nspawn.running())[NAME] == host


async def test_a_pod_starts_again_as_another_and_only_its_volumes_stay(
    nspawn: Nspawn, settings: Settings, spec: HostSpec
) -> None:
    host = await nspawn.boot(spec)
    storage = Filesystem(key=VOLUME, provider='kubernetes', size_mib=64, mount_point='/srv/data')
    assert await nspawn.mount(NAME, storage) == 64
    assert (await _sh(nspawn, 'echo a >/srv/data/kept', container='db'))[0] == 0
    assert (await _sh(nspawn, 'echo b >/root/lost'))[0] == 0
    with pytest.raises(errors.Fault, match='still has it'):
        await nspawn.delete_volume(VOLUME)
    ended = asyncio.create_task(nspawn.wait_ended(NAME))
    await asyncio.sleep(0)
    await nspawn.reboot(NAME)
    async with asyncio.timeout(5):
        await ended
    assert await nspawn.running() == {}
    again = await nspawn.boot(_spec(DB))
    assert (again.address, again.boot_id == host.boot_id, list(again.pebbles)) == (
        host.address,
        False,
        ['db'],
    )
    assert await _sh(nspawn, 'cat /srv/data/kept', container='db') == (0, 'a\n')
    assert await _sh(nspawn, 'ls /root /charm/containers') == (0, '/charm/containers:\ndb\n\n/root:\n')
    await nspawn.remove(NAME)
    await nspawn.sweep_volumes(frozenset({VOLUME}))
    assert (settings.home / 'storage' / VOLUME / 'kept').read_text() == 'a\n'
    await nspawn.delete_volume(VOLUME)
    assert not (settings.home / 'storage' / VOLUME).exists()


async def test_a_container_that_waits_for_its_next_start_keeps_no_other_waiting(
    nspawn: Nspawn, settings: Settings, spec: HostSpec, tmp_path: Path
) -> None:
    host = await nspawn.boot(spec)
    state = State(tmp_path / 'state.db')
    site = Site(state=state, substrate=nspawn)
    model = await state.write(models.add, name='m', owner='admin', cloud='k8s', region='default')
    containers = Containers(site, model_uuid=model, pod_id='0', host_name=NAME, hostname='app-0')
    looking_after = asyncio.create_task(containers.run())
    watch = state.watch('status')

    def said() -> str:
        row = state.read(lambda tx: statuses.get(tx, model, 'instance', '0'))
        return row.message if row else ''

    async def until(done: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not done():
                await watch.changed()

    try:
        # The first time it is started at once, the second time after ten seconds.
        os.kill(_workload_pid(settings, 'bare'), signal.SIGKILL)
        await until(lambda: said() == 'Running')
        os.kill(_workload_pid(settings, 'bare'), signal.SIGKILL)
        await until(lambda: said().startswith('crash loop backoff: back-off 10s'))
        began, boot = time.monotonic(), _ask(host, 'db')
        os.kill(_workload_pid(settings, 'db'), signal.SIGKILL)
        await until(lambda: said() == 'Running')
        assert time.monotonic() - began < rollout.RESTART_FIRST_S
        assert _ask(host, 'db') != boot
        assert not procs.alive(procs.identify(_workload_pid(settings, 'bare')))
    finally:
        watch.close()
        looking_after.cancel()
        await asyncio.gather(looking_after, return_exceptions=True)
        state.close()


async def test_the_next_daemon_adopts_a_pod_and_what_was_started_by_half_is_started_whole(
    nspawn: Nspawn, settings: Settings, spec: HostSpec
) -> None:
    host = await nspawn.boot(spec)
    heir = Nspawn(settings)
    assert await heir.running() == {NAME: host}
    assert await heir.boot(spec) == host
    waiting = asyncio.create_task(heir.wait_container_ended(NAME))
    await asyncio.sleep(0)
    os.kill(_workload_pid(settings, 'bare'), signal.SIGKILL)
    async with asyncio.timeout(10):
        assert await waiting == 'bare'
    await heir.start_container(NAME, 'bare')
    done = await nspawn.exec(NAME, [PEBBLE, 'version', '--client'], env={}, container='bare')
    assert done.stdout.startswith(b'v')
    # As a daemon leaves it that is killed before all of a pod is up.
    folder = settings.home / 'm' / NAME
    record = records.load(folder)
    assert record is not None
    records.save(folder, dataclasses.replace(record, supervisor=None, leader=None))
    again = await Nspawn(settings).boot(spec)
    assert procs.identify(host.leader_pid) is None
    assert again.leader_pid != host.leader_pid


async def test_a_daemon_that_is_killed_while_a_pod_starts_leaves_nothing_behind(settings: Settings) -> None:
    code = f"""
import asyncio
from pocket import settings
from pocket.agents.pods import rollout
from pocket.agents.pods.containers import Containers
from pocket.agents.site import Site
from pocket.model import Base
from pocket.model.pods import ContainerSpec, PodSpec
from pocket.substrate import HostSpec
from pocket.substrate.nspawn import Nspawn
from pocket.substrate.pods import pebbles
pod = PodSpec(hostname='app-0', containers=(ContainerSpec(name='db', image=None),))
spec = HostSpec(name={NAME!r}, model_uuid='model', base=Base(name='debian', channel='12'), pod=pod)
asyncio.run(Nspawn(settings.load({{'POCKET_HOME': {str(settings.home)!r}}})).boot(spec))
"""
    other = await process.start([sys.executable, '-c', code])
    socket_file = settings.home / 'm' / NAME / 'pebbles' / 'db' / 'pebble.socket'
    async with asyncio.timeout(60):
        while not socket_file.exists():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.002)
    os.killpg(other.pid, signal.SIGKILL)
    await other.communicate()
    await Nspawn(settings).sweep(frozenset())
    assert _left(settings) == []
