"""What the charm does to its machine: packages, files, services."""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

log = logging.getLogger(__name__)

Run = Callable[[Sequence[str]], 'subprocess.CompletedProcess[str]']

_APT = ('apt-get', '-y', '-o', 'Dpkg::Options::=--force-confold', '-o', 'DPkg::Lock::Timeout=300')


def run(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run *argv* for at most ten minutes and return how it ended, with what it said."""
    env = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C.UTF-8'}
    # The charm's own packages must not reach other programs in Python.
    env.pop('PYTHONPATH', None)
    return subprocess.run(
        argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False
    )


class Machine:
    """The machine below *root*; *run* starts its programs."""

    def __init__(self, root: Path = Path('/'), *, run: Run = run) -> None:
        self._root = root
        self.run = run

    def path(self, name: str) -> Path:
        """Return where the absolute *name* is."""
        return self._root / name.lstrip('/')

    def ensure_packages(self, *names: str) -> bool:
        """Install those of *names* that are missing; say whether there was one.

        The package lists are only fetched again when installing fails without that.
        """
        missing = [name for name in names if not self._installed(name)]
        if not missing:
            return False
        install = [*_APT, 'install', '--no-install-recommends', *missing]
        if self.run(install).returncode:
            self.run([*_APT, 'update'])
            self.check(install)
        return True

    def check(self, argv: Sequence[str]) -> str:
        """Run *argv* and return its output; a failure is an error that shows the last lines."""
        done = self.run(argv)
        if done.returncode:
            tail = '\n'.join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise RuntimeError(f'{" ".join(argv)} ended with {done.returncode}: {tail}')
        return done.stdout

    def write(self, name: str, content: str | bytes, *, mode: int = 0o644) -> bool:
        """Make file *name* hold *content*, whole or not at all; say whether anything changed."""
        path = self.path(name)
        data = content.encode() if isinstance(content, str) else content
        if self.read(name) == data and path.stat().st_mode & 0o777 == mode:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f'.{path.name}.', delete=False) as part:
            part.write(data)
        os.chmod(part.name, mode)
        os.replace(part.name, path)
        return True

    def read(self, name: str) -> bytes | None:
        """Return what file *name* holds, or None when there is none."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> bool:
        """Remove file *name*; say whether it was there."""
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def sync(self, folder: str, files: Mapping[str, str | bytes], *, mode: int = 0o644) -> bool:
        """Make *folder* hold *files* (by name) and nothing else; say whether anything changed."""
        changed = [self.write(f'{folder}/{name}', content, mode=mode) for name, content in files.items()]
        path = self.path(folder)
        stale = [p.name for p in path.iterdir() if p.name not in files] if path.is_dir() else []
        changed += [self.remove(f'{folder}/{name}') for name in stale]
        return any(changed)

    def is_active(self, service: str) -> bool:
        """Whether systemd runs *service*."""
        return self.run(['systemctl', 'is-active', '--quiet', service]).returncode == 0

    def _installed(self, package: str) -> bool:
        asked = self.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', package])
        return asked.returncode == 0 and asked.stdout.strip() == 'installed'
