"""A charm on its way into a machine: one tar stream with its files and the links to the hook tools.

Nothing on the host is written where the machine could lead it elsewhere: the machine's own tar unpacks.
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bedrock import charm
from pocket.model import unit_tag

SCRIPT = """
set -eu
export LC_ALL=C
mkdir -p "$0"
cd "$0"
state=agents/$1/state
mkdir -p "$state" "agents/$1/charm"
cat > "$state/charm.tar"
tar -xf "$state/charm.tar" "$state/files.new"
if [ -e "$state/files" ]; then
    comm -z -23 "$state/files" "$state/files.new" | (cd "agents/$1/charm" && xargs -0 -r rm -f --)
fi
tar -xf "$state/charm.tar" --no-same-owner
mv "$state/files.new" "$state/files"
rm "$state/charm.tar"
"""
"""Run by sh in a machine, with Juju's folder and the unit's tag as $0 and $1 and the stream on its input.

Files of the charm that was there before go unless the new one has them; what the charm made itself stays. It
may be stopped anywhere and run again.
"""

_MODES = {True: 0o755, False: 0o644}


def stream(
    archive: Path, *, unit: str, hook_tool: str, tool_names: Iterable[str], agent_conf: str = ''
) -> bytes:
    """Return the tar stream for `SCRIPT` that puts the charm *archive* and its hook tools into a machine.

    Raises:
        bedrock.charm.CharmFault: the archive is damaged or holds what a charm must not.
    """
    tag = unit_tag(unit)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as tar:
        try:
            with zipfile.ZipFile(archive) as opened:
                infos = sorted(
                    (info for info in opened.infolist() if not info.is_dir()),
                    key=lambda info: info.filename.encode(),
                )
                _check(infos, archive)
                listed = b''.join(info.filename.encode() + b'\0' for info in infos)
                _add(tar, f'agents/{tag}/state/files.new', listed)
                for info in infos:
                    _add_member(tar, f'agents/{tag}/charm/{info.filename}', opened, info)
        except (zipfile.BadZipFile, OSError) as err:
            raise charm.CharmFault(f'cannot read charm {archive}: {err}') from err
        if agent_conf:
            _add(tar, f'agents/{tag}/agent.conf', agent_conf.encode())
        for name in sorted(tool_names):
            _add_link(tar, f'tools/{tag}/{name}', hook_tool)
    return out.getvalue()


def _check(infos: list[zipfile.ZipInfo], archive: Path) -> None:
    if sum(info.file_size for info in infos) > charm.MAX_UNPACKED_BYTES:
        raise charm.CharmFault(
            f'cannot unpack {archive}: it holds more than {charm.MAX_UNPACKED_BYTES} bytes'
        )
    for info in infos:
        name = PurePosixPath(info.filename)
        if name.is_absolute() or '..' in name.parts:
            raise charm.CharmFault(f'cannot unpack {archive}: "{info.filename}" leads out of the folder')


def _add_member(tar: tarfile.TarFile, name: str, opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        _add_link(tar, name, opened.read(info).decode())
    else:
        _add(tar, name, opened.read(info), executable=bool(mode & stat.S_IXUSR))


def _add(tar: tarfile.TarFile, name: str, data: bytes, *, executable: bool = False) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = _MODES[executable]
    tar.addfile(member, io.BytesIO(data))


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    member = tarfile.TarInfo(name)
    member.type = tarfile.SYMTYPE
    member.linkname = target
    tar.addfile(member)
