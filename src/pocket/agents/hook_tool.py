#!/usr/bin/python3 -IS
"""Every hook tool of a machine: asks the unit's agent what to print, under the name that it was called by.

It runs inside machines, where only Python itself is sure to be there, and often: a charm may call hundreds in
one hook. So it imports as little as it can. A message is a list of byte strings,
each as ``length:bytes``, and a line feed.
"""

from __future__ import annotations

import os
import sys
from _socket import AF_UNIX, SOCK_STREAM
from _socket import socket as Socket  # the full socket module would add half to the start-up time


def main(argv: list[bytes], environ: dict[bytes, bytes]) -> int:
    tool = os.path.basename(argv[0])
    address = environ.get(b'JUJU_AGENT_SOCKET_ADDRESS', b'')
    if not address:
        return _complain(tool, b'JUJU_AGENT_SOCKET_ADDRESS is not set; hook tools work only in hooks')
    peer = Socket(AF_UNIX, SOCK_STREAM)
    try:
        peer.connect(address)
        _send(peer, b'call', environ.get(b'JUJU_CONTEXT_ID', b''), tool, *argv[1:])
        while True:
            kind, *fields = _receive(peer)
            if kind == b'done':
                return _finish(*fields)
            _send_file(peer, fields[0])
    except OSError as err:
        return _complain(tool, b'cannot ask the unit agent: ' + str(err).encode())
    finally:
        peer.close()


def _finish(code: bytes, stdout: bytes, stderr: bytes, output: bytes) -> int:
    if output:
        target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        _write(target, stdout)
        os.close(target)
    else:
        _write(1, stdout)
    _write(2, stderr)
    return int(code)


def _send_file(peer: Socket, path: bytes) -> None:
    try:
        source = 0 if path == b'-' else os.open(path, os.O_RDONLY)
    except OSError as err:
        _send(peer, b'nofile', path, str(err).encode())
        return
    parts: list[bytes] = []
    while part := os.read(source, 1 << 20):
        parts.append(part)
    _send(peer, b'file', path, b''.join(parts))


def _send(peer: Socket, *fields: bytes) -> None:
    peer.sendall(b''.join(b'%d:%b' % (len(field), field) for field in fields) + b'\n')


def _receive(peer: Socket) -> list[bytes]:
    data = b''
    fields: list[bytes] = []
    while True:
        if data[:1] == b'\n':
            return fields
        length, colon, rest = data.partition(b':')
        if colon and len(rest) >= int(length):
            fields.append(rest[: int(length)])
            data = rest[int(length) :]
            continue
        part = peer.recv(1 << 20)
        if not part:
            raise OSError('it closed the connection')
        data += part


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]


def _complain(tool: bytes, text: bytes) -> int:
    _write(2, b'ERROR %b: %b\n' % (tool, text))
    return 1


if __name__ == '__main__':
    sys.exit(main([os.fsencode(word) for word in sys.argv], dict(os.environb)))
