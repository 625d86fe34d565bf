"""Downloads the charms of a store that models wait for, one after the other, also after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path

from bedrock import charm as charm_files
from bedrock import errors, hub
from pocket import blobs
from pocket.services import charms, logs
from pocket.services.charms import CharmRecord
from pocket.state import State, Tx

log = logging.getLogger(__name__)

MAX_ARCHIVE_BYTES = 2**30
_MODULE = 'juju.worker.charmdownloader'
_FIRST_S = 5.0
_LAST_S = 300.0

Charm = tuple[str, str]
"""A model's uuid and a charm's URL."""


async def run(state: State, home: Path) -> None:
    """Work until cancelled. What fails is tried again, at doubled times, and said in the model's log."""
    waits: dict[Charm, float] = {}
    due: dict[Charm, float] = {}
    watch = state.watch('model')
    clock = asyncio.get_running_loop().time
    try:
        while True:
            wanted = state.read(charms.to_download)
            for uuid, record in wanted:
                key = (uuid, record.url)
                if due.get(key, 0.0) > clock():
                    continue
                if not await _download(state, home, uuid, record):
                    waits[key] = min(2 * waits[key], _LAST_S) if key in waits else _FIRST_S
                    due[key] = clock() + waits[key]
            left = {(uuid, record.url) for uuid, record in state.read(charms.to_download)}
            due = {key: at for key, at in due.items() if key in left}
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_pause_s(due, clock())):
                    await watch.changed()
    finally:
        watch.close()


def _pause_s(due: Mapping[Charm, float], now: float) -> float | None:
    return max(0.0, min(due.values()) - now) if due else None


async def _download(state: State, home: Path, uuid: str, record: CharmRecord) -> bool:
    """Get one charm; return whether it is there now."""
    store = blobs.charms(home)
    source = str(record.origin.get('download') or '')
    try:
        archive = await asyncio.to_thread(
            store.fetch,
            lambda write: hub.download(source, write),
            expected=record.sha256,
            limit=MAX_ARCHIVE_BYTES,
        )
        charm = await asyncio.to_thread(charm_files.read, archive)
    except errors.Fault as err:
        log.warning('cannot download charm %s: %s', record.url, err.message)
        await state.write(_note, uuid, f'cannot download charm "{record.url}": {err.message}')
        return False
    await state.write(charms.set_downloaded, uuid, record.url, archive=archive, charm=charm)
    log.info('downloaded charm %s', record.url)
    return True


def _note(tx: Tx, uuid: str, message: str) -> None:
    if tx.db.execute('SELECT 1 FROM model WHERE uuid = ?', (uuid,)).fetchone():
        logs.append(tx, uuid, entity='machine-0', severity='ERROR', module=_MODULE, message=message)
