"""A program apart, run by path: becomes a program inside a container that need not have any program of ours.

    enter.py PID BOUNDING USER CWD PROGRAM...

It enters all namespaces of PID but its users, gives up every capability that is not in BOUNDING (bits, in
hexadecimal), becomes USER as the container's own files have it, and starts PROGRAM with the environment that
it was itself started with. It ends as the program does: with its status, or by its signal.

Whoever enters is still the host's root, with what it knows. From the moment that it sees the container's
files nothing is imported, and no error is left to the interpreter to print: that would load the container's
code.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys

_KINDS = ('ipc', 'uts', 'net', 'pid', 'cgroup', 'mnt')
"""The namespaces of a process: the one with the files last."""
_DROP, _LAST = 24, 63
"""``PR_CAPBSET_DROP``, prctl(2), and the highest capability there may ever be."""
_VERSION_3 = 0x20080522
_PATH = b'/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
_CANNOT = 126
_ABSENT = 127

_libc = ctypes.CDLL(None, use_errno=True)


def main(pid: str, bounding: str, user: str, cwd: str, *argv: str) -> int:
    """See the module."""
    with open('/proc/self/environ', 'rb') as file:
        # Not os.environ: Python changes its own at its start.
        pairs = [entry.partition(b'=') for entry in file.read().split(b'\0') if entry]
    env = {name: value for name, _, value in pairs}
    env[b'PWD'] = os.fsencode(cwd)
    spaces = [os.open(f'/proc/{pid}/ns/{kind}', os.O_RDONLY | os.O_CLOEXEC) for kind in _KINDS]
    # Where pocket itself is in a chroot, the root of the namespace is not the container's.
    root = os.open(f'/proc/{pid}/root', os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for space in spaces:
        _check(_libc.setns(space, 0))
    os.fchdir(root)
    os.chroot('.')
    os.chdir('/')
    _limit(int(bounding, 16))
    # A process id namespace is only for those that are started from now on.
    child = os.fork()
    if child == 0:
        _become(user)
        os.chdir(cwd)
        _become_program([os.fsencode(word) for word in argv], env)
    return _follow(child)


def _become_program(argv: list[bytes], env: dict[bytes, bytes]) -> None:
    """`os.execvpe`, which would import a module."""
    name = argv[0]
    folders = [b''] if b'/' in name else env.get(b'PATH', _PATH).split(b':')
    for folder in folders:
        try:
            os.execve(folder + b'/' + name if folder else name, argv, env)  # noqa: S606 - what it is for
        except (FileNotFoundError, NotADirectoryError):
            continue
    os.write(2, b'cannot run ' + name + b': there is no such program\n')
    os._exit(_ABSENT)


def _limit(bounding: int) -> None:
    for number in range(_LAST + 1):
        if not bounding >> number & 1 and _libc.prctl(_DROP, number, 0, 0, 0) != 0:
            break  # past the last one that the kernel knows
    low, high = bounding & 0xFFFFFFFF, bounding >> 32
    header = struct.pack('=Ii', _VERSION_3, 0)
    _check(_libc.capset(header, struct.pack('=6I', low, low, 0, high, high, 0)))


def _become(user: str) -> None:
    """Become *user*: a name or a number, with its groups of the container, or just ``uid:gid``."""
    if user == 'root':
        return
    if ':' in user:
        uid, gid = map(int, user.split(':'))
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        return
    found = [line for line in _lines('/etc/passwd') if user in (line[0], line[2])]
    if not found and not user.isdecimal():
        raise LookupError
    name, uid, gid = (found[0][0], found[0][2], found[0][3]) if found else ('', user, user)
    groups = [int(line[2]) for line in _lines('/etc/group') if name and name in line[3].split(',')]
    os.setgroups(sorted({int(gid), *groups}))
    os.setresgid(int(gid), int(gid), int(gid))
    os.setresuid(int(uid), int(uid), int(uid))


def _lines(path: str) -> list[list[str]]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return []
    text = b''
    while part := os.read(fd, 2**16):
        text += part
    os.close(fd)
    lines = [line.split(':') for line in text.decode('utf-8', 'replace').splitlines()]
    return [line for line in lines if len(line) >= 4]


def _follow(child: int) -> int:
    """Wait for *child* and end as it did."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # what is typed on a terminal is for the program
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.kill(os.getpid(), signal.SIGSTOP)
            os.kill(child, signal.SIGCONT)
        elif os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number != signal.SIGKILL:
                signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        else:
            return os.WEXITSTATUS(status)


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), '')


def _run() -> None:
    try:
        status = main(*sys.argv[1:])
    except OSError as err:
        os.write(2, b'cannot run a program in a container: ' + os.strerror(err.errno or 0).encode() + b'\n')
        status = _CANNOT
    except LookupError:
        os.write(2, b'cannot run a program in a container: it has no such user\n')
        status = _CANNOT
    except BaseException:  # noqa: BLE001 - nothing of the interpreter's may look at the container's files
        status = _CANNOT
    os._exit(status)


if __name__ == '__main__':
    _run()
