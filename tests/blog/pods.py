"""What the pods of a blog are on this host: their processes, Pebble's answers, the tables."""

from __future__ import annotations

import contextlib
import glob
import http.client
import json
import os
import signal
import socket
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import process
from pocket import settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """The pods of one home."""

    env: Mapping[str, str]

    def pod(self, unit: str) -> Path:
        """Return the folder of a unit's pod."""
        wanted = f'--hostname={unit.replace("/", "-")}'
        for words in _commands():
            if words[0].endswith('systemd-nspawn') and wanted in words:
                folder = next(word for word in words if word.startswith('--directory=')).partition('=')[2]
                home = Path(self.env['POCKET_HOME']) / 'm'
                if Path(folder).is_relative_to(home):
                    return home / Path(folder).relative_to(home).parts[0]
        raise LookupError(f'{unit} has no pod')

    def processes(self, unit: str, container: str, program: str = '') -> list[int]:
        """Return the processes in a container of *unit*'s pod whose command begins with *program*."""
        tag = settings.load(self.env).tag
        part = f'w-{container}' if container else 'charm'
        pod = self.pod(unit).name
        groups = f'/sys/fs/cgroup/**/pocket/{tag}/{pod}/{part}/payload/cgroup.procs'
        # Unlike Path.glob, it bears that groups of others go while it looks.
        found = glob.glob(groups, recursive=True)
        numbers = {int(number) for path in found for number in Path(path).read_text().split()}
        return sorted(number for number in numbers if _command(number)[0].endswith(program))

    def inside(self, unit: str, container: str, *words: str, given: str = '', timeout_s: float = 60) -> str:
        """Run a command as root in a container of *unit*'s pod."""
        first = self.processes(unit, container, 'pebble')[0]
        command = ['nsenter', f'--target={first}', '--mount', '--net', '--pid', '--uts', '--root', '--wd']
        return process.run([*command, '--', *words], stdin=given, timeout_s=timeout_s).stdout

    def health(self, unit: str, level: str = 'ready') -> bool:
        """Tell what Pebble answers to a probe of Kubernetes."""
        path = self.pod(unit) / 'pebbles' / 'wordpress' / 'pebble.socket'
        return _unix(path, f'/v1/health?level={level}')[0] == 200

    def boot_id(self, unit: str) -> str:
        """Return which start of Pebble this is."""
        path = self.pod(unit) / 'pebbles' / 'wordpress' / 'pebble.socket'
        return json.loads(_unix(path, '/v1/system-info')[1])['result']['boot-id']

    def sql(self, text: str, *, timeout_s: float = 60) -> list[list[str]]:
        """Ask the database as its root, and return the rows."""
        (server,) = self.processes('mariadb/0', 'mariadb', 'mariadbd')[:1]
        # Root needs no password by the socket.
        command = ['nsenter', f'--target={server}', '--mount', '--net', '--root', '--wd']
        words = ['mariadb', '--socket=/run/mariadb/mariadbd.sock', '--batch', '--skip-column-names']
        said = process.run([*command, '--', *words], stdin=text, timeout_s=timeout_s).stdout
        return [line.split('\t') for line in said.splitlines()]

    def counts(self, database: str = 'wordpress') -> dict[str, int]:
        """Count what an installation makes: administrators, starter posts, settings of the address."""
        queries = {
            'users': 'SELECT COUNT(*) FROM {}.wp_users',
            'posts': "SELECT COUNT(*) FROM {}.wp_posts WHERE ID <= 3 AND post_type IN ('post', 'page')",
            'all posts': "SELECT COUNT(*) FROM {}.wp_posts WHERE post_type IN ('post', 'page')"
            " AND post_status <> 'auto-draft'",
            'comments': 'SELECT COUNT(*) FROM {}.wp_comments',
            'home': "SELECT COUNT(*) FROM {}.wp_options WHERE option_name = 'home'",
        }
        rows = self.sql('; '.join(text.format(f'`{database}`') for text in queries.values()))
        return dict(zip(queries, (int(row[0]) for row in rows), strict=True))


@contextlib.contextmanager
def frozen(numbers: list[int]) -> Generator[None]:
    """Have processes stand still."""
    assert numbers
    for number in numbers:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in numbers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGCONT)


def _unix(path: Path, target: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection('localhost', timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10)
    # The path of a socket may have 107 characters, that of a test's folder more.
    folder = os.open(path.parent, os.O_PATH)
    try:
        connection.sock.connect(f'/proc/self/fd/{folder}/{path.name}')
        connection.request('GET', target)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
        os.close(folder)


def _commands() -> Iterator[list[str]]:
    for name in os.listdir('/proc'):
        if name.isdecimal():
            yield _command(int(name))


def _command(number: int) -> list[str]:
    try:
        return Path(f'/proc/{number}/cmdline').read_bytes().decode(errors='replace').rstrip('\0').split('\0')
    except OSError:
        return ['']
