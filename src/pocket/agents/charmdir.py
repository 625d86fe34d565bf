"""A charm on its way into a machine: one tar stream with its files and the links to the hook tools.

Nothing on the host is written where the machine could lead it elsewhere: the machine's own tar unpacks.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

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
tar -xf "$state/charm.tar" "$state/files.new" "$state/folders.new"
if [ -e "$state/files" ]; then
    comm -z -23 "$state/files" "$state/files.new" | (cd "agents/$1/charm" && xargs -0 -r rm -f --)
fi
if [ -e "$state/folders" ]; then
    comm -z -23 "$state/folders" "$state/folders.new" | sort -rz \
        | (cd "agents/$1/charm" && xargs -0 -r rmdir -- 2>/dev/null || true)
fi
tar -xf "$state/charm.tar" --no-same-owner
mv "$state/folders.new" "$state/folders"
mv "$state/files.new" "$state/files"
rm "$state/charm.tar"
"""
"""Run by sh in a machine, with Juju's folder and the unit's tag as $0 and $1 and the stream on its input.

Files of the charm that was there before go unless the new one has them, and folders that are empty then; what
the charm made itself stays. It may be stopped anywhere and run again.
"""

_MODES = {True: 0o755, False: 0o644}


def stream(
    archive: Path,
    *,
    unit: str,
    hook_tool: str,
    tool_names: Iterable[str],
    agent_conf: str = '',
    revision: int | None = None,
) -> bytes:
    """Return the tar stream for `SCRIPT` that puts the charm *archive* and its hook tools into a machine.

    Args:
        revision: What the charm's ``revision`` file is to say; by default it is as the archive has it.

    Raises:
        bedrock.charm.CharmFault: the archive is damaged or holds what a charm must not.
    """
    tag = unit_tag(unit)
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as tar,
        charm.Archive(archive) as opened,
    ):
        own = {} if revision is None else {'revision': f'{revision}\n'.encode()}
        names = sorted({*opened.entries, *own}, key=str.encode)
        _add(tar, f'agents/{tag}/state/files.new', _listed(names))
        _add(tar, f'agents/{tag}/state/folders.new', _listed(sorted(opened.folders, key=str.encode)))
        for name in opened.folders:
            _add_folder(tar, f'agents/{tag}/charm/{name}')
        for name in names:
            place = f'agents/{tag}/charm/{name}'
            if name in own:
                _add(tar, place, own[name])
            elif opened.entries[name].link:
                _add_link(tar, place, opened.entries[name].link)
            else:
                _add(tar, place, opened.read(name), executable=opened.entries[name].executable)
        if agent_conf:
            _add(tar, f'agents/{tag}/agent.conf', agent_conf.encode())
        for name in sorted(tool_names):
            _add_link(tar, f'tools/{tag}/{name}', hook_tool)
    return out.getvalue()


def _listed(names: Iterable[str]) -> bytes:
    return b''.join(name.encode() + b'\0' for name in names)


def _add(tar: tarfile.TarFile, name: str, data: bytes, *, executable: bool = False) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = _MODES[executable]
    tar.addfile(member, io.BytesIO(data))


def _add_folder(tar: tarfile.TarFile, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    member.mode = 0o755
    tar.addfile(member)


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    member = tarfile.TarInfo(name)
    member.type = tarfile.SYMTYPE
    member.linkname = target
    tar.addfile(member)
