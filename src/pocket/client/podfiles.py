"""juju scp for pods: files go as tar streams through programs in their containers."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from bedrock import archives, errors
from pocket.client import podexec
from pocket.client.context import Session
from pocket.client.podexec import Place, Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A file or folder in a container."""

    place: Place
    path: str
    """Relative ones are in the folder where programs of the container begin."""

    def __str__(self) -> str:
        return f'{self.place.unit}:{self.path}'


def copy(session: Session, sources: list[Remote | Path], target: Remote | Path, *, recursive: bool) -> int:
    """Copy *sources* to *target*, of which one side is a pod's; returns 0.

    Raises:
        Fault: something cannot be read or written.
    """
    for source in sources:
        if isinstance(source, Remote) and isinstance(target, Path):
            _fetch(session, source, target, recursive=recursive)
        elif isinstance(source, Path) and isinstance(target, Remote):
            _send(session, source, target, recursive=recursive)
        else:
            raise errors.Fault('cannot copy: one side must be this host and the other a unit')
    return 0


def _send(session: Session, source: Path, target: Remote, *, recursive: bool) -> None:
    if not source.exists():
        raise errors.Fault(f'cannot copy {source}: there is no such file')
    if source.is_dir() and not recursive:
        raise errors.Fault(f'cannot copy {source}: it is a folder', hint='Give -r before the names.')
    path = PurePosixPath(target.path or '.')
    inside = _run(session, target.place, ['test', '-d', str(path)])[0] == 0
    folder, name = (path, source.resolve().name) if inside else (path.parent, path.name)
    with tempfile.TemporaryFile() as packed:
        with tarfile.open(fileobj=packed, mode='w') as tar:
            tar.add(source, arcname=name, filter=_anonymous)
        packed.seek(0)
        code, said = _run(session, target.place, ['tar', '-xmf', '-', '-C', str(folder)], stdin=packed)
    if code != 0:
        raise errors.Fault(f'cannot copy {source} to {target}: {said}')


def _fetch(session: Session, source: Remote, target: Path, *, recursive: bool) -> None:
    path = PurePosixPath(source.path)
    if not path.name:
        raise errors.Fault(f'cannot copy {source}: it names no file')
    if not recursive and _run(session, source.place, ['test', '-d', str(path)])[0] == 0:
        raise errors.Fault(f'cannot copy {source}: it is a folder', hint='Give -r before the names.')
    wanted = target / path.name if target.is_dir() else target
    # Next to where it goes, so that it is there as a whole or not at all.
    with tempfile.TemporaryDirectory(dir=wanted.parent, prefix='.juju-scp-') as scratch:
        packed = Path(scratch, 'tar')
        with packed.open('wb') as file:
            code, said = _run(
                session,
                source.place,
                ['tar', '-cf', '-', '-C', str(path.parent), '--', path.name],
                stdout=file,
            )
        if code != 0:
            raise errors.Fault(f'cannot copy {source}: {said}')
        archives.unpack(packed, Path(scratch, 'files'))
        found = Path(scratch, 'files', path.name)
        if found.is_dir():
            shutil.copytree(found, wanted, symlinks=True, dirs_exist_ok=True)
        else:
            os.replace(found, wanted)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the owner here: nobody there is known by that number."""
    member.uid = member.gid = 0
    member.uname = member.gname = ''
    return member


def _run(
    session: Session,
    place: Place,
    command: list[str],
    *,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> tuple[int, str]:
    said = io.BytesIO()
    streams = Streams(stdin=stdin, stdout=stdout or io.BytesIO(), stderr=said)
    code = podexec.run(session, place, command, streams=streams)
    return code, said.getvalue().decode(errors='replace').strip()
