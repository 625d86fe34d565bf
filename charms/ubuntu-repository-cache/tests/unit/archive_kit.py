"""A small signed archive, a sync host with faults on demand, and a client for the keeper's sockets."""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import json
import lzma
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from keeper.daemon import Keeper
from keeper.settings import Settings
from keeper.upstream import Limits

START = 1_700_000_000


class Keys:
    """Two keys: ``good`` is in the pinned keyring, ``foreign`` is not."""

    def __init__(self, folder: Path) -> None:
        # gpg's agent has a socket in its home, and such paths must be short.
        self._home = Path(f'/tmp/k{os.getpid()}')
        self._home.mkdir(mode=0o700)
        self.keyring = folder / 'keyring.gpg'
        for name in ('good', 'foreign'):
            self._gpg('--passphrase', '', '--quick-generate-key', f'{name}@example.com', 'ed25519', 'sign')
        self.keyring.write_bytes(self._gpg('--export', 'good@example.com'))
        self.armoured = self._gpg('--armor', '--export', 'good@example.com').decode()

    def sign(self, text: bytes, *, key: str, detached: bool = False) -> bytes:
        """Sign *text*."""
        how = ['--armor', '--detach-sign'] if detached else ['--clearsign']
        return self._gpg('--local-user', f'{key}@example.com', *how, stdin=text)

    def close(self) -> None:
        """End gpg's agent."""
        subprocess.run(['gpgconf', '--homedir', str(self._home), '--kill', 'all'], check=True)
        subprocess.run(['rm', '-rf', str(self._home)], check=True)

    def _gpg(self, *arguments: str, stdin: bytes = b'') -> bytes:
        argv = ['gpg', '--homedir', str(self._home), '--batch', '--quiet', '--no-tty', *arguments]
        return subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, check=True).stdout


class Archive:
    """An archive on disk; change it, then ``publish``."""

    def __init__(self, root: Path, keys: Keys) -> None:
        self.root = root
        self._keys = keys
        self.packages: dict[str, bytes] = {}
        self.date = START

    def add(self, name: str, content: bytes) -> str:
        """Add or replace a package; returns its path."""
        path = f'pool/main/{name[0]}/{name}_1~1_amd64.deb'
        self.packages[path] = content
        return path

    def path(self, name: str) -> str:
        """The path of a package."""
        return f'pool/main/{name[0]}/{name}_1~1_amd64.deb'

    def publish(
        self,
        suite: str = 'stable',
        *,
        date: int | None = None,
        key: str = 'good',
        valid_until: int | None = None,
        codename: str | None = None,
        keep_by_hash: bool = True,
    ) -> str:
        """Write indexes and signatures; returns the SHA-256 of Packages.xz."""
        self.date = date if date is not None else self.date + 60
        for path, content in self.packages.items():
            _write(self.root / path, content)
        plain = b''.join(_stanza(p, c) for p, c in sorted(self.packages.items()))
        files = {
            'main/binary-amd64/Packages': plain,
            'main/binary-amd64/Packages.xz': lzma.compress(plain),
            'main/binary-arm64/Packages.xz': lzma.compress(b''),
            'main/i18n/Translation-en.xz': lzma.compress(b'Package: hello\n'),
            'main/Contents-amd64.xz': lzma.compress(b'bin/hello hello\n'),
            'extra/binary-amd64/Packages.xz': lzma.compress(b''),
        }
        top = self.root / 'dists' / suite
        lines: list[str] = []
        for name, content in files.items():
            sha256 = hashlib.sha256(content).hexdigest()
            lines.append(f' {sha256} {len(content)} {name}')
            if name == 'main/binary-amd64/Packages':
                continue  # listed and not there, as archives do
            _write(top / name, content)
            by_hash = (top / name).parent / 'by-hash' / 'SHA256'
            if by_hash.is_dir() and not keep_by_hash:
                for old in by_hash.iterdir():
                    old.unlink()
            _write(by_hash / sha256, content)
        head = [
            'Origin: Test',
            f'Suite: {suite}',
            f'Codename: {codename or suite}',
            f'Date: {email.utils.formatdate(self.date, usegmt=True)}',
            'Acquire-By-Hash: yes',
            'Architectures: all amd64 arm64',
            'Components: main extra',
            'No-Support-for-Architecture-all: Packages',
        ]
        if valid_until is not None:
            head.append(f'Valid-Until: {email.utils.formatdate(valid_until, usegmt=True)}')
        release = '\n'.join([*head, 'SHA256:', *lines, '']).encode()
        _write(top / 'Release', release)
        _write(top / 'Release.gpg', self._keys.sign(release, key=key, detached=True))
        _write(top / 'InRelease', self._keys.sign(release, key=key))
        return hashlib.sha256(files['main/binary-amd64/Packages.xz']).hexdigest()


