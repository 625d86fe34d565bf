"""One project's container: made when it is needed, changed by builddeps alone, shared by its workspaces."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bedrock import errors, process
from hoodoo import wording
from hoodoo.containers import dpkg, nspawn, rootfs

_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
_PROXIES = ('http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY')
_INSTALL_S = 1800.0
_INSTALL = """set -e
export DEBIAN_FRONTEND=noninteractive
dpkg --configure -a
apt-get --quiet update
apt-get --quiet --yes --no-install-recommends install -- "$@"
apt-get clean
"""
_PROGRAMS = ('systemd-nspawn', 'mmdebstrap', 'unshare', 'setpriv', 'tar')
_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')


class Told(Protocol):
    """Hears what is done."""

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...

    def line(self, text: str, stream: str = 'stdout') -> None:
        """One line that a program printed."""
        ...

    def progress(self, text: str) -> None:
        """A state of the moment."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A root filesystem at ``<folder>/ROOTFS``."""

    folder: Path
    """``$MOJO_ROOT/<project>/<series>``."""
    series: str
    cache: Path
    variables: Mapping[str, str]
    """The caller's environment, of which proxies are taken."""

    @property
    def tree(self) -> Path:
        """The root filesystem, as it is after the last builddeps."""
        return self.folder / 'ROOTFS'

    def ensure(self, told: Told) -> None:
        """Make the root filesystem unless it is there.

        Raises:
            Fault: it cannot be made.
        """
        if not self.tree.is_dir():
            with self._locked(fcntl.LOCK_EX):
                if not self.tree.is_dir():
                    told.note(f'making the container of the project, at {self.tree}')
                    rootfs.make(
                        self.tree, self.series, cache=self.cache, note=told.note, progress=told.progress
                    )

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        folder: Path,
        shared: Sequence[Path],
        network: bool,
        scratch: Path,
        timeout_s: float | None,
        told: Told,
        on_line: process.OnLine,
    ) -> process.Completed:
        """Run a program on top of the root filesystem, which stays as it is.

        Args:
            environment: All that the program gets, next to a PATH of the container's own.
            shared: Directories that it sees and may write, under the same paths.
            network: Whether it has the host's.
            scratch: A directory for what it changes elsewhere; removed at the end.

        Raises:
            Fault: it cannot be started, or took too long.
        """
        self.ensure(told)
        passed = {name: value for name, value in environment.items() if _NAME.fullmatch(name)}
        passed['PATH'] = _PATH
        machine = _machine(self.folder)
        inner = nspawn.command(
            argv,
            tree=scratch / 'root',
            machine=machine,
            variables=passed,
            folder=folder,
            shared=shared,
            network=network,
        )
        with self._locked(fcntl.LOCK_SH), _scratch(scratch), _forgotten(machine):
            return process.run(
                nspawn.over(inner, tree=self.tree, scratch=scratch),
                env=passed,
                check=False,
                timeout_s=timeout_s,
                on_line=_without_noise(on_line),
            )

    def install(self, packages: Sequence[str], *, told: Told, timeout_s: float | None) -> bool:
        """Install *packages* for good, with the network; returns whether anything was missing.

        Raises:
            Fault: they cannot be installed; the next time goes on where this one stopped.
        """
        self.ensure(told)
        with self._locked(fcntl.LOCK_EX):
            if not dpkg.missing(packages, dpkg.installed(self.tree)):
                return False
            environment = {name: self.variables[name] for name in _PROXIES if name in self.variables}
            environment['PATH'] = _PATH
            argv = ['/bin/sh', '-c', _INSTALL, 'sh', *packages]
            machine = _machine(self.folder)
            with _forgotten(machine):
                done = process.run(
                    nspawn.command(
                        argv, tree=self.tree, machine=machine, variables=environment, network=True
                    ),
                    env=environment,
                    check=False,
                    timeout_s=timeout_s or _INSTALL_S,
                    on_line=_without_noise(lambda stream, text: told.line(wording.as_left(text), stream)),
                )
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.startswith('E: ')]
            text = ''.join(f'\n    {line}' for line in lines or done.stderr.splitlines()[-5:])
            raise errors.Fault(f'cannot install {", ".join(packages)} in {self.tree}{text}')
        return True

    @contextlib.contextmanager
    def _locked(self, how: int) -> Generator[None]:
        """Programs may run beside each other, but not while their root filesystem changes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / '.ROOTFS.lock').open('w') as file:
            fcntl.flock(file, how)
            yield


def obstacle() -> errors.UsageFault | None:
    """Why this process cannot use containers."""
    what = 'cannot use the container of the project'
    away = 'or make the project containerless with "project-new --container containerless"'
    if os.geteuid() != 0:
        return errors.UsageFault(f'{what}: only root can', hint=f'Run hoodoo with sudo, {away}.')
    lacking = [name for name in _PROGRAMS if shutil.which(name) is None]
    if lacking:
        hint = f'Run "apt-get install systemd-container mmdebstrap", {away}.'
        return errors.UsageFault(f'{what}: this machine has no {", ".join(lacking)}', hint=hint)
    return None


def environment(everything: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Of a script's whole environment, what is meant for it in a container too.

    The MOJO_ variables, what the line gives it, and proxies. The rest is about this machine.
    """
    kept = {name: value for name, value in everything.items() if name.startswith('MOJO_') or name in _PROXIES}
    return {'LANG': 'C.UTF-8', **kept, **given}


def _machine(folder: Path) -> str:
    """``project-series`` as a host name, and what makes it the only one of that name."""
    name = re.sub(r'[^a-z0-9]+', '-', f'{folder.parent.name}-{folder.name}'.lower())
    return f'{name[:50].strip("-") or "hoodoo"}.{os.getpid()}'


def _without_noise(on_line: process.OnLine) -> process.OnLine:
    def told(stream: str, text: str) -> None:
        if not nspawn.is_noise(text):
            on_line(stream, text)

    return told


@contextlib.contextmanager
def _forgotten(machine: str) -> Generator[None]:
    """Removes the folder that nspawn may leave."""
    try:
        yield
    finally:
        shutil.rmtree(nspawn.PROPAGATE / machine, ignore_errors=True)


@contextlib.contextmanager
def _scratch(folder: Path) -> Generator[None]:
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    for name in ('upper', 'work', 'root'):
        (folder / name).mkdir(parents=True)
        (folder / name).chmod(0o755)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
