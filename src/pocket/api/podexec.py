"""Programs in the containers of pods for clients: the exec endpoint as Kubernetes has it, over a websocket.

Each message begins with the number of its channel. By it come ``kubectl exec`` and pocket's own client.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from bedrock import errors, process
from pocket.api import http
from pocket.services.cluster import pods
from pocket.services.cluster.pods import PodRecord
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import State
from pocket.substrate import Substrate, procs, terminals

__all__ = ['PATH', 'PROTOCOLS', 'Endpoint', 'Target', 'answer', 'find_pod', 'parse', 'serve']

PATH = '/model/{uuid}/api/v1/namespaces/{namespace}/pods/{pod}/exec'
"""As Kubernetes has it, below the model."""

PROTOCOLS = ('v5.channel.k8s.io', 'v4.channel.k8s.io')
"""The best first; v5 can end the input of a program, v4 cannot."""
CHARM = 'charm'
"""The container of the charm, which programs run in unless another is named."""

_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_CHUNK = 2**16
_CHARM_DIR = '/var/lib/juju'


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be run, and where."""

    host_name: str
    container: str
    """Empty: the charm's."""
    command: tuple[str, ...]
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    tty: bool = False


def find_pod(state: State, model_uuid: str, name: str) -> PodRecord:
    """Return the pod *name* (``app-0``) of a model.

    Raises:
        JujuError: there is none.
    """
    for pod in state.read(pods.wanted):
        if pod.model_uuid == model_uuid and pod.spec.hostname == name:
            return pod
    raise JujuError(f'pods "{name}" not found', NOT_FOUND)


def parse(pod: PodRecord, query: QueryParams) -> Target:
    """Return what a request for *pod* asks for.

    Raises:
        JujuError: there is no such container.
        ValueError: nothing is to be run.
    """
    container = query.get('container') or CHARM
    if container != CHARM and container not in {one.name for one in pod.spec.containers}:
        raise JujuError(f'container {container} is not valid for pod {pod.spec.hostname}', NOT_FOUND)
    command = tuple(query.getlist('command'))
    if not command:
        raise ValueError('you must specify at least one command for the container')
    return Target(
        host_name=pod.host_name,
        container='' if container == CHARM else container,
        command=command,
        stdin=_flag(query, 'stdin'),
        stdout=_flag(query, 'stdout'),
        stderr=_flag(query, 'stderr'),
        tty=_flag(query, 'tty'),
    )


