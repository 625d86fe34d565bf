"""What failed is tried again without a change, ever later; a change is heard at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pocket.agents import retries
from pocket.agents.retries import Retries
from pocket.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / 'state.db')


async def test_what_failed_is_tried_again_ever_later(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, 'FIRST_S', 0.01)
    monkeypatch.setattr(retries, 'LONGEST_S', 0.03)
    watch, tries = state.watch('model'), Retries()
    await tries.changed(watch)  # all that there is
    loop, waits = asyncio.get_running_loop(), list[float]()
    for _ in range(4):
        tries.failed()
        began = loop.time()
        assert await tries.changed(watch) == frozenset()
        waits.append(loop.time() - began)
    for waited, least in zip(waits, (0.01, 0.02, 0.03, 0.03), strict=True):
        assert waited >= 0.9 * least
    tries.worked()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await tries.changed(watch)
    watch.close()
    state.close()


async def test_a_change_does_not_wait_for_the_next_try(state: State) -> None:
    watch, tries = state.watch('model'), Retries()
    await tries.changed(watch)
    tries.failed()
    await state.write(lambda tx: tx.touch('m'))
    assert await tries.changed(watch) == {'m'}
    watch.close()
    state.close()
