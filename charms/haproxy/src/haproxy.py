"""The haproxy daemon: its configuration is tried aside before it replaces the one in use."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

import machine
import render

CONFIG = '/etc/haproxy/haproxy.cfg'
_CANDIDATE = '/etc/haproxy/haproxy.cfg.candidate'
_PASSWORD = '/var/lib/haproxy-charm/monitoring-password'
_SELF_SIGNED = '/var/lib/haproxy-charm/self-signed.pem'
_SYSCTL = '/etc/sysctl.d/50-haproxy.conf'


class RefusedFault(Exception):
    """haproxy does not accept the configuration, or does not run with it; the old one is still in place."""


class Haproxy:
    """The daemon on *host*."""

    def __init__(self, host: machine.Machine) -> None:
        self._host = host

    def install(self) -> str:
        """Install haproxy when it is missing, and return its version if so."""
        if not self._host.ensure_packages('haproxy'):
            return ''
        return self.version()

    def version(self) -> str:
        """Return the installed version, such as 2.6.12."""
        found = re.search(r'version (\d+(?:\.\d+)+)', self._host.run(['haproxy', '-v']).stdout)
        return found.group(1) if found else ''

    def apply(self, rendered: render.Rendered, *, secret: str) -> bool:
        """Bring the daemon to *rendered* without dropping a connection; say whether something changed.

        Args:
            secret: Never to be seen in a message.

        Raises:
            RefusedFault: the new configuration is bad and the old one stays, or the daemon does not run.
        """
        for name, content in rendered.files.items():
            self._host.write(name, content, mode=0o600)
        changed = self._host.read(CONFIG) != rendered.text.encode()
        if changed:
            self._host.write(_CANDIDATE, rendered.text, mode=0o640)
            try:
                self._validate(secret)
            finally:
                self._host.remove(_CANDIDATE)
            self._host.write(CONFIG, rendered.text, mode=0o640)
        self._host.sync(
            render.MATERIAL_DIR,
            {name.rpartition('/')[2]: c for name, c in rendered.files.items()},
            mode=0o600,
        )
        if changed or not self._host.is_active('haproxy'):
            self._reload()
        return changed

    def stop(self) -> None:
        """Stop the daemon; running transfers get systemd's time to end."""
        self._host.run(['systemctl', 'stop', 'haproxy'])

    def password(self) -> str:
        """Return the charm's own password for the statistics page, made once and kept for root only."""
        kept = self._host.read(_PASSWORD)
        if kept:
            return kept.decode().strip()
        made = secrets.token_urlsafe(18)
        self._host.write(_PASSWORD, f'{made}\n', mode=0o600)
        return made

    def self_signed(self, address: str) -> bytes:
        """Return a certificate and key for *address*, made once."""
        kept = self._host.read(_SELF_SIGNED)
        if kept:
            return kept
        self._host.ensure_packages('openssl')
        argv = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650']
        names = ['-subj', f'/CN={address}', '-keyout', '-', '-out', '-']
        made = self._host.check([*argv, *names]).encode()
        self._host.write(_SELF_SIGNED, made, mode=0o600)
        return made

    def set_kernel_parameters(self, values: Mapping[str, str]) -> None:
        """Set *values* now and at each boot; a container may not allow it, and the file stays right."""
        if not values:
            self._host.remove(_SYSCTL)
        elif self._host.write(_SYSCTL, ''.join(f'{key}={value}\n' for key, value in values.items())):
            self._host.run(['sysctl', '-p', str(self._host.path(_SYSCTL))])

    def _validate(self, secret: str) -> None:
        done = self._host.run(['haproxy', '-c', '-f', str(self._host.path(_CANDIDATE))])
        if done.returncode:
            alert = _first_alert(done.stdout + done.stderr).replace(secret, '***')
            raise RefusedFault(f'haproxy refuses the configuration: {alert}')

    def _reload(self) -> None:
        self._host.run(['systemctl', 'reload-or-restart', 'haproxy'])
        if not self._host.is_active('haproxy'):
            raise RefusedFault('haproxy does not run; see journalctl -u haproxy')


def without_key(pem: bytes) -> bytes:
    """Return only the certificates of *pem*: a relation is no place for a key."""
    begin, end = b'-----BEGIN CERTIFICATE-----', b'-----END CERTIFICATE-----'
    return b''.join(begin + part.partition(end)[0] + end + b'\n' for part in pem.split(begin)[1:])


def _first_alert(output: str) -> str:
    alerts = [line for line in output.splitlines() if '[ALERT]' in line]
    line = alerts[0] if alerts else (output.strip() or 'no reason given').splitlines()[-1]
    # What matters comes after the process and the file: "[ALERT] (17) : config : parsing [FILE:9] : ..."
    return re.sub(r'^.*?\[ALERT\]\s*(?:\d+/\d+\s*)?\(\d+\)\s*:\s*(?:config\s*:\s*)?', '', line)[:300]
