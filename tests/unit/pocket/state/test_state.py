from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pocket.services import logs, models, statuses
from pocket.state import State, Tx


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / 'state.db', now_ms=lambda: 5_000)
    yield state
    state.close()


def _add(tx: Tx, name: str) -> str:
    return models.add(tx, name=name, owner='admin', cloud='pocket', region='', config={})


async def test_a_write_is_read_back_with_the_clock_that_was_given(state: State) -> None:
    uuid = await state.write(_add, 'm')
    assert state.read(models.info, uuid).created_ms == 5_000


async def test_a_write_that_raises_leaves_nothing_and_wakes_nobody(state: State) -> None:
    def fail(tx: Tx) -> None:
        _add(tx, 'm')
        raise ValueError('no')

    watch = state.watch()
    assert await watch.changed() == frozenset()
    with pytest.raises(ValueError, match='no'):
        await state.write(fail)
    assert state.read(models.list_uuids) == []
    uuid = await state.write(_add, 'n')
    assert await watch.changed() == {uuid}


def test_a_read_cannot_write(state: State) -> None:
    with pytest.raises(sqlite3.OperationalError, match='readonly'):
        state.read(_add, 'm')


async def test_a_watch_first_tells_all_models_and_then_what_changed(state: State) -> None:
    first = await state.write(_add, 'm')
    watch = state.watch()
    assert await watch.changed() == {first}
    waiting = asyncio.ensure_future(watch.changed())
    await asyncio.sleep(0)
    assert not waiting.done()
    second = await state.write(_add, 'n')
    assert await waiting == {second}


async def test_changes_between_two_looks_are_told_together(state: State) -> None:
    watch = state.watch()
    await watch.changed()
    uuids = {await state.write(_add, name) for name in ('a', 'b', 'c')}
    assert await watch.changed() == uuids


async def test_a_watch_can_leave_out_what_is_only_shown(state: State) -> None:
    uuid, other = await state.write(_add, 'm'), await state.write(_add, 'n')
    everything, decisions, log = state.watch(), state.watch('model'), state.watch('logs')
    for watch in (everything, decisions, log):
        await watch.changed()
    await state.write(statuses.put, uuid, 'agent', 'a/0', 'idle')
    assert await everything.changed() == {uuid}
    await state.write(logs.append, uuid, entity='unit-a-0', severity='INFO', module='x', message='y')
    assert await log.changed() == {uuid}
    await state.write(models.set_config, other, {'mode': ''})
    assert await decisions.changed() == {other}


async def test_a_closed_watch_is_not_woken(state: State) -> None:
    watch = state.watch()
    await watch.changed()
    watch.close()
    watch.close()
    await state.write(_add, 'm')
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watch.changed(), 0.01)


async def test_a_cancelled_writer_still_wakes_the_watchers(state: State) -> None:
    watch = state.watch()
    await watch.changed()
    writer = asyncio.ensure_future(state.write(_add, 'm'))
    await asyncio.sleep(0)
    writer.cancel()
    assert await watch.changed() == set(state.read(models.list_uuids))


async def test_a_change_from_another_thread_wakes_a_watch(state: State) -> None:
    watch = state.watch()
    await watch.changed()
    uuid = await asyncio.to_thread(state.write_now, _add, 'm')
    assert await watch.changed() == {uuid}


def test_state_outlives_the_process(tmp_path: Path) -> None:
    first = State(tmp_path / 'state.db')
    uuid = first.write_now(_add, 'm')
    first.close()
    again = State(tmp_path / 'state.db')
    assert again.read(models.list_uuids) == [uuid]
    again.close()
