"""A program apart, run by path: shows a folder with its users' numbers shifted, or tries all that takes.

    idmap.py mount SOURCE TARGET FIRST [COMMAND...]   mounts SOURCE at TARGET and becomes COMMAND
    idmap.py probe LOWER SCRATCH FIRST                fails, saying why, unless this host can

User 0 of SOURCE is user FIRST at TARGET, and so on, for users and groups. It needs mount namespaces that the
caller made, and the standard library only: it is started for each machine, so that little is loaded.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable, Generator
from pathlib import Path

SIZE = 65536
"""How many users a machine has."""

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
"""System calls that the C library does not have everywhere; the same numbers on every architecture."""
_HERE = -100
_CLONE_TREE = 0x1 | os.O_CLOEXEC
_EMPTY_PATH = 0x1000
_FROM_EMPTY_PATH = 0x4
_ATTR_IDMAP = 0x00100000
_NEW_MOUNTS, _NEW_NETWORK, _NEW_USERS = 0x00020000, 0x40000000, 0x10000000

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    """``struct mount_attr``, mount_setattr(2)."""

    _fields_ = (
        ('set', ctypes.c_uint64),
        ('clear', ctypes.c_uint64),
        ('propagation', ctypes.c_uint64),
        ('users', ctypes.c_uint64),
    )


def mount(source: str, target: str, first: int) -> None:
    """Show *source* at *target* with its users shifted by *first*.

    Raises:
        OSError: the kernel or the filesystem of *source* cannot.
    """
    with _shifted(first, signal.pause) as child:
        users = os.open(f'/proc/{child}/ns/user', os.O_RDONLY | os.O_CLOEXEC)
        tree = _call(_OPEN_TREE, _HERE, source.encode(), ctypes.c_uint(_CLONE_TREE))
        wanted = _Attributes(set=_ATTR_IDMAP, users=users)
        size = ctypes.c_size_t(ctypes.sizeof(wanted))
        _call(_MOUNT_SETATTR, tree, b'', ctypes.c_uint(_EMPTY_PATH), ctypes.byref(wanted), size)
        _call(_MOVE_MOUNT, tree, b'', _HERE, target.encode(), ctypes.c_uint(_FROM_EMPTY_PATH))
        os.close(tree)
        os.close(users)


def probe(lower: Path, scratch: Path, first: int) -> str:
    """Try what a machine needs; returns what this host refuses, in words, or nothing.

    Args:
        lower: An empty folder where images are.
        scratch: One where machines are.
    """
    (lower / 'file').write_text('a')
    for name in ('view', 'upper', 'work', 'root'):
        (scratch / name).mkdir()
    os.chown(scratch / 'upper', first, first)
    root = scratch / 'root'
    try:
        mount(str(lower), str(scratch / 'view'), first)
    except OSError as err:
        return f'the filesystem of {lower.parent} cannot be mounted with shifted users ({err.strerror})'
    options = f'lowerdir={scratch}/view,upperdir={scratch}/upper,workdir={scratch}/work'
    if _libc.mount(b'overlay', bytes(root), b'overlay', 0, options.encode()) != 0:
        return f'no overlay on a folder with shifted users ({os.strerror(ctypes.get_errno())})'
    try:
        with _shifted(first, lambda: _live(root)) as child:
            _, status = os.waitpid(child, 0)
    except OSError as err:
        return f'the kernel refuses user namespaces ({err.strerror})'
    if status != 0:
        return _STEPS.get(os.waitstatus_to_exitcode(status), 'a user namespace with no rights in it')
    changed = (scratch / 'upper' / 'file').stat()
    return '' if changed.st_uid == first else 'files changed in an overlay get the wrong owner'


_STEPS = {
    1: 'root of a user namespace cannot change files of an overlay',
    2: 'a user namespace cannot have mounts and a network of its own',
    3: 'root of a user namespace cannot listen on port 80',
    4: 'root of a user namespace can make device nodes',
}
"""What failed, by the exit status of `_live`."""


def _live(root: Path) -> None:
    """Do in a user namespace what a machine does; the exit status says how far that went."""
    step = 1
    try:
        os.chdir(root)  # while we still may: the folders above it are not for everybody
        os.setgroups([])
        os.setgid(0)
        os.setuid(0)
        with Path('file').open('a') as file:
            file.write('b')
        step = 2
        Path('mounted').mkdir()
        _check(_libc.unshare(_NEW_MOUNTS | _NEW_NETWORK))
        _check(_libc.mount(b'tmpfs', b'mounted', b'tmpfs', 0, None))
        step = 3
        socket.create_server(('', 80)).close()
        step = 4
        try:
            os.mknod('mounted/node', stat.S_IFBLK | 0o600, os.makedev(254, 0))
        except PermissionError:
            step = 0
    finally:
        os._exit(step)


@contextlib.contextmanager
def _shifted(first: int, work: Callable[[], object]) -> Generator[int]:
    """A child process in a user namespace of its own, which does *work*; it is gone afterwards."""
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        failed = _libc.unshare(_NEW_USERS) != 0
        os.write(ready[1], bytes([ctypes.get_errno() if failed else 0]))
        os.close(done[1])
        os.read(done[0], 1)
        if not failed:
            work()
        os._exit(0)
    try:
        os.close(done[0])
        failed = os.read(ready[0], 1)[0]
        if failed:
            raise OSError(failed, os.strerror(failed))
        for kind in ('uid', 'gid'):
            Path(f'/proc/{child}/{kind}_map').write_text(f'0 {first} {SIZE}')
        os.close(done[1])
        done = (-1, -1)
        yield child
    finally:
        if done[1] >= 0:
            os.close(done[1])
        os.close(ready[0])
        os.close(ready[1])
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _call(*words: object) -> int:
    return _check(_libc.syscall(*words))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _main(verb: str, source: str, target: str, first: str, *command: str) -> str | int:
    if verb == 'probe':
        return probe(Path(source), Path(target), int(first)) or 0
    try:
        mount(source, target, int(first))
    except OSError as err:
        old = ' (Linux 5.19 or later is needed)' if err.errno == errno.ENOSYS else ''
        return f'cannot mount {source} with shifted users: {err.strerror}{old}'
    if command:
        os.execvp(command[0], command)  # noqa: S606 - becoming the machine's supervisor is what it is for
    return 0


if __name__ == '__main__':
    sys.exit(_main(*sys.argv[1:]))
