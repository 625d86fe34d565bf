"""Ask sync hosts: plain HTTP/1.1 limits of seconds, a bandwidth budget, marks on hosts that failed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

from keeper import errors, wire

MARK_S = 30.0
"""A host that failed is asked last for this long."""

_CHUNK = 1 << 18
_REDIRECTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds that a sync host may take: to be connected to, for an answer's head, and between bytes."""

    connect: float = 3.0
    header: float = 5.0
    stall: float = 10.0


@dataclass(slots=True)
class Origin:
    """One sync host and what is known about it."""

    base: str
    marked_until: float = 0.0
    failures: dict[str, int] = field(default_factory=dict[str, int])
    bytes_read: int = 0

    def mark(self, cause: str, *, now: float) -> None:
        """Note a failure."""
        self.failures[cause] = self.failures.get(cause, 0) + 1
        self.marked_until = now + MARK_S


class Budget:
    """At most so many bytes a second, over all transfers; 0 means no limit."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._free_at = 0.0

    async def spend(self, count: int) -> None:
        """Wait until *count* more bytes fit."""
        if not self._rate:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now - 1.0) + count / self._rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


@dataclass(slots=True)
class Reply:
    """An answer whose head was read."""

    status: int
    headers: dict[str, str]
    length: int | None
    _reader: asyncio.StreamReader
    _spend: Callable[[int], Awaitable[None]]
    _stall: float

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body.

        Raises:
            Unavailable: the host stalled or hung up early.
        """
        left = self.length
        while left is None or left > 0:
            want = _CHUNK if left is None else min(_CHUNK, left)
            try:
                chunk = await asyncio.wait_for(self._reader.read(want), self._stall)
            except (asyncio.TimeoutError, OSError) as err:
                raise errors.Unavailable('the sync host stalled', status=503) from err
            if not chunk:
                if left is None:
                    return
                raise errors.Unavailable('the sync host hung up early', status=502)
            if left is not None:
                left -= len(chunk)
            await self._spend(len(chunk))
            yield chunk


class Upstream:
    """All sync hosts, with one limit of concurrent transfers."""

    def __init__(self, bases: tuple[str, ...], *, max_transfers: int, bandwidth: int, limits: Limits) -> None:
        self._limits = limits
        self.origins = tuple(Origin(base.rstrip('/')) for base in bases)
        self._slots = asyncio.Semaphore(max_transfers)
        self._budget = Budget(bandwidth)
        self.requests = 0

    def in_order(self) -> list[Origin]:
        """The sync hosts in configured order, those that failed lately last."""
        now = time.monotonic()
        return sorted(self.origins, key=lambda origin: origin.marked_until > now)

    @asynccontextmanager
    async def get(self, origin: Origin, path: str) -> AsyncGenerator[Reply, None]:
        """GET *path* below *origin*'s base and follow its redirects.

        Raises:
            Unavailable: no connection, or no head in time.
        """
        url = f'{origin.base}/{quote(path, safe="/~+:@!$,=")}'
        async with self._slots:
            for _ in range(_REDIRECTS + 1):
                reader, writer = await _connect(url, self._limits.connect)
                try:
                    self.requests += 1
                    reply = await self._ask(url, origin, reader, writer)
                    if reply.status in (301, 302, 303, 307, 308) and 'location' in reply.headers:
                        url = urljoin(url, reply.headers['location'])
                        continue
                    yield reply
                    return
                finally:
                    writer.close()
            raise errors.Unavailable(f'{origin.base} redirects without end', status=502)

    async def small(self, origin: Origin, path: str, *, limit: int = 16 << 20) -> bytes | None:
        """The whole of a small file; None if the host does not have it.

        Raises:
            Unavailable: any other answer, or a body over *limit*.
        """
        async with self.get(origin, path) as reply:
            if reply.status in (404, 410):
                return None
            if reply.status != 200:
                raise errors.Unavailable(f'{origin.base} answered {reply.status}', status=503)
            body = bytearray()
            async for chunk in reply.chunks():
                body += chunk
                if len(body) > limit:
                    raise errors.Unavailable(f'{path} is longer than {limit} bytes', status=502)
            return bytes(body)

    async def _ask(
        self, url: str, origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Reply:
        parts = urlsplit(url)
        request = (
            f'GET {parts.path or "/"}{"?" + parts.query if parts.query else ""} HTTP/1.1\r\n'
            f'Host: {parts.netloc}\r\nUser-Agent: repository-keeper\r\n'
            'Accept-Encoding: identity\r\nConnection: close\r\n\r\n'
        )
        try:
            writer.write(request.encode('latin-1'))
            raw = await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), self._limits.header)
        except (asyncio.TimeoutError, OSError, EOFError, asyncio.LimitOverrunError) as err:
            raise errors.Unavailable(f'{parts.netloc} sent no answer', status=503) from err
        first, *lines = raw.decode('latin-1').split('\r\n')
        words = first.split(' ', 2)
        if len(words) < 2 or not words[1].isdigit():
            raise errors.Unavailable(f'{parts.netloc} does not speak HTTP', status=502)
        headers = wire.parse_headers(lines)
        if 'chunked' in headers.get('transfer-encoding', '').lower():
            raise errors.Unavailable(f'{parts.netloc} does not say how long its answer is', status=502)
        text = headers.get('content-length', '')
        length = int(text) if text.isdigit() else None

        async def spend(count: int) -> None:
            origin.bytes_read += count
            await self._budget.spend(count)

        return Reply(int(words[1]), headers, length, reader, spend, self._limits.stall)


async def _connect(url: str, limit: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    if parts.scheme != 'http' or not parts.hostname:
        raise errors.Unavailable(f'cannot use {url}: only http is spoken', status=502)
    opening = asyncio.open_connection(parts.hostname, parts.port or 80, limit=_CHUNK)
    try:
        return await asyncio.wait_for(opening, limit)
    except (asyncio.TimeoutError, OSError) as err:
        raise errors.Unavailable(f'cannot connect to {parts.netloc}', status=503) from err
