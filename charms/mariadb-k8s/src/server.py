"""The server in its container: its files, its service, what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import accounts
import ops

SERVICE = 'mariadb'
CHECK = 'ready'
NOTICE = 'hoodoo.dev/mariadb/ready'
"""Recorded by the image when the server takes connections."""

BACKUPS = '/var/lib/mysql/backups'

_SETTINGS = '/run/mariadb/conf.d/charm.cnf'
_DEFAULTS = '--defaults-file=/etc/mariadb/server.cnf'
_USER = 'mysql'
_ANSWER_S = 10.0
_COPY_S = 6 * 3600.0
_NO_CONNECTION = ('ERROR 2002 ', 'ERROR 2003 ', 'ERROR 2006 ', 'ERROR 2013 ')
"""How the client begins to say that nobody answered, or not to the end."""

# Until it is whole and on the disk, a backup is not called .sql.gz.
_DUMP = f"""
set -euo pipefail
umask 077
mkdir -p {BACKUPS}
file={BACKUPS}/$1
shift
trap 'rm -f "$file.part"' EXIT
mariadb-dump {_DEFAULTS} --single-transaction --quick --routines --triggers --events --hex-blob \\
    --add-drop-database --databases "$@" | gzip --fast >"$file.part"
sync "$file.part"
mv "$file.part" "$file"
stat --format=%s "$file"
sha256sum "$file" | cut -d' ' -f1
"""
_RESTORE = f"""
set -euo pipefail
file={BACKUPS}/$1
[ -f "$file" ] || {{ echo "there is no $file" >&2; exit 1; }}
[[ "$(gzip --decompress --stdout "$file" | tail -n 1)" == "-- Dump completed"* ]] || {{
    echo "$file is not whole" >&2
    exit 1
}}
gzip --decompress --stdout "$file" | mariadb {_DEFAULTS} --batch
"""


class ServerFault(Exception):
    """The server did not do what was asked; the text is what its client said."""


class SilentFault(ServerFault):
    """The server takes no connections."""


class Server:
    """MariaDB in *container*, which can be connected to."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container

    def ensure_running(self, settings: str) -> None:
        """Start the server with *settings*; one that runs with others is started again."""
        is_stale = self._push(settings)
        if self._container.get_plan().to_dict() != _LAYER:
            self._container.add_layer(SERVICE, ops.pebble.Layer(_LAYER), combine=True)
            self._container.replan()
        elif not self._container.get_service(SERVICE).is_running():
            # Pebble has given up, or somebody stopped it by hand.
            self._container.start(SERVICE)
        elif is_stale:
            self._container.restart(SERVICE)

    def ask(self, sql: str) -> str:
        """Run *sql* and return its rows, columns parted by tabs."""
        return self._run(
            ['mariadb', _DEFAULTS, '--batch', '--skip-column-names', '--connect-timeout=3'],
            stdin=sql,
            timeout_s=_ANSWER_S,
        )

    def look(self) -> accounts.Found:
        """What the server has."""
        return accounts.Found.parse(self.ask(accounts.READ))

    def dump(self, file: str, databases: Sequence[str]) -> tuple[int, str]:
        """Write *databases* to *file* among the backups; return its size in bytes and its SHA-256."""
        told = self._run(['bash', '-c', _DUMP, 'backup', file, *databases], timeout_s=_COPY_S).split()
        return int(told[0]), told[1]

    def restore(self, file: str) -> None:
        """Replace the databases that *file* among the backups holds by what it holds."""
        self._run(['bash', '-c', _RESTORE, 'restore', file], timeout_s=_COPY_S)

    def _push(self, settings: str) -> bool:
        if self._container.exists(_SETTINGS) and self._container.pull(_SETTINGS).read() == settings:
            return False
        self._container.push(_SETTINGS, settings, make_dirs=True, permissions=0o644)
        return True

    def _run(self, argv: list[str], *, timeout_s: float, stdin: str | None = None) -> str:
        try:
            # In a folder that is there: the user's own is not.
            process = self._container.exec(
                argv, user=_USER, group=_USER, working_dir='/', stdin=stdin, timeout=timeout_s
            )
            return process.wait_output()[0]
        except ops.pebble.ExecError as err:  # pyright: ignore[reportUnknownVariableType]
            failed = cast('ops.pebble.ExecError[str]', err)
            said = (failed.stderr or '').strip().splitlines()
            why = said[-1] if said else f'{argv[0]} ended with {failed.exit_code}'
            raise (SilentFault if why.startswith(_NO_CONNECTION) else ServerFault)(why) from None
        except (ops.pebble.Error, TimeoutError) as err:
            raise ServerFault(f'{argv[0]} cannot be run, or took too long: {err}') from err


_LAYER: Any = {
    'services': {
        SERVICE: {
            'summary': 'MariaDB',
            'override': 'replace',
            'command': '/usr/bin/mariadb-serve',
            'startup': 'enabled',
            # What is committed is safe, but a clean end makes the next start short.
            'kill-delay': '2m0s',
        }
    },
    'checks': {
        CHECK: {
            'override': 'replace',
            'level': 'ready',
            'startup': 'enabled',
            'period': '10s',
            'timeout': '5s',
            'threshold': 3,
            'exec': {
                'command': f'/usr/bin/mariadb-admin {_DEFAULTS} --connect-timeout=3 --silent ping',
                'user': _USER,
                'group': _USER,
                'working-dir': '/',
            },
        }
    },
}
