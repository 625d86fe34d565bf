"""Ask the keeper through its control socket."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any, cast


class KeeperDown(Exception):
    """The keeper does not answer."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, *, timeout: float) -> None:
        super().__init__('keeper', timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class KeeperClient:
    """One request, one answer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def report(self) -> dict[str, Any]:
        """The keeper's full state.

        Raises:
            KeeperDown: it does not answer.
        """
        return self._ask('GET', '/healthz?full', timeout=5)

    def wait_ready(self, *, timeout_s: float) -> dict[str, Any]:
        """The full state, once the first snapshot is there or *timeout_s* has passed."""
        return self._ask('GET', f'/wait-ready?timeout={timeout_s:g}', timeout=timeout_s + 5)

    def command(self, name: str, *, timeout_s: float = 600) -> dict[str, Any]:
        """POST *name*, such as ``sync``; an ``error`` key says that it did not work."""
        return self._ask('POST', f'/{name}', timeout=timeout_s)

    def snapshots(self) -> list[dict[str, Any]]:
        """The snapshots that are kept, newest first."""
        return cast('list[dict[str, Any]]', self._ask('GET', '/snapshots', timeout=10)['snapshots'])

    def _ask(self, method: str, path: str, *, timeout: float) -> dict[str, Any]:
        connection = _UnixConnection(self._path, timeout=timeout)
        try:
            connection.request(method, path)
            return cast('dict[str, Any]', json.loads(connection.getresponse().read()))
        except (OSError, http.client.HTTPException, ValueError) as err:
            raise KeeperDown('the keeper does not answer') from err
        finally:
            connection.close()
