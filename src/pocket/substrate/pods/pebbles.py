"""The Pebble that is the first process of each container: found on this host, else made once and kept.

Pebble is Canonical's, under the GPLv3; it is only ever run as a program. It goes into containers of any kind,
so it has to need no library. What is built is pinned by ``pebble/go.mod`` and ``pebble/go.sum``: Go refuses
sources with other sums. Only where it cannot be built is the release of that version downloaded.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
import re
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process
from pocket.substrate import _locks
from pocket.substrate.pods import pebblereleases

Note = Callable[[str], None]

LEAST = (1, 19)
"""The first version that has all that Juju 3.6 offers to charms."""

_SOURCE = Path(__file__).parent / 'pebble'
_PACKAGE = 'github.com/canonical/pebble/cmd/pebble'
_ASK_S = 10.0
_BUILD_S = 600.0
_KEPT = ('HOME', 'http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'TMPDIR')
_PT_INTERP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a program that is called pebble can be used."""

    path: Path
    problem: str = ''
    """Why not; empty when it can."""


async def ensure(
    cache: Path, *, note: Note = lambda _: None, releases: str = pebblereleases.RELEASES
) -> Path:
    """A Pebble for containers of any kind: from PATH, else from *cache*, built or downloaded there once.

    Args:
        releases: What the version is put behind to ask what its release has.

    Raises:
        Fault: there is none; the message has all that was tried.
    """
    tried: list[str] = []
    for candidate in await asyncio.to_thread(_on_path, os.environ.get('PATH', os.defpath)):
        verdict = await _judge(candidate)
        if not verdict.problem:
            return candidate
        tried.append(f'{candidate}: {verdict.problem}')
    kept = cache / 'pebble' / built_name(pins(), platform.machine())
    if kept.is_file():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    lock = kept.with_name(f'.{kept.name}.lock')
    async with _locks.locked(lock, note, waiting='waiting for another who makes Pebble'):
        if not kept.is_file():
            await _make(kept, tried, note, releases)
    return kept


def find_go() -> str | None:
    """Go of PATH, else the one that was installed beside this Python."""
    return shutil.which('go') or shutil.which('go', path=Path(sys.executable).parent)


def built_name(pins: Mapping[str, bytes], machine: str) -> str:
    """What a Pebble that was made here is called: other sources have another name."""
    digest = hashlib.sha256(b'\0'.join(pins[name] for name in sorted(pins))).hexdigest()[:12]
    return f'pebble-{version_of(pins)}-{machine}-{digest}'


def version_of(pins: Mapping[str, bytes]) -> str:
    """The version that is pinned, as ``v1.26.0``."""
    found = re.search(rb'canonical/pebble (v\S+)', pins['go.mod'])
    return found[1].decode() if found else 'unknown'


def judge(said: str, *, is_static: bool) -> str:
    """What is wrong with a program that, asked for its version as Pebble is, *said* this; or nothing."""
    found = re.fullmatch(r'v(\d+)\.(\d+)\S*', said.strip())
    if found is None:
        return "it is not Canonical's Pebble"
    if (int(found[1]), int(found[2])) < LEAST:
        return f'{said.strip()} is older than v{LEAST[0]}.{LEAST[1]}'
    return '' if is_static else 'it needs libraries that a container may not have (build with CGO_ENABLED=0)'


def is_static(head: bytes) -> bool:
    """Whether the ELF program that begins with *head* runs without an interpreter."""
    try:
        if head[:4] != b'\x7fELF' or head[4] != 2:
            return False
        order = '<' if head[5] == 1 else '>'
        (start,) = struct.unpack_from(f'{order}Q', head, 32)
        size, count = struct.unpack_from(f'{order}HH', head, 54)
        kinds = [struct.unpack_from(f'{order}I', head, start + size * n)[0] for n in range(count)]
    except (struct.error, IndexError):
        return False
    return _PT_INTERP not in kinds


def _on_path(path: str) -> list[Path]:
    found = [Path(folder, 'pebble') for folder in path.split(os.pathsep) if folder]
    programs = [one for one in dict.fromkeys(found) if one.is_file() and os.access(one, os.X_OK)]
    # What snaps bring is started by snapd, which is not in containers.
    return [one.resolve() for one in programs if one.resolve().name != 'snap']


async def _judge(program: Path) -> Verdict:
    with program.open('rb') as file:
        static = is_static(file.read(8192))
    argv = [str(program), 'version', '--client']
    try:
        done = await process.arun(argv, env={'PATH': os.defpath}, timeout_s=_ASK_S, check=False)
    except errors.Fault as err:
        return Verdict(path=program, problem=err.message)
    return Verdict(path=program, problem=judge(done.stdout, is_static=static))


def pins() -> dict[str, bytes]:
    """What says which sources Pebble is built from, by name."""
    return {name: (_SOURCE / name).read_bytes() for name in ('go.mod', 'go.sum')}


async def _make(kept: Path, tried: list[str], note: Note, releases: str) -> None:
    """Make *kept* in the first of the ways that works; *tried* gets what came of the others."""
    for left in kept.parent.glob(f'.{kept.name}.new-*'):
        await asyncio.to_thread(shutil.rmtree, left, ignore_errors=True)  # of one that was killed
    scratch = Path(tempfile.mkdtemp(prefix=f'.{kept.name}.new-', dir=kept.parent))
    version = version_of(pins())
    try:
        for way, make in (
            ('building it', lambda: _build(scratch, note)),
            (f'downloading its release {version}', lambda: _download(version, scratch, releases, note)),
        ):
            try:
                made = await make()
                problem = (await _judge(made)).problem
                if problem:
                    raise errors.Fault(problem)
            except errors.Fault as err:
                tried.append(f'{way}: {err.message}')
                continue
            made.chmod(0o755)
            os.replace(made, kept)
            return
        raise _none(tried)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


async def _build(scratch: Path, note: Note) -> Path:
    go = find_go()
    if go is None:
        raise errors.Fault('there is no Go here')
    note('building Pebble')
    for name, content in pins().items():
        (scratch / name).write_bytes(content)
    made = scratch / 'pebble'
    argv = [go, 'build', '-trimpath', '-buildvcs=false', '-o', str(made), _PACKAGE]
    await process.arun(argv, cwd=scratch, env=_environment(), timeout_s=_BUILD_S)
    return made


async def _download(version: str, scratch: Path, releases: str, note: Note) -> Path:
    note(f'downloading Pebble {version}')
    fetch = pebblereleases.fetch
    made = await asyncio.to_thread(fetch, version, platform.machine(), scratch, releases=releases)
    made.chmod(0o755)  # it is asked for its version next
    return made


def _environment() -> dict[str, str]:
    go = {name: value for name, value in os.environ.items() if name.startswith('GO')}
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {'PATH': os.environ.get('PATH', os.defpath), 'HOME': '/root', **kept, **go, 'CGO_ENABLED': '0'}


def _none(tried: list[str]) -> errors.Fault:
    lines = ''.join(f'\n    {line}' for line in ['no usable pebble on PATH', *tried])
    return errors.Fault(
        f'cannot find a Pebble for the containers of pods:{lines}',
        hint='Install Go 1.24 or later, or put a Pebble that was built with CGO_ENABLED=0 on PATH.',
    )
