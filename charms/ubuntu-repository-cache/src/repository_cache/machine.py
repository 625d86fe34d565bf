"""The machine: what it says of itself, and what the charm does to it. Every path is below *root*."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from repository_cache import aptsources, rendering
from repository_cache.options import Facts


class CommandError(Exception):
    """A program on the machine failed; the message says which and its last lines."""


class Runner(Protocol):
    """Starts programs."""

    def __call__(self, argv: Sequence[str], *, timeout: float = 60) -> str:
        """Run *argv* and return what it printed."""
        ...


def run(argv: Sequence[str], *, timeout: float = 60) -> str:
    """Run a program on this machine.

    Raises:
        CommandError: it failed or took longer than *timeout* seconds.
    """
    env = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C.UTF-8'}
    # The charm's own Python packages must not leak into programs of the machine.
    env.pop('PYTHONPATH', None)
    try:
        done = subprocess.run(
            list(argv),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            text=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise CommandError(f'cannot run {argv[0]}: {err}') from err
    if done.returncode:
        last = ' / '.join(done.stdout.strip().splitlines()[-3:])
        raise CommandError(f'{" ".join(argv[:3])} ended with {done.returncode}: {last}')
    return done.stdout


class Machine:
    """The machine that the unit is on."""

    def __init__(self, *, root: Path = Path('/'), runner: Runner = run) -> None:
        self._root = root
        self._run = runner

    # -- what it says of itself -------------------------------------------------------------------------

    def facts(self) -> Facts:
        """Read everything that options may depend on."""
        release = self._pairs('/etc/os-release')
        files = [self.path('/etc/apt/sources.list'), *sorted(self.path('/etc/apt/sources.list.d').glob('*'))]
        texts = [(file.name, file.read_text(errors='replace')) for file in files if file.is_file()]
        nameservers = [
            line.split()[1]
            for line in self._lines('/etc/resolv.conf')
            if line.startswith('nameserver') and len(line.split()) > 1
        ]
        hosts: dict[str, str] = {}
        for line in self._lines('/etc/hosts'):
            address, *names = line.partition('#')[0].split() or ['']
            for name in names:
                hosts.setdefault(name, address)
        return Facts(
            os_id=release.get('ID', ''),
            codename=release.get('VERSION_CODENAME', ''),
            architecture=self._run(['dpkg', '--print-architecture']).strip(),
            sources=aptsources.parse(texts),
            nameservers=nameservers,
            hosts=hosts,
        )

    def has_ipv6(self) -> bool:
        """Whether nginx can listen on IPv6."""
        return self.path('/proc/net/if_inet6').exists()

    def nginx_version(self) -> str:
        """The version of nginx, such as 1.22.1."""
        return self._run(['nginx', '-v']).strip().rpartition('/')[2].split(' ')[0]

    # -- packages and users -----------------------------------------------------------------------------

    def install(self, packages: Sequence[str], *, needed: Mapping[str, str]) -> None:
        """Install *packages* unless each one's file in *needed* is there.

        The package lists are refreshed only if the first try fails: they usually are fresh enough.
        """
        missing = [name for name in packages if not self.path(needed[name]).exists()]
        if not missing:
            return
        apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=300']
        argv = [*apt, 'install', '-y', '--no-install-recommends', *missing]
        try:
            self._run(argv, timeout=600)
        except CommandError:
            self._run([*apt, 'update'], timeout=600)
            self._run(argv, timeout=600)

    def ensure_user(self, store: str) -> None:
        """The keeper's own user, and a store that belongs to it."""
        try:
            pwd.getpwnam(rendering.USER)
        except KeyError:
            self._run(
                ['useradd', '--system', '--no-create-home', '--shell', '/usr/sbin/nologin', rendering.USER]
            )
        folder = self.path(store)
        if not folder.is_dir():
            folder.mkdir(parents=True)
            self._run(['chown', rendering.USER, str(folder)])

    # -- files ------------------------------------------------------------------------------------------

    def write(self, path: str, content: str | bytes, *, mode: int = 0o644) -> bool:
        """Write a file unless it has that content already; whether it was written. Never half written."""
        target = self.path(path)
        data = content.encode() if isinstance(content, str) else content
        if target.is_file() and target.read_bytes() == data:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f'.{target.name}.new')
        fresh.write_bytes(data)
        fresh.chmod(mode)
        fresh.replace(target)
        return True

    def remove(self, path: str) -> bool:
        """Remove a file; whether it was there."""
        target = self.path(path)
        there = target.exists()
        target.unlink(missing_ok=True)
        return there

    def install_code(self, source: Path, target: str) -> bool:
        """Copy a package of Python modules; whether anything changed.

        The keeper runs from its own copy: a charm upgrade must not change code under a running daemon.
        """
        wanted = {file.name: file.read_bytes() for file in source.glob('*.py')}
        folder = self.path(target)
        have = {file.name: file.read_bytes() for file in folder.glob('*.py')} if folder.is_dir() else {}
        if wanted == have:
            return False
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in wanted.items():
            (folder / name).write_bytes(content)
        return True

    def write_nginx_conf(self, content: str) -> bool:
        """Put a new configuration in place if nginx accepts it; whether it changed.

        Raises:
            CommandError: nginx does not accept it; the old one stays.
        """
        candidate = f'{rendering.NGINX_CONF}.candidate'
        target = self.path(rendering.NGINX_CONF)
        if target.is_file() and target.read_text() == content:
            return False
        self.write(candidate, content)
        self._run(['nginx', '-t', '-q', '-c', str(self.path(candidate))])
        self.path(candidate).replace(target)
        return True

    # -- services ---------------------------------------------------------------------------------------

    def reload_units(self) -> None:
        """Tell systemd that unit files changed."""
        self._run(['systemctl', 'daemon-reload'])

    def start_unit(self, unit: str, *, restart: bool = False) -> None:
        """Enable and start a unit; *restart* it if it runs."""
        self._run(['systemctl', 'enable', '--quiet', unit])
        self._run(['systemctl', 'restart' if restart else 'start', unit])

    def reload_unit(self, unit: str) -> None:
        """Let a running unit read its configuration again; start it if it does not run."""
        self._run(['systemctl', 'reload-or-restart', unit])

    def stop_unit(self, unit: str) -> None:
        """Stop and disable a unit."""
        self._run(['systemctl', 'disable', '--quiet', '--now', unit], timeout=60)

    def reload_nrpe(self) -> None:
        """Let the NRPE server read its checks again, if there is one."""
        self._run(['systemctl', 'try-reload-or-restart', 'nagios-nrpe-server'])

    def wait_for(self, path: str, *, timeout_s: float) -> bool:
        """Wait until *path* exists; whether it does."""
        deadline = time.monotonic() + timeout_s
        while not self.path(path).exists():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def path(self, path: str) -> Path:
        """*path* on this machine."""
        return self._root / path.lstrip('/')

    def _lines(self, path: str) -> list[str]:
        file = self.path(path)
        return file.read_text(errors='replace').splitlines() if file.is_file() else []

    def _pairs(self, path: str) -> dict[str, str]:
        pairs = (line.partition('=') for line in self._lines(path) if '=' in line)
        return {name: value.strip('"\'') for name, _, value in pairs}
