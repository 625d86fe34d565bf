"""Asks the Pebble of a workload container over its socket, which the container may have tampered with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

from bedrock import errors
from pocket.agents.workloads import events
from pocket.model.pods import WorkloadEvent

QUICK_S = 10.0
"""Longest wait for an answer that needs no work."""
NOTICES_S = 30
"""How long Pebble holds an answer back for a notice to come."""
MAX_BYTES = 16 * 2**20
"""A longer answer is refused."""


class PebbleFault(errors.Fault):
    """Nothing answers, or not as Pebble does."""


class Pebble:
    """The Pebble of one container.

    Every request has a connection of its own. A link in place of the socket leads nowhere: what is opened by
    name is not followed, and what is connected to is what was opened.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def boot_id(self) -> str:
        """Which run of Pebble this is.

        Raises:
            PebbleFault: nothing answers.
        """
        info = await self._get('/v1/system-info', timeout_s=QUICK_S)
        boot_id = _mapping(info).get('boot-id')
        if not isinstance(boot_id, str) or not boot_id:
            raise PebbleFault('cannot use Pebble: it does not say which run of it this is')
        return boot_id

    async def notices(self, *, after: str) -> list[Mapping[str, Any]]:
        """Wait for notices of all users that came *after* a time, and return them; at times there are none.

        Raises:
            PebbleFault: nothing answers (any more).
        """
        query = {'users': 'all', 'timeout': f'{NOTICES_S}s', **({'after': after} if after else {})}
        found = await self._get(f'/v1/notices?{urlencode(query)}', timeout_s=NOTICES_S + QUICK_S)
        return [_mapping(one) for one in cast('list[object]', found)] if isinstance(found, list) else []

    async def event(self, notice: Mapping[str, Any], *, container: str, boot_id: str) -> WorkloadEvent | None:
        """Return what a charm is to be told because of *notice*, if anything.

        Raises:
            PebbleFault: nothing answers (any more).
        """
        event = WorkloadEvent(
            container=container,
            kind=events.CUSTOM_NOTICE,
            boot_id=boot_id,
            notice_id=str(notice.get('id') or ''),
            notice_type=str(notice.get('type') or ''),
            notice_key=str(notice.get('key') or ''),
            at=str(notice.get('last-repeated') or ''),
        )
        if event.notice_type == 'custom':
            return event
        kind = str(_mapping(notice.get('last-data')).get('kind') or '')
        if event.notice_type != 'change-update' or kind not in _CHECKS:
            return None
        return await self._check_event(event, *_CHECKS[kind])

    async def _check_event(self, event: WorkloadEvent, status: str, kind: str) -> WorkloadEvent | None:
        change = _mapping(await self._get(f'/v1/changes/{quote(event.notice_key)}', timeout_s=QUICK_S))
        if change.get('status') != status:
            return None
        # The change may have got there after the notice was read; then the notice comes again, for that.
        again = _mapping(await self._get(f'/v1/notices/{quote(event.notice_id)}', timeout_s=QUICK_S))
        if again.get('last-repeated') != event.at:
            return None
        return WorkloadEvent(
            container=event.container,
            kind=kind,
            boot_id=event.boot_id,
            notice_id=event.notice_id,
            notice_type=event.notice_type,
            notice_key=event.notice_key,
            at=event.at,
            check_name=str(_mapping(again.get('last-data')).get('check-name') or ''),
        )

    async def _get(self, path: str, *, timeout_s: float) -> Any:
        try:
            async with asyncio.timeout(timeout_s):
                status, body = await self._exchange(path)
        except (OSError, ValueError, TimeoutError, asyncio.LimitOverrunError) as err:
            raise PebbleFault(f'cannot reach Pebble at {self._socket}') from err
        if status != 200:
            raise PebbleFault(f'cannot ask Pebble for {path}: it answered {status}')
        try:
            return _mapping(json.loads(body)).get('result')
        except ValueError as err:
            raise PebbleFault(f'cannot read what Pebble answered for {path}') from err

    async def _exchange(self, path: str) -> tuple[int, bytes]:
        with _opened(self._socket) as fd:
            reader, writer = await asyncio.open_unix_connection(f'/proc/self/fd/{fd}', limit=2**16)
        try:
            # By version 1.0 the answer is one piece, which ends with the connection.
            writer.write(f'GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n'.encode())
            await writer.drain()
            head = (await reader.readuntil(b'\r\n\r\n')).decode('latin-1')
            body = bytearray()
            while data := await reader.read(2**16):
                body += data
                if len(body) > MAX_BYTES:
                    raise ValueError('answer too long')
        except asyncio.IncompleteReadError as err:
            raise ConnectionResetError('no answer') from err
        finally:
            writer.close()
        return int(head.split()[1]), bytes(body)


_CHECKS: Mapping[str, tuple[str, str]] = {
    'perform-check': ('Error', events.CHECK_FAILED),
    'recover-check': ('Done', events.CHECK_RECOVERED),
}
"""Kind of change -> the status in which it is news, and what it is then."""


@contextlib.contextmanager
def _opened(path: Path) -> Generator[int]:
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            raise ConnectionRefusedError(f'{path} is no socket')
        yield fd
    finally:
        os.close(fd)


def _mapping(value: object) -> Mapping[str, Any]:
    return cast('dict[str, Any]', value) if isinstance(value, dict) else {}
