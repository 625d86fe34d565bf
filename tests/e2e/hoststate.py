"""All of a host that pocket touches, as text to compare; what other homes have is left out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from bedrock import process
from pocket import settings
from pocket.substrate import sysctls
from tests import groups

State = Mapping[str, frozenset[str]]


def of(env: Mapping[str, str]) -> State:
    """Mounts, interfaces, rules, routes, kernel settings, and what is named after the home of *env*."""
    found = settings.load(env)
    mine = _stranger(found.tag)
    return {
        'mounts': frozenset(mine(_mounts())),
        'interfaces': frozenset(mine(os.listdir('/sys/class/net'))),
        'namespaces': frozenset(mine(_names(Path('/run/netns')))),
        'rules': frozenset(mine(_tables())),
        'routes': frozenset(mine(_routes())),
        'settings': frozenset(_settings()),
        'groups': frozenset(str(path) for path in groups.named(f'pocket/{found.tag}*')),
        'processes': frozenset(_processes(found.home)),
        'run': frozenset(name for name in _names(Path('/run')) if found.tag in name),
    }


def difference(before: State, after: State) -> dict[str, list[str]]:
    """What came and what went, by kind."""
    return {kind: sorted(before[kind] ^ after[kind]) for kind in before if before[kind] != after[kind]}


def _stranger(tag: str) -> Callable[[Iterable[str]], Iterator[str]]:
    """A filter that drops lines about other homes."""
    named = re.compile(r'\b(?:pk|pocket[-_])([0-9a-f]{6})')

    def mine(lines: Iterable[str]) -> Iterator[str]:
        return (line for line in lines if set(named.findall(line)) <= {tag})

    return mine


def _mounts() -> Iterator[str]:
    for line in Path('/proc/self/mountinfo').read_text().splitlines():
        left, _, right = line.partition(' - ')
        yield f'{left.split()[4]} {right}'


def _tables() -> list[str]:
    """The ruleset, a table a text, without counters."""
    text = process.run(['nft', '--stateless', 'list', 'ruleset'], timeout_s=20).stdout
    return re.split(r'^(?=table )', text, flags=re.MULTILINE)


def _routes() -> Iterator[str]:
    for family in ('-4', '-6'):
        shown = process.run(['ip', family, 'route', 'show', 'table', 'all'], timeout_s=20, check=False)
        yield from (line.strip() for line in shown.stdout.splitlines())


def _settings() -> Iterator[str]:
    """Kernel settings of the host; those that all homes share only while there is no other home."""
    shared = set(sysctls.WANTED) if any(Path('/sys/class/net').glob('pk*/bridge')) else set[str]()
    for folder in ('net/ipv4', 'net/bridge', 'net/netfilter', 'fs/inotify'):
        for path in sorted(Path('/proc/sys', folder).glob('*')):
            name = f'{folder}/{path.name}'
            if path.is_file() and name not in shared and os.access(path, os.R_OK) and 'count' not in name:
                yield f'{name}={path.read_text().strip()}'


def _processes(home: Path) -> Iterator[str]:
    for name in os.listdir('/proc'):
        if not name.isdecimal() or int(name) == os.getpid():
            continue
        try:
            words = Path('/proc', name, 'cmdline').read_bytes().decode(errors='replace')
            environ = Path('/proc', name, 'environ').read_bytes().decode(errors='replace')
        except OSError:
            continue
        if str(home) in words or f'POCKET_HOME={home}\0' in environ:
            yield f'{name} {words}'


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.is_dir() else []
