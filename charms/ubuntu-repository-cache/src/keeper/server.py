"""The keeper's two sockets: ``fill`` for nginx, ``control`` for root.

Answers close their connection: nginx and the charm are the only clients and are on the same machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keeper import errors, objects, reports, wire
from keeper.catalogue import Known
from keeper.filler import Filler
from keeper.reports import Counters, Report

_REQUEST_S = 10
_WRITE_S = 60
_READ = 1 << 18
RETRY_AFTER_S = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes
    kind: str = 'text/plain; charset=utf-8'
    headers: Mapping[str, str] | None = None


Command = Callable[[Mapping[str, str]], Awaitable[Answer]]


def json_answer(value: Mapping[str, Any], *, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value, indent=1).encode() + b'\n', 'application/json')


class Server:
    """Speaks HTTP on unix sockets."""

    def __init__(
        self,
        *,
        path_base: str,
        filler: Filler,
        counters: Counters,
        report: Callable[[], Report],
        commands: Mapping[tuple[str, str], Command],
    ) -> None:
        self._prefix = path_base.strip('/') + '/'
        self._filler = filler
        self._counters = counters
        self._report = report
        self._commands = commands
        self._servers: list[asyncio.AbstractServer] = []
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self, folder: Path) -> None:
        """Open both sockets in *folder*."""
        for name, mode, control in (('fill', 0o666, False), ('control', 0o600, True)):
            path = folder / f'{name}.socket'
            path.unlink(missing_ok=True)
            # The mode must be right from the first moment, so the socket gets its name when it is ready.
            fresh = folder / f'.{name}.socket'
            fresh.unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._handler(control), fresh, limit=16 * 1024)
            os.chmod(fresh, mode)
            fresh.rename(path)
            self._servers.append(server)

    async def close(self, *, grace: float) -> None:
        """Take no more requests and give the running ones *grace* seconds."""
        for server in self._servers:
            server.close()
        if self._open:
            await asyncio.wait(set(self._open), timeout=grace)
        for task in set(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _handler(self, control: bool) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(self._connection(reader, writer, control))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

        return accept

    async def _connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, control: bool
    ) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), _REQUEST_S)
            request = wire.parse_request(head)
            await self._respond(request, writer, control)
            await asyncio.wait_for(writer.drain(), _WRITE_S)
        except (wire.BadRequest, asyncio.LimitOverrunError):
            writer.write(wire.head(400, {'Content-Length': 0}))
        except (asyncio.TimeoutError, OSError, EOFError):
            writer.transport.abort()
        except errors.Unavailable:
            # The head is out already: only a cut connection tells the client that the body is not whole.
            self._counters.add('cut')
            writer.transport.abort()
        except Exception:
            # A supervisor: one bad request must not end the others.
            log.exception('cannot answer')
            writer.transport.abort()
        finally:
            writer.close()

    async def _respond(self, request: wire.Request, writer: asyncio.StreamWriter, control: bool) -> None:
        command = self._commands.get((request.method, request.path)) if control else None
        if command:
            await _send(writer, await command(request.query), request.method)
        elif request.method not in ('GET', 'HEAD'):
            await _send(
                writer, Answer(405, b'only GET and HEAD\n', headers={'Allow': 'GET, HEAD'}), request.method
            )
        elif request.path == '/healthz':
            await _send(writer, self._health('full' in request.query), request.method)
        elif request.path == '/metrics':
            text = reports.metrics(self._report()).encode()
            await _send(writer, Answer(200, text, 'text/plain; version=0.0.4'), request.method)
        else:
            await self._file(request, writer)

    def _health(self, full: bool) -> Answer:
        report = self._report()
        status = {'ready': 200, 'draining': 404}.get(report.state, 503)
        if full:
            return json_answer(report.as_json(), status=status)
        return Answer(status, f'{report.state}\n'.encode())

    async def _file(self, request: wire.Request, writer: asyncio.StreamWriter) -> None:
        path = wire.normalise(request.path)
        known = None
        if path is not None and path.startswith(self._prefix):
            known = self._filler.find(path.removeprefix(self._prefix))
        if known is None:
            self._counters.add('unknown')
            await _send(writer, Answer(404, b'not in the archive\n'), request.method)
            return
        stamp = objects.stamp_of(known.sha256)
        checks = wire.validators(size=known.size, stamp=stamp)
        status, first, end = _extent(request, known, checks)
        headers: dict[str, str | int] = {
            **checks,
            'Accept-Ranges': 'bytes',
            'Content-Type': 'application/octet-stream',
            'Content-Length': end - first,
        }
        if status == 206:
            headers['Content-Range'] = f'bytes {first}-{end - 1}/{known.size}'
        elif status == 416:
            headers['Content-Range'] = f'bytes */{known.size}'
        if request.method == 'HEAD' or first == end:
            writer.write(wire.head(status, headers))
            return
        on_disk = self._filler.on_disk(known)
        if on_disk:
            await self._filler.publish_again(known)
            chunks = _read(on_disk, first, end)
        else:
            flight = self._filler.flight(known)
            try:
                await flight.first()
            except errors.Unavailable as err:
                extra = {'Retry-After': str(RETRY_AFTER_S)} if err.status == 503 else None
                await _send(writer, Answer(err.status, f'{err}\n'.encode(), headers=extra), request.method)
                return
            chunks = flight.chunks(first, end)
        writer.write(wire.head(status, headers))
        async for chunk in chunks:
            writer.write(chunk)
            await asyncio.wait_for(writer.drain(), _WRITE_S)


def _extent(request: wire.Request, known: Known, checks: Mapping[str, str]) -> tuple[int, int, int]:
    """Status, first and end offset of what *request* asks for."""
    asked = request.headers.get('range')
    condition = request.headers.get('if-range')
    if asked and (condition is None or condition in checks.values()):
        span = wire.parse_range(asked, known.size)
        if span == (0, 0):
            return 416, 0, 0
        if span:
            return 206, *span
    return 200, 0, known.size


async def _read(path: Path, first: int, end: int) -> AsyncIterator[bytes]:
    with path.open('rb') as file:
        file.seek(first)
        while first < end:
            chunk = file.read(min(_READ, end - first))
            if not chunk:
                raise errors.Unavailable('the file is shorter than it was', status=503)
            first += len(chunk)
            yield chunk


async def _send(writer: asyncio.StreamWriter, answer: Answer, method: str) -> None:
    headers: dict[str, str | int] = {
        'Content-Type': answer.kind,
        'Content-Length': len(answer.body),
        **(answer.headers or {}),
    }
    writer.write(wire.head(answer.status, headers))
    if method != 'HEAD':
        writer.write(answer.body)
    await writer.drain()
