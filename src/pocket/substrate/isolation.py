"""What keeps the programs of a machine from the host: what is chosen for new machines, and why."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process
from pocket.settings import Settings
from pocket.substrate import cgroups, idmap, ranges, records
from pocket.substrate.cgroups import Layout

FILE = 'isolation.json'
"""Where a home keeps what was found, as long as the host does not boot."""
HINT = 'Set POCKET_ISOLATION to auto or capabilities.'

_SYSTEMD = Path('/run/systemd/system')
_BOOT = Path('/proc/sys/kernel/random/boot_id')
_TIMEOUT_S = 20.0
_CAPABILITIES = 'root in one is held by a capability bounding set, a seccomp filter and a private /dev'
_USERS = 'root in one is a user of the host that has nothing there and can make no device nodes'
_GUARDS = {
    'cgroup-v1': 'the devices control group lets it open harmless devices only',
    'systemd': "systemd's device policy lets it open harmless devices only",
    'nothing': 'nothing guards the devices that it makes nodes for',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """How new machines are held back."""

    kind: str
    """``users``: root in a machine is another user of the host; ``capabilities``: it is the host's root with
    fewer rights."""
    devices: str
    """What decides which devices can be opened: ``cgroup-v1``, ``systemd`` or ``nothing``."""
    why: str
    missing: str = ''
    """What `kind` lacks on this host, where it was asked for by name; no machine can be made then."""

    def require(self, machine: str) -> None:
        """Refuse to make *machine* while something is missing.

        Raises:
            Fault: something is.
        """
        if self.missing:
            raise errors.Fault(
                f'cannot make machine {machine} with users of its own: {self.missing}',
                hint=HINT,
            )


def here(settings: Settings, layout: Layout) -> Isolation:
    """What applies to new machines of a home."""
    return decide(
        settings.isolation, layout, systemd=_SYSTEMD.is_dir(), probe=lambda: probed(settings, layout)
    )


def decide(wanted: str, layout: Layout, *, systemd: bool, probe: Callable[[], str]) -> Isolation:
    """What applies on a host with these control groups.

    Args:
        wanted: As of `Settings.isolation`.
        systemd: It is the host's first process.
        probe: Says what machines with users of their own lack, or nothing; asked only if that matters.
    """
    devices = 'cgroup-v1' if 'devices' in layout.controllers else 'systemd' if systemd else 'nothing'
    held = f'{_CAPABILITIES}, and {_GUARDS[devices]}'

    def capabilities(reason: str) -> Isolation:
        return Isolation(kind='capabilities', devices=devices, why=f'{reason}; {held}')

    if wanted == 'capabilities':
        return capabilities('POCKET_ISOLATION asks for it')
    if wanted == 'users':
        missing = probe()
        rest = f'but no machine can be made so, because {missing}' if missing else _USERS
        why = f'POCKET_ISOLATION asks for it; {rest}'
        return Isolation(kind='users', devices=devices, why=why, missing=missing)
    if layout.unified is None or layout.named is not None or layout.controllers:
        return capabilities(
            'machines share the users of the host, because its control groups are not of version 2 alone'
        )
    missing = probe()
    if missing:
        return capabilities(f'machines share the users of the host, because {missing}')
    return Isolation(
        kind='users', devices=devices, why=f'this host can give machines users of their own; {_USERS}'
    )


def probed(settings: Settings, layout: Layout) -> str:
    """What machines with users of their own lack here, or nothing: tried once for each boot of the host."""
    # Not the groups themselves: each daemon has another, and this command one more.
    groups = [layout.unified is not None, layout.named is not None, *sorted(layout.controllers)]
    place = {'boot': _BOOT.read_text().strip(), 'cache': str(settings.cache), 'groups': groups}
    file = settings.home / FILE
    kept = _kept(file, place)
    if kept is not None:
        return kept
    if os.geteuid() != 0:
        return 'only root can find out whether this host can'
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(settings.home):
        kept = _kept(file, place)
        if kept is None:
            kept = _try(settings, layout)
            records.write_whole(file, json.dumps({'place': place, 'missing': kept}))
    return kept


def _kept(file: Path, place: object) -> str | None:
    """What was found at *place* earlier; None when it was not tried yet."""
    try:
        kept = json.loads(file.read_text())
        return str(kept['missing']) if kept['place'] == place else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


@contextlib.contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Have other programs of this home wait, so that no two of them try at once."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _try(settings: Settings, layout: Layout) -> str:
    refused = cgroups.try_delegation(layout, settings.tag, ranges.FIRST)
    if refused:
        return refused
    folders = [settings.cache / 'images', settings.home]
    mark = f'.probe-{settings.tag}-'
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob(f'{mark}*'):
            shutil.rmtree(left, ignore_errors=True)  # by one that was killed
    with (
        tempfile.TemporaryDirectory(prefix=mark, dir=folders[0]) as lower,
        tempfile.TemporaryDirectory(prefix=mark, dir=folders[1]) as scratch,
    ):
        argv = ['unshare', '--mount', '--propagation=private', '--']
        done = process.run(
            [*argv, *command('probe', lower, scratch, ranges.FIRST)], timeout_s=_TIMEOUT_S, check=False
        )
    lines = done.stderr.strip().splitlines()
    return '' if done.returncode == 0 else (lines[-1] if lines else 'the kernel refuses user namespaces')


def command(verb: str, source: Path | str, target: Path | str, first: int) -> list[str]:
    """The command that runs `idmap` with these words."""
    return [sys.executable, '-I', '-S', idmap.__file__, verb, str(source), str(target), str(first)]
