"""Webhooks: a push that is told to us makes us look at once. What it says of the push decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import ipaddress
import socket
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock import errors
from hoodoo.ci.watch import config, sources

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LARGEST = 1024 * 1024
"""Bytes of a body."""
_BURST, _PER_S = 30.0, 0.5
_CLIENTS = 4096
_GRACE_S = 2
_READ_S = 10.0
_HEX = ('x-gitea-signature', 'x-forgejo-signature')


def is_signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether whoever sent *body* knows *secret*; takes as long whether that is nearly so or not.

    Args:
        headers: By names in small letters.
    """
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = headers.get('x-hub-signature-256')
    if given is not None:
        return _same(given, f'sha256={wanted}')
    for name in _HEX:
        if name in headers:
            return _same(headers[name], wanted)
    token = headers.get('x-gitlab-token')
    return token is not None and _same(token, secret)


def _same(given: str, wanted: str) -> bool:
    # Digests of both: neither length nor content shows in the time.
    key = b'compare'
    return hmac.compare_digest(
        hmac.new(key, given.encode(), hashlib.sha256).digest(),
        hmac.new(key, wanted.encode(), hashlib.sha256).digest(),
    )


@dataclass(slots=True)
class Rate:
    """How much each client may ask: so many at once, then so many a second."""

    burst: float = _BURST
    per_s: float = _PER_S
    _left: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    """By client what is left, and when that was."""

    def allows(self, client: str, now_s: float) -> bool:
        """Whether *client* may ask now, which counts."""
        left, then_s = self._left.pop(client, (self.burst, now_s))
        left = min(self.burst, left + (now_s - then_s) * self.per_s)
        # Last used, last forgotten; there may be any number of clients.
        self._left[client] = (max(0.0, left - 1), now_s)
        while len(self._left) > _CLIENTS:
            del self._left[next(iter(self._left))]
        return left >= 1


@dataclass(slots=True, kw_only=True)
class Server:
    """Listens for webhooks at ``/hooks/REPOSITORY``."""

    config: config.Config
    poke: Callable[[str], None]
    told: Callable[[str], None] = lambda _: None
    """Gets a line when a secret cannot be read, and when it can again."""
    rate: Rate = field(default_factory=Rate)
    _unread: set[str] = field(default_factory=set[str])
    """Repositories whose secret could not be read the last time."""

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[str]:
        """Serve while the block lasts; gives the address.

        Raises:
            UsageFault: it is taken, or not ours.
        """
        import uvicorn  # with the web framework: who only polls needs neither
        from starlette.applications import Starlette
        from starlette.routing import Route

        assert self.config.listen is not None, 'there is something to serve'
        bound = _bound(*self.config.listen)
        routes = [
            Route('/healthz', self._health, methods=['GET']),
            Route('/hooks/{name}', self._hook, methods=['POST']),
        ]
        served = uvicorn.Config(
            Starlette(routes=routes),
            access_log=False,
            lifespan='off',
            log_config=None,
            log_level='warning',
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            ws='none',
            h11_max_incomplete_event_size=32 * 1024,
            limit_concurrency=100,
        )
        served.load()
        server = uvicorn.Server(served)
        # `serve` would take over the signals and wake ten times a second; its two steps need neither.
        server.lifespan = served.lifespan_class(served)
        await server.startup(sockets=[bound])
        try:
            host, port = bound.getsockname()[:2]
            shown = f'[{host}]' if ':' in host else host
            yield f'http://{shown}:{port}/hooks/REPOSITORY'
        finally:
            await server.shutdown(sockets=[bound])

    async def _health(self, request: Request) -> Response:
        from starlette.responses import PlainTextResponse

        del request
        return PlainTextResponse('ok\n')

    async def _hook(self, request: Request) -> Response:
        from starlette.responses import PlainTextResponse

        def answer(status: int, text: str) -> Response:
            return PlainTextResponse(f'{text}\n', status_code=status)

        client = request.client.host if request.client else ''
        if not self.rate.allows(client, time.monotonic()):
            return answer(429, 'too many requests')
        repository = self.config.repository(request.path_params['name'])
        if repository is None or repository.secret is None:
            return answer(404, 'no such repository')
        length = request.headers.get('content-length', '0')
        if length.isdecimal() and int(length) > LARGEST:
            return answer(413, f'more than {LARGEST} bytes')
        body = bytearray()
        try:
            async with asyncio.timeout(_READ_S):
                async for part in request.stream():
                    body += part
                    if len(body) > LARGEST:
                        return answer(413, f'more than {LARGEST} bytes')
        except TimeoutError:
            return answer(408, 'too slow')
        try:
            what = f'the secret of "{repository.name}"'
            secret = await asyncio.to_thread(sources.read, repository.secret, what)
        except errors.Fault as err:
            if repository.name not in self._unread:
                self._unread.add(repository.name)
                self.told(f'{repository.name}: webhooks are refused: {err.message}')
            return answer(503, 'the secret cannot be read here')
        if repository.name in self._unread:
            self._unread.discard(repository.name)
            self.told(f'{repository.name}: webhooks are heard again')
        if not is_signed(dict(request.headers), bytes(body), secret):
            return answer(401, 'not signed with the secret')
        self.poke(repository.name)
        return answer(202, 'will look')


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        name = '127.0.0.1' if host == 'localhost' else str(ipaddress.ip_address(host))
        made = socket.socket(family, socket.SOCK_STREAM)
    except ValueError:
        raise errors.UsageFault(f'cannot listen at "{host}": it is no address') from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((name, port))
        made.listen(100)
        made.setblocking(False)
    except OSError as err:
        made.close()
        raise errors.UsageFault(f'cannot listen at {host}:{port}: {err.strerror}') from None
    return made
