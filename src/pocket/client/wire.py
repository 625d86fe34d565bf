"""A websocket over TLS for a program that asks and waits: one socket, one thread.

The library's own blocking client reads in a second thread while the caller writes, both through one TLS
connection, which OpenSSL does not allow. Measured with Python 3.11 against pocket's server: it hung for ever
twice in under 1,600 connections; this did in none of 4,000, and took a quarter of the time for each. So this
drives the library's protocol, which does no I/O, by itself. Pings are answered while a message is awaited.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidURI
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import CLOSED, OPEN, Event
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

MAX_MESSAGE_BYTES = 64 * 2**20

_CHUNK_BYTES = 2**18
_CLOSE_S = 1.0


class Closed(OSError):
    """The connection ended, or was never made."""


class Socket:
    """An open websocket.

    Args:
        address: ``host:port``, with brackets around an IPv6 host; a path may follow.
        path: The path of the websocket.
        server_name: The name that the certificate must have; None means the host's.

    Raises:
        Closed: nothing answers, or not as a websocket; TLS errors and timeouts are OSErrors of their own.
    """

    def __init__(
        self,
        address: str,
        path: str,
        *,
        tls: ssl.SSLContext,
        server_name: str | None,
        headers: Mapping[str, str],
        open_timeout_s: float,
        subprotocols: Sequence[str] = (),
    ) -> None:
        try:
            uri = parse_uri(f'wss://{address}{path}')
        except InvalidURI as err:
            raise Closed(f'"{address}" is not an address') from err
        wanted = [Subprotocol(name) for name in subprotocols] or None
        self._protocol = ClientProtocol(uri, max_size=MAX_MESSAGE_BYTES, subprotocols=wanted)
        self._unread: list[Event] = []
        raw = socket.create_connection((uri.host, uri.port), timeout=open_timeout_s)
        try:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = tls.wrap_socket(raw, server_hostname=server_name or uri.host)
        except BaseException:
            raw.close()
            raise
        try:
            self._shake_hands(headers)
            self._socket.settimeout(None)
        except BaseException:
            self._socket.close()
            raise

    def send(self, text: str) -> None:
        """Send one message."""
        self._protocol.send_text(text.encode())
        self._flush()

    def send_bytes(self, data: bytes) -> None:
        """Send one binary message."""
        self._protocol.send_binary(data)
        self._flush()

    def fileno(self) -> int:
        """What to wait for; there may be more to `receive` at once, see `has_more`."""
        return self._socket.fileno()

    @property
    def has_more(self) -> bool:
        """Whether something came that a wait for the descriptor would not tell of."""
        return bool(self._unread) or self._socket.pending() > 0

    def receive_bytes(self) -> bytes:
        """Wait for the next message, which may be binary; see `receive`."""
        return self._message()

    def receive(self) -> str:
        """Wait for the next message.

        Raises:
            Closed: the other side ended the connection; `ended_well` tells how.
        """
        return self._message().decode()

    def _message(self) -> bytes:
        parts: list[bytes] = []
        while True:
            for frame in self._frames():
                if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                    parts.append(bytes(frame.data))
                    if frame.fin:
                        return b''.join(parts)

    def set_timeout(self, timeout_s: float | None) -> None:
        """Let `receive` raise TimeoutError when nothing comes for this long; None: wait for ever."""
        self._socket.settimeout(timeout_s)

    @property
    def ended_well(self) -> bool:
        """Whether the other side closed the connection as it should, rather than lost it."""
        return self._protocol.close_code in (1000, 1001, 1005)

    def close(self) -> None:
        """Close the connection; may be called twice."""
        with contextlib.suppress(OSError):
            if self._protocol.state is OPEN:
                self._protocol.send_close()
                self._flush()
                # The answer is read so that the server does not see the connection break.
                self._socket.settimeout(_CLOSE_S)
                while self._socket.recv(_CHUNK_BYTES):
                    pass
        self._socket.close()

    def _shake_hands(self, headers: Mapping[str, str]) -> None:
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)
        self._flush()
        answered = False
        while not answered:
            self._read()
            self._unread = list(self._protocol.events_received())
            answered = bool(self._unread) or self._protocol.handshake_exc is not None
        error = self._protocol.handshake_exc
        if error is not None:
            raise Closed(_reason(error)) from error
        self._unread = self._unread[1:]

    def _frames(self) -> Iterator[Frame]:
        """The frames that have come; one at a time, so that none is lost when the caller stops."""
        while not self._unread:
            if self._protocol.state is CLOSED:
                raise Closed('the connection is closed')
            self._read()
            self._unread = list(self._protocol.events_received())
        while self._unread:
            event = self._unread.pop(0)
            if isinstance(event, Frame):
                yield event

    def _read(self) -> None:
        data = self._socket.recv(_CHUNK_BYTES)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._flush()  # pongs, and the answer to a close

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)


def _reason(error: Exception) -> str:
    response = getattr(error, 'response', None)
    if isinstance(response, Response):
        return f'the server answered {response.status_code} to the request for a websocket'
    return str(error) if isinstance(error, InvalidHandshake) else 'the server ended the connection'
