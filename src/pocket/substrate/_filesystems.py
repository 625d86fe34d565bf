"""Filesystems for machines: a folder of the machine's own disk, memory, or an image file on a loop device.

The first two are made inside the machine, by programs of its own. An image is mounted by the machine's
supervisor below a folder that the machine sees at `SHARED`, so the kernel unmounts it, and frees the loop
device, when the machine ends, however that comes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process
from pocket.substrate import ExecResult, Filesystem, isolation

SHARED = '/run/pocket-storage'
"""Where a machine sees the folder that images are mounted in."""
LOCAL = '/var/lib/juju/storage-rootfs'
"""The folder of a machine that its ``rootfs`` filesystems are folders of."""

_TIMEOUT_S = 120.0
_CONTROL = Path('/dev/loop-control')

_MOUNT = f"""set -e
kind=$0 key=$1 target=$2 size=$3 mode=$4
if ! mountpoint -q "$target"; then
    mkdir -p "$target"
    case $kind in
        rootfs) mkdir -p "{LOCAL}/$key"; mount --bind "{LOCAL}/$key" "$target" ;;
        tmpfs) mount -t tmpfs -o "size=${{size}}m,mode=0755" tmpfs "$target" ;;
        *) mount --bind "{SHARED}/$key" "$target" ;;
    esac
fi
[ "$mode" = rw ] || mount -o remount,bind,ro "$target"
echo $(($(stat --file-system --format='%b * %S' "$target") / 1048576))
"""
_UNMOUNT = f"""key=$0 target=$1 destroy=$2
tries=8
while mountpoint -q "$target" && [ "$tries" -gt 0 ]; do
    umount "$target" 2>/dev/null || umount --lazy "$target" || exit 1
    tries=$((tries - 1))
done
[ -z "$destroy" ] || rm -rf -- "{LOCAL}/$key"
"""
_MOUNT_IMAGE = """set -e
image=$0 target=$1
mkdir -p "$target"
mountpoint -q "$target" || mount -t ext4 -o loop,nodev "$image" "$target"
"""
_MOUNT_PLAIN = """set -e
image=$0 plain=$1 target=$2
mkdir -p "$target" "$plain"
mount -t ext4 -o loop,nodev "$image" "$plain"
"""
_UNMOUNT_PLAIN = """! mountpoint -q "$0" || umount "$0"
"""
_UNMOUNT_IMAGE = """target=$0
! mountpoint -q "$target" || umount "$target" 2>/dev/null || umount --lazy "$target" || exit 1
[ ! -d "$target" ] || rmdir "$target"
"""


@dataclass(frozen=True, slots=True)
class Images:
    """The image files of one home."""

    folder: Path

    def path(self, key: str) -> Path:
        """The image that *key* names."""
        return self.folder / f'{key}.img'

    def keys(self) -> frozenset[str]:
        """What there are images of, those included that were made by half."""
        if not self.folder.is_dir():
            return frozenset()
        return frozenset(
            entry.name.removesuffix('.new').removesuffix('.img')
            for entry in self.folder.iterdir()
            if entry.name.endswith(('.img', '.img.new'))
        )

    async def make(self, key: str, *, size_mib: int) -> Path:
        """The image that *key* names, made unless it is there; it takes room on disk as it fills.

        Raises:
            Fault: this host cannot make it.
        """
        part = self._begin(key, size_mib)
        if part is not None:
            await _run(['mkfs.ext4', '-q', '-F', '-m', '0', part])
            os.replace(part, self.path(key))
        return self.path(key)

    async def delete(self, key: str) -> None:
        """Delete the image that *key* names, if there is one.

        Raises:
            Fault: a machine still uses it.
        """
        if key in self.keys():
            await require_free(self.path(key))
        for path in (self.path(key), self._part(key)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _begin(self, key: str, size_mib: int) -> Path | None:
        """An empty file for the image, None when there is an image."""
        if self.path(key).exists():
            return None
        if not _CONTROL.exists():
            raise errors.Fault('cannot make storage from pool "loop": this host has no loop devices')
        self.folder.mkdir(mode=0o700, exist_ok=True)
        part = self._part(key)
        part.unlink(missing_ok=True)
        with part.open('xb') as file:
            os.fchmod(file.fileno(), 0o600)
            file.truncate(size_mib * 2**20)
        return part

    def _part(self, key: str) -> Path:
        return self.folder / f'{key}.img.new'


async def require_free(image: Path) -> None:
    """Refuse to go on while *image* is mounted: two machines that write to one filesystem would destroy it.

    Raises:
        Fault: it is.
    """
    if (await _run(['losetup', '--noheadings', '--output', 'NAME', '--associated', image])).strip():
        raise errors.Fault('cannot use a storage volume yet: programs of another machine still have it open')


async def is_mounted(supervisor: int, target: Path) -> bool:
    """Whether the supervisor of a machine has something mounted at *target*."""
    argv = [*_beside(supervisor), 'mountpoint', '-q', str(target)]
    return (await process.arun(argv, timeout_s=_TIMEOUT_S, check=False)).returncode == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How a machine with users of its own sees an image: as others do, with the numbers shifted."""

    users: int
    """The user of the host that root of the machine is."""
    plain: Path
    """Where the supervisor may mount things that only it sees."""


