from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bedrock import errors
from pocket.agents import supervisor
from pocket.agents.supervisor import Key, Supervisor, Worker
from pocket.services import logs, models, statuses
from pocket.state import State, Tx
from tests.unit.pocket.services.conftest import World

KEY = Key(model_uuid='', name='unit app/0')


@dataclass
class Workers:
    """A source of one kind of worker that counts what happens to it."""

    names: set[str] = field(default_factory=set[str])
    failing: int = 0
    began: list[str] = field(default_factory=list[str])
    ended: list[str] = field(default_factory=list[str])
    error: Exception = field(default_factory=lambda: RuntimeError('broken'))
    stubborn: bool = False
    looked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    model_uuid: str = ''

    async def wanted(self) -> Mapping[Key, Worker]:
        return {Key(model_uuid=self.model_uuid, name=name): self._worker(name) for name in self.names}

    def _worker(self, name: str) -> Worker:
        async def work(wake: asyncio.Event) -> None:
            self.began.append(name)
            self.looked.release()
            try:
                if self.failing:
                    self.failing -= 1
                    raise self.error
                while True:
                    await wake.wait()
                    wake.clear()
                    self.looked.release()
            finally:
                self.ended.append(name)
                if self.stubborn:
                    await asyncio.sleep(30)

        return work


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / 'state.db')
    yield made
    made.close()


@pytest.fixture(autouse=True)
def quick_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that tests need not wait for."""
    monkeypatch.setattr(supervisor, 'RESTART_FIRST_S', 0.01)


async def _looked(workers: Workers, times: int = 1) -> None:
    async with asyncio.timeout(5):
        for _ in range(times):
            await workers.looked.acquire()


async def _add_model(state: State, name: str) -> str:
    return await state.write(models.add, name=name, owner='admin', cloud='pocket', region='here')


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_change_of_its_model_wakes_an_agent(state: State) -> None:
    model = await _add_model(state, 'm')
    workers = Workers(names={'unit app/0'}, model_uuid=model)
    task = asyncio.create_task(Supervisor(state, [workers]).run())
    await _looked(workers, 2)  # its start, and the first look at everything
    await state.write(lambda tx: tx.touch(model))
    await _looked(workers)
    await _stop(task)
    assert workers.ended == ['unit app/0']


async def test_an_agent_that_fails_is_started_again_and_the_failure_is_logged(
    state: State, caplog: pytest.LogCaptureFixture
) -> None:
    workers = Workers(names={'unit app/0'}, failing=2)
    task = asyncio.create_task(Supervisor(state, [workers]).run())
    await _looked(workers, 3)
    await _stop(task)
    assert workers.began == ['unit app/0'] * 3
    assert [record.getMessage() for record in caplog.records] == ['the agent of unit app/0 failed'] * 2


async def test_the_model_shows_that_an_agent_failed_and_why(
    state: State, caplog: pytest.LogCaptureFixture
) -> None:
    def deploy(tx: Tx) -> str:
        world = World(tx)
        world.deploy('app', world.make_charm('app'))
        return world.uuid

    model = await state.write(deploy)
    for error, told in (
        (errors.Fault('the charm is damaged'), 'the charm is damaged'),
        (RuntimeError('oops'), 'internal error, see the log of the daemon'),
    ):
        workers = Workers(names={'unit app/0'}, failing=1, error=error, model_uuid=model)
        task = asyncio.create_task(Supervisor(state, [workers]).run())
        await _looked(workers, 2)
        await _stop(task)
        line = state.read(logs.tail, model)[-1]
        assert (line.entity, line.severity) == ('unit-app-0', 'ERROR')
        assert line.message == f'the agent of unit app/0 failed: {told}'
    shown = state.read(statuses.get, model, 'agent', 'app/0')
    assert shown is not None
    assert (shown.value, shown.message) == ('failed', 'resolver loop error')
    caplog.clear()


async def test_agents_come_and_go_with_what_is_wanted(state: State) -> None:
    workers = Workers(names={'a'})
    task = asyncio.create_task(Supervisor(state, [workers]).run())
    await _looked(workers)
    workers.names = {'b'}
    await _add_model(state, 'm')
    await _looked(workers)
    assert (workers.began, workers.ended) == (['a', 'b'], ['a'])
    await _stop(task)
    assert workers.ended == ['a', 'b']


async def test_a_stop_does_not_wait_for_ever(state: State, caplog: pytest.LogCaptureFixture) -> None:
    workers = Workers(names={'a'}, stubborn=True)
    task = asyncio.create_task(Supervisor(state, [workers], stop_s=0.05).run())
    await _looked(workers)
    async with asyncio.timeout(2):
        await _stop(task)
    assert [record.getMessage() for record in caplog.records] == ['the agent of a does not stop']
    for left in asyncio.all_tasks() - {asyncio.current_task()}:
        left.cancel()
