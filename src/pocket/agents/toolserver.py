"""The unix socket behind the hook tools of one unit: reads requests, gets answers, does their effects."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable, Generator, Sequence
from importlib import resources
from pathlib import Path
from types import TracebackType

from pocket.agents import tools
from pocket.agents.context import HookContext
from pocket.agents.paths import DEBUG_HOOK, HOOK_TOOL
from pocket.services.errors import JujuError

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 64 * 2**20
"""A longer message of a tool, with the files that it sends, is refused."""
_MAX_DIGITS = 9

Perform = Callable[[tools.Effect, HookContext], Awaitable[None]]
RunCommand = Callable[[Sequence[str]], Awaitable[tools.Reply]]
_COMMAND_FIELDS = 4
_PROGRAMS = (
    (HOOK_TOOL, 'hook_tool.pl', 0o755),
    ('juju-exec.pl', 'juju_exec.pl', 0o644),
    (DEBUG_HOOK, 'debug_hook.sh', 0o755),
)
"""Name in the run folder, file of this package, mode."""


class ToolServer:
    """Serves hook tools while it is entered; only runs that are `serving` get answers."""

    def __init__(self, path: Path, perform: Perform, run_command: RunCommand | None = None) -> None:
        """Serve at *path*, doing the effects of tools through *perform*.

        Args:
            run_command: Runs what ``juju-exec`` asks for.
        """
        self._path = path
        self._run_command = run_command
        self._perform = perform
        self._contexts: dict[str, HookContext] = {}
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> ToolServer:
        self._server = await asyncio.start_unix_server(self._serve, sock=_bound(self._path))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for peer in self._peers:
            peer.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def serving(self, context: HookContext) -> Generator[None]:
        """Answer the tools of *context* within the block."""
        self._contexts[context.id] = context
        try:
            yield
        finally:
            del self._contexts[context.id]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._peers.add(task)
        try:
            await self._converse(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError) as err:
            log.debug('a hook tool broke off: %r', err)
        except asyncio.CancelledError:
            # Only the server's end cancels this task; asyncio would report it as an unhandled error.
            pass
        finally:
            self._peers.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind, *fields = await read_message(reader)
        if kind == b'exec' and len(fields) == _COMMAND_FIELDS and self._run_command is not None:
            await self._command([field.decode(errors='replace') for field in fields], reader, writer)
            return
        if kind != b'call':
            raise ValueError('a hook tool must begin with a call')
        context_id, tool, *args = fields
        files: dict[str, bytes] = {}
        while True:
            request = tools.Request(
                context_id=context_id.decode(errors='replace'),
                tool=tool.decode(errors='replace'),
                args=tuple(arg.decode(errors='surrogateescape') for arg in args),
                files=files,
            )
            try:
                reply = await self._answer(request)
                break
            except tools.FileWanted as wanted:
                path = os.fsencode(wanted.path)
                writer.write(message(b'file', path))
                kind, _, content = await read_message(reader)
                if kind != b'file':
                    reply = tools.failure(f'cannot read file: {content.decode(errors="replace")}')
                    break
                files[wanted.path] = content
        await _send(writer, reply)

    async def _command(
        self, words: Sequence[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Run a command as long as its caller waits for it."""
        assert self._run_command is not None
        running = asyncio.ensure_future(self._run_command(words))
        left = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({running, left}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await _send(writer, running.result())
        finally:
            for task in (running, left):
                task.cancel()
            await asyncio.gather(running, left, return_exceptions=True)

    async def _answer(self, request: tools.Request) -> tools.Reply:
        context = self._contexts.get(request.context_id)
        if context is None:
            return tools.failure(f'bad request: no hook runs with context id "{request.context_id}"')
        reply = tools.answer(request, context)
        for effect in reply.effects:
            try:
                await self._perform(effect, context)
            except JujuError as error:
                prefix = (
                    'cannot write leadership settings: '
                    if isinstance(effect, tools.SetLeaderSettings)
                    else ''
                )
                return tools.failure(prefix + error.message)
        return reply


async def _send(writer: asyncio.StreamWriter, reply: tools.Reply) -> None:
    texts = (str(reply.code), reply.stdout, reply.stderr, reply.output)
    writer.write(message(b'done', *(text.encode(errors='surrogateescape') for text in texts)))
    await writer.drain()


def message(*fields: bytes) -> bytes:
    """Encode one message."""
    return b''.join(b'%d:%b' % (len(field), field) for field in fields) + b'\n'


async def read_message(reader: asyncio.StreamReader) -> Sequence[bytes]:
    """Read one message.

    Raises:
        ValueError: what comes is no message, or one that is too long.
    """
    fields: list[bytes] = []
    total = 0
    while True:
        digits = b''
        while (byte := await reader.readexactly(1)) not in b':\n':
            digits += byte
            if len(digits) > _MAX_DIGITS or not byte.isdigit():
                raise ValueError('not a message')
        if byte == b'\n':
            return fields
        length = int(digits)
        total += length
        if total > MAX_MESSAGE_BYTES:
            raise ValueError('message too long')
        fields.append(await reader.readexactly(length))


def install_programs(run_dir: Path) -> None:
    """Put what machines run of ours into a machine's run folder, `HOOK_TOOL` among it; may be repeated."""
    for name, source, mode in _PROGRAMS:
        # What is in the folder is not trusted: root of a machine can remount it and plant links there.
        number, part = tempfile.mkstemp(dir=run_dir, prefix=f'.{name}.')
        with os.fdopen(number, 'wb') as file:
            file.write(resources.files('pocket.agents').joinpath(source).read_bytes())
            os.fchmod(file.fileno(), mode)
        os.replace(part, run_dir / name)


def _bound(path: Path) -> socket.socket:
    """A socket bound to *path*, however long that is: an address has room for 107 bytes."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        os.fchmod(bound.fileno(), 0o600)  # the file's mode, and no link can come between as with chmod
        bound.bind(f'/proc/self/fd/{folder}/{path.name}')
    except BaseException:
        bound.close()
        raise
    finally:
        os.close(folder)
    return bound
