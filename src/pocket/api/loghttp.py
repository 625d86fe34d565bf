"""The debug-log stream: the lines of a model's log that a client asked for, then each new one."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import re
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket, WebSocketDisconnect

from pocket.api import http
from pocket.api.encode import timestamp
from pocket.api.rpc import Json, error_object
from pocket.services import logs
from pocket.services.errors import BAD_REQUEST, JujuError
from pocket.services.logs import LogRecord
from pocket.state import State

__all__ = ['LogRequest', 'encode', 'parse', 'stream']

_LEVELS = ('TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')
_MAX_LINES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """What a client wants to see of a log."""

    include_entity: tuple[str, ...] = ()
    """Tags; ``*`` stands for anything. Empty means every entity."""
    exclude_entity: tuple[str, ...] = ()
    include_module: tuple[str, ...] = ()
    """Modules, and those below them. Empty means every module."""
    exclude_module: tuple[str, ...] = ()
    include_label: tuple[str, ...] = ()
    """Labels; no line has one, so any leaves nothing."""
    start_ms: int = 0
    """Lines before this time are left out."""
    level: str = 'TRACE'
    """Lines below it are left out."""
    initial: int = 0
    """How many of the lines that exist; 0 means all of them."""
    replay: bool = False
    """The first `initial` lines instead of the last."""
    no_tail: bool = False
    """End after the lines that exist."""

    def matches(self, record: LogRecord) -> bool:
        """Whether the client wants *record*."""
        included = not self.include_entity or _any_entity(record.entity, self.include_entity)
        named = not self.include_module or _any_module(record.module, self.include_module)
        return (
            included
            and named
            and not self.include_label
            and record.at_ms >= self.start_ms
            and not _any_entity(record.entity, self.exclude_entity)
            and not _any_module(record.module, self.exclude_module)
            and _rank(record.severity) >= _rank(self.level)
        )

    def first(self, records: Sequence[LogRecord]) -> Sequence[LogRecord]:
        """The lines to begin with, out of all that exist."""
        wanted = [record for record in records if self.matches(record)]
        if not self.initial:
            return wanted
        return wanted[: self.initial] if self.replay else wanted[-self.initial :]


def parse(query: QueryParams) -> LogRequest:
    """Read a client's request.

    Raises:
        JujuError: a number, a level or a time is none, or it wants too many lines.
    """
    level = query.get('level', '').upper() or 'TRACE'
    if level not in _LEVELS:
        raise JujuError(f'level value "{level}" is not one of {", ".join(_LEVELS)}', BAD_REQUEST)
    initial = _count(query, 'maxLines') or _count(query, 'backlog')
    if initial > _MAX_LINES:
        raise JujuError(f'too many lines requested ({initial}) maximum is {_MAX_LINES}', BAD_REQUEST)
    return LogRequest(
        include_entity=tuple(query.getlist('includeEntity')),
        exclude_entity=tuple(query.getlist('excludeEntity')),
        include_module=tuple(query.getlist('includeModule')),
        exclude_module=tuple(query.getlist('excludeModule')),
        include_label=tuple(query.getlist('includeLabel')),
        start_ms=_time_ms(query, 'startTime'),
        level=level,
        initial=initial,
        replay=query.get('replay') == 'true',
        no_tail=query.get('noTail') == 'true',
    )


def encode(record: LogRecord) -> str:
    """One line as Juju sends it."""
    return _line(
        {
            'tag': record.entity,
            'ts': timestamp(record.at_ms),
            'sev': record.severity,
            'mod': record.module,
            'loc': '',
            'msg': record.message,
            'lab': None,
        }
    )


async def stream(websocket: WebSocket) -> None:
    """Serve ``/model/<uuid>/log``."""
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        try:
            http.authenticate(websocket)
            uuid = http.model_of(websocket)
            request = parse(websocket.query_params)
        except JujuError as error:
            await websocket.send_text(_line({'error': error_object(error)}))
        else:
            await websocket.send_text(_line({}))
            sending = _send(websocket, http.controller_of(websocket).state, uuid, request)
            await _until_gone(websocket, sending)
        await websocket.close()


async def _until_gone(websocket: WebSocket, sending: Coroutine[Any, Any, None]) -> None:
    """Run *sending* to its end, or until the client leaves: a quiet log would not show that it did."""
    tasks = {asyncio.ensure_future(sending), asyncio.ensure_future(_gone(websocket))}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _gone(websocket: WebSocket) -> None:
    while (await websocket.receive())['type'] != 'websocket.disconnect':
        pass


async def _send(websocket: WebSocket, state: State, uuid: str, request: LogRequest) -> None:
    watch = state.watch('logs')
    try:
        await watch.changed()
        records = state.read(logs.tail, uuid)
        await _send_lines(websocket, request.first(records))
        while not request.no_tail:
            last = records[-1].number if records else 0
            await watch.changed()
            fresh = state.read(logs.tail, uuid, after=last)
            await _send_lines(websocket, filter(request.matches, fresh))
            records = fresh or records
    finally:
        watch.close()


async def _send_lines(websocket: WebSocket, records: Iterable[LogRecord]) -> None:
    for record in records:
        await websocket.send_text(encode(record))


def _line(message: Json) -> str:
    return json.dumps(message, separators=(',', ':')) + '\n'


def _count(query: QueryParams, name: str) -> int:
    text = query.get(name) or '0'
    if not text.isdecimal():
        raise JujuError(f'{name} value "{text}" is not a valid unsigned number', BAD_REQUEST)
    return int(text)


def _time_ms(query: QueryParams, name: str) -> int:
    text = query.get(name)
    if not text:
        return 0
    # Go writes nanoseconds; Python reads microseconds.
    whole = re.sub(r'(\.\d{6})\d+', r'\1', text.replace(' ', '+'))
    try:
        at = datetime.datetime.fromisoformat(whole)
    except ValueError as err:
        raise JujuError(f'{name} "{text}" is not a valid time in RFC3339 format', BAD_REQUEST) from err
    zoned = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return int(zoned.timestamp() * 1000)


def _any_entity(entity: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(entity, pattern) for pattern in patterns)


def _any_module(module: str, names: Iterable[str]) -> bool:
    return any(module == name or module.startswith(f'{name}.') for name in names)


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else 0