class Endpoint:
    """What pocket's own API has at `PATH`."""

    def __init__(self, substrate: Substrate | None) -> None:
        self._substrate = substrate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; who is refused gets no websocket."""
        websocket = WebSocket(scope, receive, send)
        try:
            http.authenticate(websocket)
            model_uuid = http.model_of(websocket)
        except JujuError as err:
            await _refuse(websocket, str(err))
            return
        state = http.controller_of(websocket).state
        await answer(websocket, state, model_uuid, substrate=self._substrate)


async def answer(websocket: WebSocket, state: State, model_uuid: str, *, substrate: Substrate | None) -> None:
    """Run what *websocket* asks for in the pod that its path names, for a client that may do so."""
    try:
        target = parse(find_pod(state, model_uuid, str(websocket.path_params['pod'])), websocket.query_params)
    except (JujuError, ValueError) as err:
        await _refuse(websocket, str(err))
        return
    if substrate is None:
        await _refuse(websocket, 'no program can be started in a pod here')
        return
    await serve(websocket, substrate, target)


async def _refuse(websocket: WebSocket, why: str) -> None:
    """Say it in the channel that tells how programs end: few clients show what refuses a websocket."""
    offered = cast('list[str]', websocket.scope.get('subprotocols') or [])
    await websocket.accept(next((one for one in PROTOCOLS if one in offered), None))
    await _end(websocket, _failure(why, reason='BadRequest'))


async def serve(websocket: WebSocket, substrate: Substrate, target: Target) -> None:
    """Run *target* for a client that may use it, until the program ends or the client leaves."""
    offered = cast('list[str]', websocket.scope.get('subprotocols') or [])
    chosen = next((one for one in PROTOCOLS if one in offered), None)
    await websocket.accept(chosen)
    status: Mapping[str, Any]
    try:
        status = await _run(websocket, substrate, target)
    except errors.Fault as err:
        status = _failure(err.message, reason='InternalError')
    except WebSocketDisconnect:
        return
    await _end(websocket, status)


async def _end(websocket: WebSocket, status: Mapping[str, Any]) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await websocket.send_bytes(bytes([_STATUS]) + json.dumps(status).encode())
        await websocket.close()


def _failure(message: str, *, reason: str) -> Mapping[str, Any]:
    return {'metadata': {}, 'status': 'Failure', 'message': message, 'reason': reason}


async def _run(websocket: WebSocket, substrate: Substrate, target: Target) -> Mapping[str, Any]:
    cwd = '/' if target.container else _CHARM_DIR
    entrance = await substrate.entrance(target.host_name, target.command, cwd=cwd, container=target.container)
    env = await asyncio.to_thread(_environment, entrance.leader_pid)
    if target.tty:
        with terminals.opened(entrance.leader_pid) as (master, slave):
            program = OnTerminal(master)
            # By a program of the host's, before the container is entered.
            words = ['/usr/bin/setsid', '--ctty', '--wait', *entrance.command]
            child = await process.start(
                words, env={'TERM': 'xterm', **env}, stdin=slave, stdout=slave, stderr=slave
            )
            return await _attend(websocket, child, program, target)
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    child = await process.start(
        entrance.command,
        env=env,
        stdin=pipe if target.stdin else null,
        stdout=pipe if target.stdout else null,
        stderr=pipe if target.stderr else null,
    )
    return await _attend(websocket, child, _OnPipes(child), target)


async def _attend(
    websocket: WebSocket, child: asyncio.subprocess.Process, program: OnTerminal | _OnPipes, target: Target
) -> Mapping[str, Any]:
    """Carry what comes and goes until *child* has ended.

    Raises:
        WebSocketDisconnect: the client has left; the program was ended.
    """
    who = procs.identify(child.pid)
    sending = asyncio.ensure_future(program.send(websocket, child))
    receiving = asyncio.ensure_future(_receive(websocket, program, target))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            receiving.result()
            raise WebSocketDisconnect
        sending.result()
        return _status(await child.wait())
    finally:
        for task in (sending, receiving):
            task.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
        if child.returncode is None:
            if who is not None:
                await asyncio.shield(procs.end_group(who))
            await child.wait()


async def _receive(websocket: WebSocket, program: OnTerminal | _OnPipes, target: Target) -> None:
    """Give the program what the client sends, until that leaves."""
    while True:
        message = await websocket.receive()
        if message['type'] == 'websocket.disconnect':
            return
        data: bytes = message.get('bytes') or (message.get('text') or '').encode()
        if not data:
            continue
        channel, rest = data[0], data[1:]
        if channel == _STDIN and target.stdin:
            await program.feed(rest)
        elif channel == _CLOSE and rest[:1] == bytes([_STDIN]):
            await program.end_input()
        elif channel == _RESIZE:
            program.resize(rest)


class _OnPipes:
    """A program whose streams are apart."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    async def feed(self, data: bytes) -> None:
        if self._child.stdin is not None and not self._child.stdin.is_closing():
            with contextlib.suppress(ConnectionError):
                self._child.stdin.write(data)
                await self._child.stdin.drain()

    async def end_input(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()

    def resize(self, text: bytes) -> None:
        """There is no terminal."""

    async def send(self, websocket: WebSocket, child: asyncio.subprocess.Process) -> None:
        """Send all that the program prints, until nobody holds its outputs any more."""

        async def carry(stream: asyncio.StreamReader | None, channel: int) -> None:
            while stream is not None and (data := await stream.read(_CHUNK)):
                await websocket.send_bytes(bytes([channel]) + data)

        await asyncio.gather(carry(child.stdout, _STDOUT), carry(child.stderr, _STDERR))
        await child.wait()


class OnTerminal:
    """A program on a terminal of its own."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._loop = asyncio.get_running_loop()

    async def feed(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
            except OSError:
                return

    async def end_input(self) -> None:
        """What ends the input of a terminal is typed on it."""

    def resize(self, text: bytes) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
            size = json.loads(text)
            terminals.resize(self._master, width=int(size['Width']), height=int(size['Height']))

    async def send(self, websocket: WebSocket, child: asyncio.subprocess.Process) -> None:
        """Send all that is printed until the program ends; what it left in the background may go on."""
        ended = asyncio.ensure_future(child.wait())
        try:
            while True:
                try:
                    data = os.read(self._master, _CHUNK)
                except BlockingIOError:
                    if ended.done():
                        return
                    await self._readable_or(ended)
                    continue
                except OSError:
                    return
                await websocket.send_bytes(bytes([_STDOUT]) + data)
        finally:
            ended.cancel()

    async def _readable_or(self, ended: asyncio.Future[int]) -> None:
        readable = asyncio.ensure_future(self._ready(self._loop.add_reader, self._loop.remove_reader))
        try:
            await asyncio.wait({ended, readable}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Also when the client has left: the loop would be deaf to the next file of the same number.
            readable.cancel()
            await asyncio.gather(readable, return_exceptions=True)

    async def _ready(self, add: Any, remove: Any) -> None:
        event = asyncio.Event()
        add(self._master, event.set)
        try:
            await event.wait()
        finally:
            remove(self._master)


def _status(returncode: int) -> Mapping[str, Any]:
    """How a program ended, as Kubernetes says it."""
    code = returncode if returncode >= 0 else 128 - returncode
    if code == 0:
        return {'metadata': {}, 'status': 'Success'}
    return {
        'metadata': {},
        'status': 'Failure',
        'message': f'command terminated with non-zero exit code: exit status {code}',
        'reason': 'NonZeroExitCode',
        'details': {'causes': [{'reason': 'ExitCode', 'message': str(code)}]},
    }


def _environment(pid: int) -> dict[str, str]:
    """What the first process of the container was started with, as every program there."""
    try:
        with open(f'/proc/{pid}/environ', 'rb') as file:
            entries = file.read().split(b'\0')
    except OSError as err:
        raise errors.Fault('cannot run a program: the container has just stopped') from err
    pairs = (entry.decode(errors='surrogateescape').partition('=') for entry in entries if entry)
    found = {name: value for name, _, value in pairs}
    return {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', **found}


def _flag(query: QueryParams, name: str) -> bool:
    return (query.get(name) or '').lower() in ('1', 'true')
