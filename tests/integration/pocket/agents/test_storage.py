"""Storage that cannot be had for a while, with agents that really run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock import errors
from pocket.substrate import Filesystem

if TYPE_CHECKING:
    from .conftest import Town

CHARM = {
    'metadata.yaml': 'name: tool\nstorage: {data: {type: filesystem, location: /srv/data}}\n',
    '+hooks/data-storage-attached': '#!/bin/sh\nstate-set seen="$(storage-get location)"\n',
    '+hooks/start': '#!/bin/sh\nstatus-set active "$(state-get seen) $(storage-list)"\n',
}


async def test_a_unit_waits_for_storage_that_fails_and_goes_on_when_it_is_there(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    really = town.substrate.mount

    async def mount(name: str, filesystem: Filesystem) -> int:
        tries.append(filesystem.mount_point)
        if len(tries) == 1:
            raise errors.Fault('the disk is full')
        return await really(name, filesystem)

    monkeypatch.setattr(town.substrate, 'mount', mount)
    await town.deploy('tool', CHARM)
    shown: set[tuple[str, str]] = set()

    def there() -> bool:
        shown.update((each.status.value, each.status.message) for each in town.snapshot().storage)
        unit = town.unit('tool/0')
        assert unit is None or ('attached', '') in shown or unit.agent.value != 'idle'
        return town.shows('tool/0', 'active', '/srv/data data/0')

    await town.until(there, 'it is mounted at last')
    assert ('error', 'the disk is full') in shown
    assert tries == ['/srv/data', '/srv/data']
