"""What one pocket home has on the host: everything that a crash or a removal could leave behind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import process
from pocket import settings
from pocket.daemon import control
from tests import groups

_PROC = Path('/proc')


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Names, so that a failed comparison says what is there."""

    machines: frozenset[str]
    """Machine folders."""
    groups: frozenset[str]
    """Machines with control groups."""
    namespaces: frozenset[str]
    """Machines with a network namespace."""
    supervisors: tuple[str, ...]
    """The machine of each systemd-nspawn that runs."""
    links: int
    """Network interfaces, the bridge among them."""
    daemons: int
    others: tuple[str, ...]
    """What should never be there, or only for a moment."""


def of(env: Mapping[str, str], model_tag: str = '') -> Traces:
    """Look at the host for the home of *env*; *model_tag* begins the names of its machines."""
    found = settings.load(env)
    prefix = f'pk{found.tag}'
    machines = _names(found.home / 'm')
    arguments = list(_arguments())
    root = f'--directory={found.home}/m/'
    return Traces(
        machines=frozenset(machines),
        groups=frozenset(
            one.name
            for group in groups.named(f'pocket/{found.tag}')
            for one in group.iterdir()
            if one.is_dir()
        ),
        namespaces=frozenset(
            name.removeprefix(f'{prefix}-')
            for name in _names(Path('/run/netns'))
            if name.startswith(f'{prefix}-')
        ),
        supervisors=tuple(
            sorted(
                word.removeprefix(root).removesuffix('/root')
                for words in arguments
                if words[0] == 'systemd-nspawn'
                for word in words
                if word.startswith(root)
            )
        ),
        links=sum(name.startswith(prefix) for name in _names(Path('/sys/class/net'))),
        daemons=sum(_is_daemon(pid, found.home) for pid in _pids()),
        others=tuple(_others(found, machines, model_tag)),
    )


def assert_only(env: Mapping[str, str], machines: frozenset[str]) -> None:
    """Nothing of the home but its daemon and *machines* is on the host."""
    model_tag = next(iter(machines)).rpartition('-')[0] if machines else ''
    found = of(env, model_tag)
    assert (found.machines, found.groups, found.namespaces) == (machines, machines, machines)
    assert found.supervisors == tuple(sorted(machines))
    # The bridge of a model and the home's rules come with the first machine and go with the last.
    assert (found.links, found.daemons) == (len(machines) + bool(machines), 1), 'a bridge, a link a machine'
    assert found.others == ()
    assert len(tables(env)) == bool(machines)
    assert programs_in(env) == {}


def daemons(env: Mapping[str, str]) -> list[int]:
    """The processes of the home's daemon, one that is just starting included."""
    home = settings.load(env).home
    return [pid for pid in _pids() if _is_daemon(pid, home)]


def tables(env: Mapping[str, str]) -> list[str]:
    """The home's tables of firewall rules."""
    listed = process.run(['nft', 'list', 'tables'], timeout_s=10).stdout.splitlines()
    return [line for line in listed if settings.load(env).tag in line]


def programs_in(env: Mapping[str, str]) -> dict[int, str]:
    """The command line of each process that was started in the home's machines and has not ended."""
    tag = settings.load(env).tag
    made = (path for path in groups.named('pocket.exec') if f'pocket/{tag}/' in str(path))
    pids = {int(pid) for group in made for pid in (group / 'cgroup.procs').read_text().split()}
    found = {pid: ' '.join(words) for pid in pids if (words := _words(_PROC / str(pid)))}
    # The log files of a machine are written now and then, by a program that ends at once.
    return {pid: words for pid, words in found.items() if '/var/log/juju' not in words}


def daemon_pid(env: Mapping[str, str]) -> int:
    """The process of the home's daemon, which must run."""
    info = control.find(settings.load(env).home)
    assert info is not None
    return info.pid


def _others(found: settings.Settings, machines: list[str], model_tag: str) -> Iterator[str]:
    mounts = Path('/proc/self/mountinfo').read_text().splitlines()
    yield from (line for line in mounts if str(found.home) in line)
    yield from (f'/run/{name}' for name in _names(Path('/run')) if name.startswith(f'pocket-{found.tag}'))
    for name in _names(Path('/run/systemd/nspawn/propagate')):
        if model_tag and name.startswith(model_tag) and name not in machines:
            yield f'/run/systemd/nspawn/propagate/{name}'
    for machine in machines:
        yield from (f'{machine}/exec/{name}' for name in _names(found.home / 'm' / machine / 'exec'))
    yield from (name for name in _names(found.home / 'charms') if not name.endswith('.charm'))
    # Whatever was started with the daemon's environment and goes on without a daemon.
    for pid in _pids():
        if _is_of(pid, found.home) and not _is_daemon(pid, found.home) and os.getppid() != pid:
            yield f'process {pid}: {" ".join(_words(_PROC / str(pid)))}'


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def _pids() -> list[int]:
    return [int(name) for name in os.listdir(_PROC) if name.isdecimal() and int(name) != os.getpid()]


def _arguments() -> Iterator[list[str]]:
    return (words for pid in _pids() if (words := _words(_PROC / str(pid))))


def _is_of(pid: int, home: Path) -> bool:
    return f'POCKET_HOME={home}' in _strings(_PROC / str(pid) / 'environ')


def _is_daemon(pid: int, home: Path) -> bool:
    return 'pocket.daemon' in _words(_PROC / str(pid)) and _is_of(pid, home)


def _words(folder: Path) -> list[str]:
    return _strings(folder / 'cmdline')


def _strings(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode(errors='replace').rstrip('\0').split('\0')
    except OSError:
        return []
