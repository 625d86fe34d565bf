"""The NRPE daemon and its files on the machine."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import checks
import machine
import render

SERVICE = 'nagios-nrpe-server'
PACKAGES = (SERVICE, 'monitoring-plugins-basic')

DPKG_FILTER = '/etc/dpkg/dpkg.cfg.d/nrpe-charm'
# The plugins' package registers seventeen command files for a Nagios server beside it, a fifth of a second of
# processor time each, which is most of the installation's time. It insists on one.
_FILTER_LINES = """\
# Written by the nrpe charm: command files for a Nagios server on this machine are left out.
path-exclude=/usr/share/monitoring-plugins/templates-basic/*
path-include=/usr/share/monitoring-plugins/templates-basic/ping.cfg
"""

_FOLDERS = (render.CHECKS_DIR, render.EXPORT_DIR, render.RSYNC_DIR)


class Agent:
    """The daemon on *host*; *plugins* are the checks that the charm brings."""

    def __init__(self, host: machine.Machine, *, plugins: Path) -> None:
        self._host = host
        self._plugins = plugins

    def install(self) -> None:
        """Install what is missing."""
        self._host.write(DPKG_FILTER, _FILTER_LINES)
        self._host.ensure_packages(*PACKAGES)
        for plugin in self._plugins.glob('*.py'):
            self._host.write(f'{checks.OWN}/{plugin.name}', plugin.read_bytes(), mode=0o755)
        self._host.path(render.EXPORT_DIR).mkdir(parents=True, exist_ok=True)

    def facts(self) -> checks.Facts:
        """Return what the machine is."""
        mounts = (self._host.read('/proc/mounts') or b'').decode()
        return checks.Facts(
            hostname=socket.gethostname(),
            cpus=os.cpu_count() or 1,
            is_container=self._host.run(['systemd-detect-virt', '--container', '--quiet']).returncode == 0,
            is_bare_metal=self._host.run(['systemd-detect-virt', '--quiet']).returncode != 0,
            mounts=block_mounts(mounts),
        )

    def write(self, files: Mapping[str, str]) -> None:
        """Make *files* the only ones of this charm; those of others are left alone."""
        for name, content in files.items():
            self._host.write(name, content)
        for stale in self._own_files() - files.keys():
            self._host.remove(stale)

    def digest(self) -> str:
        """Return a short name for all that the daemon reads, whoever wrote it."""
        whole = hashlib.sha256(self._host.read(render.CONFIG) or b'')
        for path in self._check_files():
            whole.update(f'\0{path.name}\0'.encode() + path.read_bytes())
        return whole.hexdigest()[:16]

    def bring_up(self, *, restart: bool) -> bool:
        """Let the daemon run with what its files say now; return whether it does."""
        if restart:
            self._host.run(['systemctl', 'restart', SERVICE])
        elif not self.is_active():
            self._host.run(['systemctl', 'start', SERVICE])
        else:
            return True
        return self.is_active()

    def is_active(self) -> bool:
        """Whether the daemon runs."""
        return self._host.is_active(SERVICE)

    def serve_exports(self) -> None:
        """Let rsync serve the exports; it reads its files for each caller and need not hear of changes."""
        if self._host.ensure_packages('rsync') or not self._host.is_active('rsync'):
            self._host.run(['systemctl', 'enable', '--now', 'rsync'])

    def remove(self) -> None:
        """Stop the daemon and take this charm's files away."""
        self._host.run(['systemctl', 'stop', SERVICE])
        for name in self._own_files():
            self._host.remove(name)

    def commands(self) -> Mapping[str, str]:
        """Return every check that the daemon knows, with its command."""
        found: dict[str, str] = {}
        for path in self._check_files():
            found.update(render.commands(path.read_text()))
        return found

    def run_check(self, command: str) -> tuple[int, str]:
        """Run *command* as the daemon does, and return its code and what it said."""
        done = self._host.run(['runuser', '-u', 'nagios', '--', '/bin/sh', '-c', command])
        return done.returncode, (done.stdout + done.stderr).strip()

    def acknowledge_boot(self, *, again: bool) -> None:
        """Note the present boot as known; not *again* means only when none was noted yet."""
        if again or self._host.read(checks.ACKNOWLEDGED_BOOT) is None:
            boot = self._host.check([str(self._host.path(f'{checks.OWN}/check_linux.py')), 'boot-id'])
            self._host.write(checks.ACKNOWLEDGED_BOOT, boot)

    def _check_files(self) -> list[Path]:
        return sorted(self._host.path(render.CHECKS_DIR).glob('*.cfg'))

    def _own_files(self) -> set[str]:
        found: set[str] = set()
        for folder in _FOLDERS:
            for path in self._host.path(folder).glob('*'):
                if path.is_file() and render.MARK in path.read_text(errors='replace'):
                    found.add(f'{folder}/{path.name}')
        return found


def block_mounts(table: str) -> tuple[str, ...]:
    """Return where the block devices of a table like /proc/mounts are mounted, each device once."""
    by_device: dict[str, str] = {}
    for line in table.splitlines():
        device, mount = line.split()[:2]
        if device.startswith('/dev/') and not device.startswith('/dev/loop') and "'" not in mount:
            by_device.setdefault(device, mount)
    return tuple(sorted(by_device.values()))
