"""The watcher of workload containers against the real Pebble, which runs here without any container."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bedrock import process
from pocket.agents import local as local_state
from pocket.agents.local import LocalState
from pocket.agents.workloads import events
from pocket.agents.workloads.pebble import Pebble, PebbleFault
from pocket.agents.workloads.watching import Workloads
from pocket.substrate.pods import pebbles

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason='needs root, for a process namespace'),
    pytest.mark.skipif(not shutil.which('go') and not shutil.which('pebble'), reason='needs Pebble or Go'),
]

WAIT_S = 10.0

CHECKS = """\
checks:
  up:
    override: replace
    period: 100ms
    threshold: 1
    exec: {{command: test -e {}}}
"""


class Container:
    """One Pebble and the agent that watches it."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.program = program
        self.socket = folder / 'pebble.socket'
        self.local = LocalState()
        self.wake = asyncio.Event()
        self.workloads = Workloads({'web': self.socket}, lambda: self.local, self.wake)
        self._child: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, 'PEBBLE': str(self.folder / 'pebble'), 'PEBBLE_SOCKET': str(self.socket)}

    async def start(self) -> None:
        self._child = await process.start(
            # As the first process of a container: only then has each run of it an id of its own.
            ['unshare', '--pid', '--fork', '--kill-child', self.program, 'run', '--create-dirs', '--hold'],
            env=self.env,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        assert self._child is not None
        self._child.kill()
        await self._child.wait()

    def watch(self) -> None:
        self.workloads = Workloads({'web': self.socket}, lambda: self.local, self.wake)
        self._watch = asyncio.create_task(self.workloads.run())

    async def unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch

    async def ask(self, *words: str) -> None:
        await process.arun([self.program, *words], env=self.env)

    async def until(self, condition: Callable[[], object], why: str) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                while not condition():
                    self.wake.clear()
                    await self.wake.wait()
        except TimeoutError:
            pytest.fail(f'{why}: never; {self.workloads.seen()}')

    async def hears(self, *wanted: str) -> None:
        """Wait until the charm was told of *wanted* and of nothing else."""
        heard: list[str] = []

        def found() -> bool:
            while (hook := events.due_hook(self.local, self.workloads.seen())) is not None:
                assert hook.workload is not None
                event = hook.workload
                about = event.check_name or event.notice_key
                heard.append(f'{event.kind} {about}'.strip())
                self.local = local_state.committed(self.local, hook)
            return len(heard) >= len(wanted)

        await self.until(found, f'{wanted}, heard {heard}')
        assert heard == list(wanted)


@pytest.fixture
async def container(short_dir: Path) -> AsyncIterator[Container]:
    """A container whose Pebble does not run yet, and that nobody watches."""
    program = await pebbles.ensure(Path(os.environ.get('POCKET_CACHE') or '/var/cache/pocket'))
    made = Container(short_dir, str(program))
    try:
        yield made
    finally:
        await made.unwatch()
        with contextlib.suppress(AssertionError):
            await made.kill()


async def test_each_run_of_pebble_is_seen_at_once(container: Container) -> None:
    container.watch()
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)  # it watches by now, and there is nothing
    began = loop.time()
    await container.start()
    await container.hears('pebble-ready')
    assert loop.time() - began < 2.0
    await container.kill()
    await container.start()
    await container.hears('pebble-ready')


async def test_notices_and_checks_become_events_once(container: Container) -> None:
    await container.start()
    container.watch()
    await container.hears('pebble-ready')
    await container.ask('notify', 'example.com/backup', 'size=3')
    await container.hears('pebble-custom-notice example.com/backup')
    flag = container.folder / 'flag'
    layer = container.folder / 'layer.yaml'
    layer.write_text(CHECKS.format(flag))
    await container.ask('add', 'checks', str(layer))
    await container.ask('replan')
    await container.hears('pebble-check-failed up')
    flag.touch()
    await container.hears('pebble-check-recovered up')
    flag.unlink()
    await container.hears('pebble-check-failed up')


async def test_an_agent_that_starts_again_repeats_nothing_and_misses_nothing(container: Container) -> None:
    await container.start()
    container.watch()
    await container.hears('pebble-ready')
    await container.ask('notify', 'example.com/one')
    await container.hears('pebble-custom-notice example.com/one')
    await container.unwatch()
    await container.ask('notify', 'example.com/two')
    await container.ask('notify', 'example.com/one')
    container.local = local_state.decode(local_state.encode(container.local))
    container.watch()
    await container.hears('pebble-custom-notice example.com/two', 'pebble-custom-notice example.com/one')


async def test_a_link_in_place_of_the_socket_leads_nowhere(container: Container, tmp_path: Path) -> None:
    await container.start()
    container.watch()
    await container.hears('pebble-ready')
    link = tmp_path / 'pebble.socket'
    link.symlink_to(container.socket)
    with pytest.raises(PebbleFault):
        await Pebble(link).boot_id()
