"""Control groups of machines: where they are on this host, made, limited, emptied, removed.

Three kinds of host are known: one unified hierarchy (cgroup 2), separate hierarchies (cgroup 1), and both.
systemd inside a machine needs a place in the one that systemd uses, so a machine gets a group in
``name=systemd`` and in the unified one, whichever are there; limits go where their controller is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bedrock import errors
from pocket.substrate import procs

DAEMON_LEAF = 'pocket-daemon'
"""Group that the daemon puts itself into: a cgroup 2 group with children may hold no processes."""

_TRIES = 10
_PROBE = '.probe'
_DELEGATED = ('cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control', 'tasks')
"""The files of a group that its user writes, those of version 1 included."""
_PERIOD_US = 100_000
_DEVICES = (
    # Any node may be made; only the harmless ones, terminals, tun and fuse opened.
    'c *:* m',
    'b *:* m',
    *(f'c {node} rwm' for node in ('1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2', '136:*')),
    'c 10:200 rwm',
    'c 10:229 rwm',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The groups under which this program may make others, by controller."""

    unified: Path | None
    """In the cgroup 2 hierarchy."""
    named: Path | None
    """In the ``name=systemd`` hierarchy of cgroup 1."""
    controllers: Mapping[str, Path]
    """cgroup 1 controllers that matter here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a machine may use; None is no limit."""

    memory_mb: int | None = None
    cores: int | None = None


def layout(mountinfo: str, own: str) -> Layout:
    """Read the hierarchies from the texts of /proc/self/mountinfo and /proc/self/cgroup."""
    places = dict(_own_paths(own))
    unified: Path | None = None
    named: Path | None = None
    controllers: dict[str, Path] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(' - ')
        fields, kind = left.split(), right.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        root, point = fields[3], Path(fields[4])
        if kind[0] == 'cgroup2':
            unified = unified or _below(point, root, places.get('', '/'))
        elif kind[0] == 'cgroup':
            options = kind[2].split(',')
            if 'name=systemd' in options:
                named = named or _below(point, root, places.get('name=systemd', '/'))
            for controller in ('memory', 'cpu', 'devices'):
                if controller in options:
                    controllers.setdefault(controller, _below(point, root, places.get(controller, '/')))
    return Layout(unified=unified, named=named, controllers=controllers)


def here() -> Layout:
    """The layout of this host, seen from this process."""
    return layout(Path('/proc/self/mountinfo').read_text(), Path('/proc/self/cgroup').read_text())


def create(where: Layout, path: str, limits: Limits, *, owner: int = 0) -> tuple[tuple[Path, ...], str]:
    """Make the groups *path* and return them, with a note about what cannot be limited (or empty).

    Args:
        owner: The user of the host that may make groups below them, and move processes there; the limits of
            the groups themselves stay ours.
    """
    made: list[Path] = []
    missing: list[str] = []
    if where.named is not None:
        made.append(_make(where.named, path))
    if where.unified is not None:
        made.append(_make(where.unified, path, delegate=where.named is None))
    if owner:
        for group in made:
            _give(group, owner)
    wishes = {
        'memory': None if limits.memory_mb is None else limits.memory_mb * 2**20,
        'cpu': None if limits.cores is None else limits.cores * _PERIOD_US,
    }
    for controller, amount in wishes.items():
        if amount is None:
            continue
        if controller in where.controllers:
            group = _make(where.controllers[controller], path)
            made.append(_inner(group))
            file = {'memory': 'memory.limit_in_bytes', 'cpu': 'cpu.cfs_quota_us'}[controller]
            value = str(amount)
        else:
            group = made[-1]
            file = {'memory': 'memory.max', 'cpu': 'cpu.max'}[controller]
            value = str(amount) if controller == 'memory' else f'{amount} {_PERIOD_US}'
        try:
            _write(group / file, value)
        except OSError:
            missing.append({'memory': 'mem', 'cpu': 'cores'}[controller])
    if 'devices' in where.controllers:
        made.append(_inner(_guard_devices(_make(where.controllers['devices'], path))))
    note = f'this host cannot limit {" and ".join(missing)}' if missing else ''
    return tuple(made), note


def below(where: Layout, groups: Iterable[Path], name: str) -> tuple[Path, ...]:
    """The groups for one container of the pod that has *groups*: its own, where they tell processes apart.

    Where they only limit and guard, it shares the pod's.
    """
    bases = [base for base in (where.named, where.unified) if base is not None]
    return tuple(
        _make(group, name, delegate=where.named is None)
        if any(group.is_relative_to(base) for base in bases)
        else group
        for group in groups
    )


