"""Runs a program in a container of a pod on our own streams or terminal, by Kubernetes' exec endpoint."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
import tty
from base64 import b64encode
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import quote, urlencode

from bedrock import errors
from pocket.client import faults, rpc, shape, wire
from pocket.client.context import Session

PROTOCOLS = ('v5.channel.k8s.io', 'v4.channel.k8s.io')
LOST = 255
"""What OpenSSH ends with when the connection does."""

_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_CHUNK = 2**15
_OPEN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A container of a unit."""

    unit: str
    container: str = 'charm'

    @property
    def pod(self) -> str:
        return self.unit.replace('/', '-')


@dataclass(slots=True, kw_only=True)
class Streams:
    """What the program reads and writes; by default, what we do."""

    stdin: IO[bytes] | None = field(default_factory=lambda: sys.stdin.buffer)
    stdout: IO[bytes] = field(default_factory=lambda: sys.stdout.buffer)
    stderr: IO[bytes] = field(default_factory=lambda: sys.stderr.buffer)


def run(
    session: Session, place: Place, command: Sequence[str], *, streams: Streams, terminal: bool = False
) -> int:
    """Run *command* to its end and return its exit status.

    Args:
        terminal: On a terminal there that goes by ours here.

    Raises:
        Fault: it cannot be started.
    """
    with (
        contextlib.closing(_connect(session, place, command, streams, terminal)) as socket,
        _raw() if terminal else contextlib.nullcontext(),
        _resizing(socket, terminal),
    ):
        return _Exchange(socket, streams).run()


def _connect(
    session: Session, place: Place, command: Sequence[str], streams: Streams, terminal: bool
) -> wire.Socket:
    controller, model = session.target.controller, session.target.model
    query: list[tuple[str, str]] = [('command', word) for word in command]
    query += [('container', place.container), ('stdout', 'true'), ('stderr', str(not terminal).lower())]
    query += [('stdin', str(streams.stdin is not None).lower()), ('tty', str(terminal).lower())]
    namespace = quote(model.name.rpartition('/')[2])
    path = f'/model/{model.uuid}/api/v1/namespaces/{namespace}/pods/{quote(place.pod)}/exec'
    secret = b64encode(f'user-{controller.user}:{controller.password}'.encode()).decode()
    last: OSError | None = None
    for address in controller.endpoints:
        try:
            return wire.Socket(
                address.partition('/')[0],
                f'{path}?{urlencode(query)}',
                tls=rpc.tls(controller),
                server_name=rpc.SERVER_NAME,
                headers={'Authorization': f'Basic {secret}'},
                open_timeout_s=_OPEN_S,
                subprotocols=PROTOCOLS,
            )
        except OSError as err:
            last = err
    raise faults.NoAnswer(f'cannot connect to controller "{controller.name}"') from last


class _Exchange:
    def __init__(self, socket: wire.Socket, streams: Streams) -> None:
        self._socket = socket
        self._streams = streams

    def run(self) -> int:
        """Carry what comes and goes until the program has ended."""
        stdin = self._streams.stdin
        while True:
            reading = [self._socket.fileno(), *([stdin.fileno()] if stdin is not None else [])]
            ready = [reading[0]] if self._socket.has_more else select.select(reading, [], [])[0]
            if reading[0] in ready:
                try:
                    status = self._take(self._socket.receive_bytes())
                except wire.Closed:
                    return LOST
                if status is not None:
                    return status
            if stdin is not None and reading[-1] in ready and not self._feed(stdin):
                stdin = None

    def _feed(self, stdin: IO[bytes]) -> bool:
        data = os.read(stdin.fileno(), _CHUNK)
        if data:
            self._socket.send_bytes(bytes([_STDIN]) + data)
        else:
            self._socket.send_bytes(bytes([_CLOSE, _STDIN]))
        return bool(data)

    def _take(self, message: bytes) -> int | None:
        channel, rest = message[0], message[1:]
        if channel in (_STDOUT, _STDERR):
            stream = self._streams.stdout if channel == _STDOUT else self._streams.stderr
            stream.write(rest)
            stream.flush()
            return None
        return exit_status(shape.mapping(json.loads(rest))) if channel == _STATUS else None


def exit_status(status: Mapping[str, Any]) -> int:
    """The exit status that a status of Kubernetes tells.

    Raises:
        Fault: the program was never started.
    """
    if status.get('status') == 'Success':
        return 0
    for cause in shape.objects(shape.mapping(status.get('details')).get('causes')):
        if cause.get('reason') == 'ExitCode':
            return int(cause['message'])
    raise errors.Fault(str(status.get('message') or 'the program could not be started'))


@contextlib.contextmanager
def _raw() -> Generator[None]:
    """Our terminal passes everything on, an interrupt too."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _resizing(socket: wire.Socket, terminal: bool) -> Generator[None]:
    if not terminal:
        yield
        return

    def tell(*_: object) -> None:
        rows, columns = struct.unpack('HHHH', fcntl.ioctl(0, termios.TIOCGWINSZ, b'\0' * 8))[:2]
        text = json.dumps({'Width': columns, 'Height': rows})
        socket.send_bytes(bytes([_RESIZE]) + text.encode())

    before = signal.signal(signal.SIGWINCH, tell)
    try:
        tell()
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
