"""A network of its own, with one way out: what runs in it sees nothing of what comes and goes on the host."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

from bedrock import process

_NEW_NETWORK = 0x40000000


@contextlib.contextmanager
def network(address: str, port: int) -> Generator[ThreadPoolExecutor]:
    """Yield a thread in a new network, where 127.0.0.1 is *address* on the host, for one *port*.

    Sockets that it makes and programs that it starts are there too.
    """
    with ThreadPoolExecutor(1, initializer=_leave) as thread:
        listening = thread.submit(socket.create_server, ('127.0.0.1', port)).result()
        carrier = threading.Thread(target=_carry, args=(listening, (address, port)))
        carrier.start()
        try:
            yield thread
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            carrier.join()
            listening.close()


def _leave() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    process.run(['ip', 'link', 'set', 'lo', 'up'], timeout_s=20)


def _carry(listening: socket.socket, target: tuple[str, int]) -> None:
    """Lead every connection to *target*, until *listening* is shut."""
    with contextlib.suppress(OSError):
        while True:
            came, _ = listening.accept()
            try:
                went = socket.create_connection(target, 60)
            except OSError:
                came.close()
                continue
            went.settimeout(None)
            for one, other in ((came, went), (went, came)):
                threading.Thread(target=_copy, args=(one, other), daemon=True).start()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
