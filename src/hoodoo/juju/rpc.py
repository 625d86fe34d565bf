"""Juju's websocket RPC, as a client that waits for each answer sees it.

Each connection has a thread with an event loop of its own, and only that thread touches the TLS socket:
CPython 3.11's TLS objects hang now and then when one thread reads and another writes, which is what
websockets.sync does.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar, cast

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from bedrock import errors
from hoodoo.juju import clientfiles, dialling, facades, login

T = TypeVar('T')

_CALL_S = 60.0
_CLOSE_S = 5.0


class Connection:
    """A logged-in connection to a controller, or to one of its models."""

    def __init__(self, controller: clientfiles.Controller, *, model_uuid: str = '') -> None:
        """Connect and log in.

        Raises:
            UnreachableFault: no endpoint answers. RpcFault: the login was refused.
        """
        self._controller = controller
        self._sent = 0
        self._versions = facades.Versions(controller)
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ended = False
        self._gate = threading.Lock()
        opened: concurrent.futures.Future[ClientConnection] = concurrent.futures.Future()
        path = f'/model/{model_uuid}/api' if model_uuid else '/api'
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(path, opened), name='juju-rpc', daemon=True)
        self._thread.start()
        self._socket = opened.result()
        try:
            self._log_in()
        except BaseException:
            self.close()
            raise

    def call(
        self,
        facade: str,
        request: str,
        params: Mapping[str, Any],
        *,
        id_: str = '',
        timeout_s: float | None = _CALL_S,
    ) -> dict[str, Any]:
        """Send one request and wait for its answer; callable from any thread.

        Raises:
            RpcFault: the controller refused it.
            UnreachableFault: the connection broke, or no answer came within *timeout_s*.
        """
        asked: dict[str, Any] = {
            'type': facade,
            'version': self._versions.of(facade),
            'request': request,
            'params': params,
        }
        if id_:
            asked['id'] = id_
        answer = self._wait(self._ask(asked), timeout_s)
        if answer.get('error'):
            raise login.RpcFault(str(answer['error']), code=str(answer.get('error-code', '')))
        return cast('dict[str, Any]', answer.get('response') or {})

    def close(self) -> None:
        """Hang up; a call that waits in another thread ends with UnreachableFault. May be called twice."""
        with contextlib.suppress(errors.UnreachableFault):
            self._wait(self._socket.close(), _CLOSE_S)
        self._thread.join(_CLOSE_S)

    def wait_ended(self) -> None:
        """Return when the connection is closed, or broken."""
        self._thread.join()

    def _wait(self, work: Coroutine[Any, Any, T], timeout_s: float | None) -> T:
        """Have the connection's own thread do *work*, and wait for it in this one."""
        with self._gate:
            if self._ended:
                work.close()
                raise self._broken('the connection is closed')
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise self._broken(f'no answer within {timeout_s} s') from None
        except (WebSocketException, OSError, concurrent.futures.CancelledError) as err:
            raise self._broken('the connection broke') from err

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self._sent += 1
        number = self._sent
        answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._pending[number] = answer
        try:
            await self._socket.send(json.dumps({'request-id': number, **message}))
            return await answer
        finally:
            self._pending.pop(number, None)

    def _run(self, path: str, opened: concurrent.futures.Future[ClientConnection]) -> None:
        """The thread: serve the connection to its end, and end everything that still waits for it."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve(path, opened))
        finally:
            if not opened.done():
                opened.set_exception(self._broken('it cannot be dialled'))

    async def _serve(self, path: str, opened: concurrent.futures.Future[ClientConnection]) -> None:
        async with contextlib.AsyncExitStack() as stack:
            try:
                connection = await dialling.dial(self._controller, path)
                stack.push_async_callback(connection.close)
            except errors.UnreachableFault as err:
                opened.set_exception(err)
                return
            opened.set_result(connection)
            with contextlib.suppress(WebSocketException, OSError):
                async for text in connection:
                    self._take(cast('dict[str, Any]', json.loads(text)))
        with self._gate:
            self._ended = True
        # What was handed over before that becomes a task now, and the runner cancels every task that is left.
        await asyncio.sleep(0)

    def _take(self, answer: dict[str, Any]) -> None:
        waiting = self._pending.get(int(answer.get('request-id', 0)))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _broken(self, how: str) -> errors.UnreachableFault:
        return errors.UnreachableFault(f'cannot hear controller "{self._controller.name}": {how}')

    def _log_in(self) -> None:
        who = self._controller
        try:
            answer = self.call('Admin', 'Login', login.request(who))
        except login.RpcFault as err:
            raise login.refused(who, err) from None
        login.check(who, answer)
        self._versions.learn(answer)