async def mount_image(supervisor: int, image: Path, target: Path, *, shift: Shift | None = None) -> None:
    """Mount *image* at *target* where only a machine and its supervisor see it; again is no harm.

    Raises:
        Fault: it cannot be, or another machine has it.
    """
    if shift is not None:
        await _mount_shifted(supervisor, image, target, shift)
        return
    if not await is_mounted(supervisor, target):
        await require_free(image)
    await _run([*_beside(supervisor), '/bin/sh', '-c', _MOUNT_IMAGE, str(image), str(target)])


async def _mount_shifted(supervisor: int, image: Path, target: Path, shift: Shift) -> None:
    if await is_mounted(supervisor, target):
        return
    beside, clear = _beside(supervisor), ('/bin/sh', '-c', _UNMOUNT_PLAIN, str(shift.plain))
    await _run([*beside, *clear])  # of a daemon that was killed
    await require_free(image)
    await _run([*beside, '/bin/sh', '-c', _MOUNT_PLAIN, str(image), str(shift.plain), str(target)])
    try:
        await _run([*beside, *isolation.command('mount', shift.plain, target, shift.users)])
    finally:
        await _run([*beside, *clear])


async def unmount_image(supervisor: int, target: Path) -> None:
    """Undo `mount_image`; again is no harm.

    Raises:
        Fault: it cannot be.
    """
    await _run([*_beside(supervisor), '/bin/sh', '-c', _UNMOUNT_IMAGE, str(target)])


def mount_command(filesystem: Filesystem) -> list[str]:
    """The command that, inside the machine, mounts *filesystem*, unless it is, and prints its MiB."""
    return [
        *('/bin/sh', '-c', _MOUNT, filesystem.provider, filesystem.key, filesystem.mount_point),
        *(str(filesystem.size_mib), 'ro' if filesystem.read_only else 'rw'),
    ]


def unmount_command(filesystem: Filesystem, *, destroy: bool) -> list[str]:
    """The command that, inside the machine, undoes `mount_command`; again is no harm."""
    gone = 'destroy' if destroy and filesystem.provider == 'rootfs' else ''
    return ['/bin/sh', '-c', _UNMOUNT, filesystem.key, filesystem.mount_point, gone]


def judge(filesystem: Filesystem, done: ExecResult) -> int:
    """The size in MiB: of a volume what it was made with, of another what `mount_command` printed.

    Raises:
        Fault: it failed, or the filesystem is too small.
    """
    if done.returncode != 0:
        said = done.stderr.decode(errors='replace').strip()
        raise errors.Fault(f'cannot mount storage at "{filesystem.mount_point}": {said}')
    if filesystem.provider == 'loop':
        return filesystem.size_mib
    size_mib = int(done.stdout)
    if filesystem.provider == 'rootfs' and size_mib < filesystem.size_mib:
        raise errors.Fault(f'filesystem is not big enough ({size_mib}M < {filesystem.size_mib}M)')
    return size_mib


def _beside(supervisor: int) -> Sequence[str]:
    return ('nsenter', f'--target={supervisor}', '--mount', '--')


async def _run(argv: Sequence[str | Path]) -> str:
    return (await process.arun(argv, timeout_s=_TIMEOUT_S)).stdout