Fault = Callable[[bytes], bytes]


@dataclass
class SyncHost:
    """An HTTP server on loopback. Faults are by path; ``gates`` hold an answer before its last byte."""

    root: Path
    requests: list[str] = field(default_factory=list[str])
    bodies: dict[str, Fault] = field(default_factory=dict[str, Fault])
    lengths: dict[str, int] = field(default_factory=dict[str, int])
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    gates: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    silent: set[str] = field(default_factory=set[str])
    port: int = 0

    async def start(self) -> None:
        """Listen."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._accept, '127.0.0.1', self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def base(self) -> str:
        """The archive's address."""
        return f'http://127.0.0.1:{self.port}/ubuntu'

    def count(self, path: str) -> int:
        """How often *path* was asked for."""
        return self.requests.count(path)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b'\r\n\r\n')
            path = unquote(head.split(b' ')[1].decode()).removeprefix('/ubuntu/')
            self.requests.append(path)
            if path in self.silent:
                await asyncio.Event().wait()
            file = self.root / path
            status = self.statuses.get(path, 200 if file.is_file() else 404)
            body = file.read_bytes() if status == 200 else b''
            length = self.lengths.get(path, len(body))
            body = self.bodies.get(path, bytes)(body)
            writer.write(f'HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n'.encode())
            if path in self.gates:
                writer.write(body[:-1])
                await writer.drain()
                await self.gates[path].wait()
                body = body[-1:]
            writer.write(body)
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


@dataclass(frozen=True)
class Got:
    """An answer; ``whole`` says whether all that was promised came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    def json(self) -> dict[str, Any]:
        """The decoded body."""
        return cast('dict[str, Any]', json.loads(self.body))


async def ask(
    socket: Path, path: str, *, method: str = 'GET', headers: Mapping[str, str] | None = None
) -> Got:
    """One request to a keeper's socket."""
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        lines = [f'{method} {path} HTTP/1.1', 'Host: k', *(f'{k}: {v}' for k, v in (headers or {}).items())]
        writer.write(('\r\n'.join(lines) + '\r\n\r\n').encode())
        head = (await reader.readuntil(b'\r\n\r\n')).decode().split('\r\n')
        found = {k.lower(): v for k, _, v in (line.partition(': ') for line in head[1:] if line)}
        body = b''
        try:
            while chunk := await reader.read(65536):
                body += chunk
        except ConnectionResetError:
            pass
        whole = method == 'HEAD' or len(body) == int(found['content-length'])
        return Got(int(head[0].split()[1]), found, body, whole)
    finally:
        writer.close()


class Running:
    """A keeper in this process, with real sockets."""

    def __init__(self, folder: Path, keyring: Path, *bases: str, **changes: Any) -> None:
        values: dict[str, Any] = {
            'origins': bases,
            'path_base': 'ubuntu',
            'keyring': str(keyring),
            'store': str(folder / 'store'),
            'runtime': str(folder / 'run'),
            'suites': ('stable',),
            'components': ('main',),
            'architectures': ('amd64',),
            **changes,
        }
        self.folder = folder
        self.keeper = Keeper(Settings(**values), limits=Limits(connect=1, header=0.3, stall=0.3))

    async def __aenter__(self) -> Running:
        await self.keeper.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.keeper.stop()

    async def ready(self) -> dict[str, Any]:
        """Wait for the first snapshot."""
        got = await self.control('/wait-ready?timeout=10')
        assert got.status == 200, got.body
        return got.json()

    async def get(self, path: str, **more: Any) -> Got:
        """Ask like nginx does."""
        return await ask(self.folder / 'run' / 'fill.socket', path, **more)

    async def control(self, path: str, *, method: str = 'GET') -> Got:
        """Ask like the charm does."""
        return await ask(self.folder / 'run' / 'control.socket', path, method=method)

    async def sync(self) -> Got:
        """Sync now."""
        return await self.control('/sync', method='POST')

    def served(self, path: str) -> Path:
        """The file that nginx would serve for an index."""
        return self.folder / 'store' / 'current' / 'ubuntu' / path

    def package(self, path: str) -> Path:
        """The file that nginx would serve for a package."""
        return self.folder / 'store' / 'packages' / 'ubuntu' / path


def _stanza(path: str, content: bytes) -> bytes:
    name = path.rpartition('/')[2].partition('_')[0]
    return (
        f'Package: {name}\nVersion: 1~1\nArchitecture: amd64\nFilename: {path}\nSize: {len(content)}\n'
        f'SHA256: {hashlib.sha256(content).hexdigest()}\nDescription: test\n\n'
    ).encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
