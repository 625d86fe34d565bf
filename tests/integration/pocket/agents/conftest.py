"""A whole set of agents whose machines are this one: real processes and sockets, in a folder of their own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import textwrap
import zipfile
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bedrock import charm, process
from pocket.agents import machine
from pocket.agents.paths import MachinePaths
from pocket.agents.pods import agent as pod_agent
from pocket.agents.site import Site
from pocket.agents.storagekeeper import StorageSource
from pocket.agents.supervisor import Supervisor, UnitSource
from pocket.model import Base
from pocket.model.cluster import ClusterAddresses, ClusterNetwork
from pocket.services import applications, charms, models, status
from pocket.state import State
from pocket.substrate import Entrance, ExecResult, Filesystem, Host, HostSpec, Names

BASE = Base(name='ubuntu', channel='24.04')
WAIT_S = 40.0


@dataclass
class LocalSubstrate:
    """A `pocket.substrate.Substrate` without machines: what it runs, it runs here."""

    run_dir: Path
    hosts: dict[str, Host] = field(default_factory=dict[str, Host])
    running_programs: dict[str, asyncio.subprocess.Process] = field(
        default_factory=dict[str, asyncio.subprocess.Process]
    )
    """By key, what runs now."""
    mounted: dict[str, Filesystem] = field(default_factory=dict[str, Filesystem])
    """By mount point; nothing is really mounted."""
    deleted: list[str] = field(default_factory=list[str])
    boots: int = 1
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def boot(self, spec: HostSpec, *, note: Callable[[str], None] = lambda _: None) -> Host:
        host = Host(
            name=spec.name, address='127.0.0.1', leader_pid=1, run_dir=self.run_dir, boot_id=str(self.boots)
        )
        return self.hosts.setdefault(spec.name, host)

    async def running(self) -> Mapping[str, Host]:
        return dict(self.hosts)

    async def remove(self, name: str) -> None:
        self.hosts.pop(name, None)

    async def kill_stale(self, name: str, key: str) -> None:
        pass

    async def reboot(self, name: str) -> None:
        self.boots += 1
        self.hosts.pop(name)
        self.ended.set()
        self.ended = asyncio.Event()

    async def wait_ended(self, name: str) -> None:
        if name in self.hosts:
            await self.ended.wait()

    async def wait_container_ended(self, name: str, *, but: Collection[str] = ()) -> str:
        await asyncio.Future[str]()
        raise AssertionError

    async def start_container(self, name: str, container: str) -> None:
        raise AssertionError('there are no containers')

    async def write_hosts(self, model_uuid: str, names: Names) -> None:
        pass

    async def allow(self, pairs: Iterable[frozenset[str]]) -> None:
        pass

    async def serve(self, networks: Sequence[ClusterNetwork]) -> Mapping[str, ClusterAddresses]:
        return {}

    async def mount(self, name: str, filesystem: Filesystem) -> int:
        assert name in self.hosts
        self.mounted[filesystem.mount_point] = filesystem
        return filesystem.size_mib

    async def unmount(self, name: str, filesystem: Filesystem, *, destroy: bool) -> None:
        self.mounted.pop(filesystem.mount_point, None)

    async def delete_volume(self, key: str) -> None:
        self.deleted.append(key)

    async def entrance(
        self, name: str, argv: Sequence[str], *, cwd: str = '/', user: str = 'root', container: str = ''
    ) -> Entrance:
        return Entrance(command=tuple(argv), leader_pid=os.getpid())

    async def exec(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str = '/',
        user: str = 'root',
        container: str = '',
        stdin: bytes | None = None,
        key: str = '',
        on_line: Callable[[str, str], None] | None = None,
        timeout_s: float | None = None,
    ) -> ExecResult:
        assert name in self.hosts
        pipe = asyncio.subprocess.PIPE
        child = await process.start(argv, env=env, cwd=Path(cwd), stdin=pipe)
        self.running_programs[key] = child
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdin.write(stdin or b'')
        child.stdin.close()
        try:
            out, err, _ = await asyncio.gather(
                _lines(child.stdout, 'stdout', on_line), _lines(child.stderr, 'stderr', on_line), child.wait()
            )
        except BaseException:
            await asyncio.shield(process.stop(child))
            raise
        assert child.returncode is not None
        return ExecResult(returncode=child.returncode, stdout=out, stderr=err)


async def _lines(
    stream: asyncio.StreamReader, name: str, on_line: Callable[[str, str], None] | None
) -> bytes:
    kept = b''
    async for line in stream:
        if on_line is None:
            kept += line
        else:
            on_line(name, line.decode().rstrip('\n'))
    return kept


@dataclass
class Town:
    """One model with running agents, and short ways to use it."""

    state: State
    site: Site
    substrate: LocalSubstrate
    folder: Path
    model: str
    _supervisor: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the agents, as a daemon does."""
        sources = (
            machine.source(self.site),
            pod_agent.source(self.site),
            StorageSource(site=self.site),
            UnitSource(site=self.site),
        )
        self._supervisor = asyncio.create_task(Supervisor(self.state, sources).run())

    async def stop(self) -> None:
        """Stop the agents, as a daemon does when it ends in good order."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor

    async def until(self, condition: Callable[[], object], why: str) -> None:
        """Wait until *condition* holds, looking again at every change."""
        watch = self.state.watch('model', 'status', 'logs')
        try:
            async with asyncio.timeout(WAIT_S):
                while not condition():
                    await watch.changed()
        except TimeoutError:
            pytest.fail(f'{why}: never; {self.snapshot()}\n{self.log()}')
        finally:
            watch.close()

    async def upload(self, name: str, files: Mapping[str, str]) -> str:
        """Make a charm of *files* and return its url; names that begin with ``+`` are executable."""
        archive = self.folder / f'{name}-{len(list(self.folder.iterdir()))}.charm'
        with zipfile.ZipFile(archive, 'w') as packed:
            for path, text in files.items():
                info = zipfile.ZipInfo(path.removeprefix('+'))
                info.external_attr = (0o100755 if path.startswith('+') else 0o100644) << 16
                packed.writestr(info, textwrap.dedent(text))
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        found = charm.read(archive)
        return await self.state.write(
            charms.add_local, self.model, archive=archive, sha256=sha256, charm=found
        )

    async def deploy(self, name: str, files: Mapping[str, str], *, units: int = 1, base: Base = BASE) -> None:
        """Deploy a charm of *files*."""
        url = await self.upload(name, files)
        await self.state.write(
            applications.deploy, self.model, name=name, charm_url=url, num_units=units, base=base
        )

    def unit(self, name: str) -> status.UnitSnapshot | None:
        return self.snapshot().units.get(name)

    def snapshot(self) -> status.ModelSnapshot:
        return self.state.read(status.snapshot, self.model)

    def shows(self, unit: str, value: str, message: str = '') -> bool:
        """Whether *unit* is idle and shows that workload status."""
        found = self.unit(unit)
        return (
            found is not None
            and found.agent.value == 'idle'
            and (found.workload.value, found.workload.message) == (value, message)
        )

    def log(self) -> list[str]:
        """The model's log."""
        rows = self.state.read(
            lambda tx: tx.db.execute('SELECT severity, module, message FROM log ORDER BY number').fetchall()
        )
        return [' '.join(map(str, row)) for row in rows]

    def charm_dir(self, unit: str) -> Path:
        return Path(self.site.paths.charm(unit))


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name."""
    made = Path(tempfile.mkdtemp(prefix='pocket-', dir='/tmp'))
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def town(tmp_path: Path, short_dir: Path) -> AsyncIterator[Town]:
    """A model with agents that run until the test ends."""
    state = State(tmp_path / 'state.db')
    run_dir = short_dir / 'run'
    run_dir.mkdir()
    (tmp_path / 'juju').mkdir()
    substrate = LocalSubstrate(run_dir)
    site = Site(
        state=state,
        substrate=substrate,
        api_addresses=('127.0.0.1:17070',),
        paths=MachinePaths(
            juju=str(tmp_path / 'juju'),
            run=str(run_dir),
            programs=str(run_dir),
            logs=str(tmp_path / 'juju' / 'log'),
            etc=str(tmp_path / 'etc'),
        ),
    )
    (tmp_path / 'etc').mkdir()
    model = await state.write(models.add, name='m', owner='admin', cloud='pocket', region='here')
    charms_dir = tmp_path / 'charms'
    charms_dir.mkdir()
    made = Town(state=state, site=site, substrate=substrate, folder=charms_dir, model=model)
    made.start()
    try:
        yield made
    finally:
        await made.stop()
        state.close()


OPS_CHARM = """\
    import os
    import pathlib

    import ops

    class Charm(ops.CharmBase):
        def __init__(self, framework):
            super().__init__(framework)
            with pathlib.Path('hooks.log').open('a') as log:
                unit = os.environ.get('JUJU_REMOTE_UNIT', '')
                log.write(f"{os.environ['JUJU_DISPATCH_PATH']} {unit}".strip() + '\\n')
            framework.observe(self.on.start, self._start)
            framework.observe(self.on.config_changed, self._configure)
            if 'greet_action' in dir(self.on):
                framework.observe(self.on.greet_action, self._greet)
            if self.meta.provides:
                framework.observe(self.on.db_relation_joined, self._offer)
            else:
                framework.observe(self.on.db_relation_changed, self._use)

        def _start(self, event):
            self.unit.set_workload_version('1.2')
            self.unit.status = ops.ActiveStatus('started')

        def _configure(self, event):
            self.unit.set_ports(int(self.config['port']))

        def _offer(self, event):
            event.relation.data[self.unit]['password'] = 'hunter2'
            if self.unit.is_leader():
                event.relation.data[self.app]['name'] = self.app.name

        def _use(self, event):
            if event.unit is None or 'password' not in event.relation.data[event.unit]:
                return
            found = event.relation.data[event.unit]['password']
            name = event.relation.data[event.app]['name']
            self.unit.status = ops.ActiveStatus(f'{found} of {name}')

        def _greet(self, event):
            event.log('greeting')
            if event.params['name'] == 'nobody':
                event.fail('nobody is there')
            event.set_results({'said': f"hello {event.params['name']}"})

    ops.main(Charm)
    """


@pytest.fixture
def ops_charm() -> Callable[..., dict[str, str]]:
    """Makes the files of a charm that is written with ops: ``(name, **more lines of metadata)``."""

    def make(name: str, metadata: str) -> dict[str, str]:
        return {
            'metadata.yaml': f'name: {name}\n{metadata}\n',
            'config.yaml': 'options: {port: {type: int, default: 80}}\n',
            'actions.yaml': 'greet: {params: {name: {type: string, default: world}}}\n',
            '+dispatch': f'#!/bin/sh\nexec {sys.executable} src/charm.py\n',
            'src/charm.py': textwrap.dedent(OPS_CHARM),
        }

    return make