def confine(
    where: Layout, place: str, groups: Iterable[Path], *, memory_bytes: int = 0, cpu_millis: int = 0
) -> tuple[tuple[Path, ...], str]:
    """The groups for one container that has *groups* otherwise, with limits of its own; 0 is none.

    Args:
        place: The container's, below its pod's.

    Returns:
        The groups, and a note about what cannot be limited (or empty).
    """
    wishes = {
        'memory': str(memory_bytes) if memory_bytes else '',
        'cpu': str(cpu_millis * _PERIOD_US // 1000) if cpu_millis else '',
    }
    kept, missing = tuple(groups), list[str]()
    for controller, value in wishes.items():
        if not value:
            continue
        try:
            if controller in where.controllers:
                base = where.controllers[controller]
                group = _make(base, place)
                file = {'memory': 'memory.limit_in_bytes', 'cpu': 'cpu.cfs_quota_us'}[controller]
                _write(group / file, value)
                kept = (*(one for one in kept if not one.is_relative_to(base)), _inner(group))
            else:
                group = next(one for one in kept if where.unified and one.is_relative_to(where.unified))
                file = {'memory': 'memory.max', 'cpu': 'cpu.max'}[controller]
                _write(group / file, value if controller == 'memory' else f'{value} {_PERIOD_US}')
        except (OSError, StopIteration):
            missing.append(controller)
    return kept, f'this host cannot limit {" and ".join(missing)}' if missing else ''


def find(where: Layout, path: str) -> tuple[Path, ...]:
    """The groups *path* that are there, in whatever hierarchy."""
    bases = {where.unified, where.named, *where.controllers.values()} - {None}
    return tuple(base / path for base in bases if base is not None and (base / path).is_dir())


def try_delegation(where: Layout, tag: str, owner: int) -> str:
    """What keeps this host from giving a group of the home *tag* to *owner*, in words, or nothing."""
    path = f'pocket/{tag}/{_PROBE}'
    try:
        groups, _ = create(where, path, Limits(), owner=owner)
    except (OSError, errors.Fault):
        return 'its control groups cannot be handed on'
    finally:
        forget(where, tag)
    return '' if groups else 'no control groups are mounted'


def settle(where: Layout) -> None:
    """Move this process into a leaf of its own and hand the controllers down, as cgroup 2 wants it."""
    if where.unified is None or where.named is not None:
        return
    with contextlib.suppress(OSError):
        leaf = where.unified / DAEMON_LEAF
        leaf.mkdir(exist_ok=True)
        _write(leaf / 'cgroup.procs', '0')
    _hand_down(where.unified)


def forget(where: Layout, tag: str) -> None:
    """Remove the groups that machines of the home *tag* were below, as far as nobody else is."""
    bases = {where.unified, where.named, *where.controllers.values()} - {None}
    for base in bases:
        assert base is not None
        home = base / 'pocket' / tag
        with contextlib.suppress(OSError):
            remove(home / _PROBE)
        for group in (home, home.parent, base / DAEMON_LEAF):
            with contextlib.suppress(OSError):
                group.rmdir()


def exec_group(group: Path) -> Path:
    """The group for a program that is started inside the machine of *group*."""
    payload = group / 'payload'
    if not payload.is_dir():
        return group
    inner = payload / 'pocket.exec'
    with contextlib.suppress(OSError):
        inner.mkdir(exist_ok=True)
    return inner


def members(group: Path) -> frozenset[int]:
    """Processes in *group* and below it."""
    found: set[int] = set()
    for folder, _, _ in os.walk(group):
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in Path(folder, 'cgroup.procs').read_text().split())
    return frozenset(found - {0})


async def empty(groups: Iterable[Path], *, timeout_s: float = 10.0) -> bool:
    """Kill everything in *groups*; False when something would not go."""
    for _ in range(5):  # what forked while it was being killed is met in the next round
        pids = {pid for group in groups for pid in members(group) if procs.identify(pid) is not None}
        if not pids:
            return True
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not await procs.wait_gone(pids, timeout_s=timeout_s):
            return False
    return False


def remove(group: Path) -> None:
    """Remove *group* and what is below it.

    Raises:
        OSError: a process is still in it.
    """
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue


def _own_paths(text: str) -> Iterable[tuple[str, str]]:
    for line in text.splitlines():
        _, controllers, path = line.split(':', 2)
        for controller in controllers.split(','):
            yield controller, path


def _below(point: Path, root: str, own: str) -> Path:
    """The folder of group *own* in a hierarchy whose *root* is mounted at *point*."""
    try:
        inner = PurePosixPath(own).relative_to(root)
    except ValueError:
        inner = PurePosixPath()
    if inner.name == DAEMON_LEAF:
        inner = inner.parent
    return point / inner


def _make(base: Path, path: str, *, delegate: bool = False) -> Path:
    for _ in range(_TRIES):
        group = base
        # Another home may just be taking away the group that both are in.
        with contextlib.suppress(FileNotFoundError):
            for part in PurePosixPath(path).parts:
                if delegate:
                    _hand_down(group)
                group /= part
                group.mkdir(exist_ok=True)
            return group
    raise errors.Fault(f'cannot make the control group {base / path}')


def _hand_down(group: Path) -> None:
    """Enable for the children of *group* every controller that it has; one may fail without the others."""
    with contextlib.suppress(OSError):
        for controller in (group / 'cgroup.controllers').read_text().split():
            with contextlib.suppress(OSError):
                _write(group / 'cgroup.subtree_control', f'+{controller}')


def _inner(group: Path) -> Path:
    """The child of *group* that the machine is put into.

    Root in a machine can mount a version 1 hierarchy, of which it sees its own group and what is below, and
    change that group's settings; but never to more than the group above allows, which it cannot see.
    """
    inner = group / 'in'
    inner.mkdir(exist_ok=True)
    return inner


def _guard_devices(group: Path) -> Path:
    try:
        _write(group / 'devices.deny', 'a')
        for rule in _DEVICES:
            _write(group / 'devices.allow', rule)
    except OSError as err:
        # A group that already guards a running machine's parent may refuse what the parent does not have.
        if err.errno not in (errno.EPERM, errno.EINVAL):
            raise
    return group


def _give(group: Path, owner: int) -> None:
    """Let *owner* use *group* as its own, as cgroups(7) describes delegation."""
    os.chown(group, owner, owner)
    for name in _DELEGATED:
        with contextlib.suppress(FileNotFoundError):
            os.chown(group / name, owner, owner)


def _write(path: Path, text: str) -> None:
    with path.open('w') as file:
        file.write(text)
