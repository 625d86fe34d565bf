"""A model of Kubernetes on this host for blogs: an operator's commands, and a visitor without a browser."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import sys
import time
import urllib.parse
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Self

from bedrock import process

TOP = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
INITIALISED = 'Wordpress configured and initialised'
_TOOK = re.compile(r'^unit-(\S+): (\S+) .*hook "([^"]+)" took ([0-9.]+) s$', re.MULTILINE)
TIMEOUT_S = 20
SOCKET = '/run/mariadb/mariadbd.sock'


def measured(text: str) -> None:
    """Show a figure to whoever runs the tests with -s."""
    sys.stdout.write(f'\n{text}\n')


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One pocket home with one model."""

    env: Mapping[str, str]
    model: str
    kept: dict[str, str] = field(default_factory=dict[str, str])
    """Passwords that were asked for."""

    def pocket(self, *words: str, check: bool = True, stdin: str | None = None) -> process.Completed:
        return process.run([BIN / 'pocket', *words], env=self.env, timeout_s=300, check=check, stdin=stdin)

    def juju(self, command: str, *words: str) -> str:
        return self.pocket('juju', command, '--model', self.model, *words).stdout

    def deploy(self, charm: str, *words: str) -> None:
        image = charm.removesuffix('-k8s')
        resource = f'{image}-image=oci:{TOP / "build/images" / image}'
        self.juju('deploy', str(TOP / f'build/{charm}.charm'), '--resource', resource, '--trust', *words)

    def configure(self, app: str, folder: Path, **options: object) -> None:
        """Set options, whose values are in no argument, and wait until every unit has seen them."""
        file = folder / 'options.yaml'
        file.write_text(json.dumps({app: options}, ensure_ascii=False))
        with self._seen(app):
            self.juju('config', app, '--file', str(file))

    def reset(self, app: str, *names: str) -> None:
        """Put options back to their defaults, and wait until every unit has seen it."""
        with self._seen(app):
            self.juju('config', app, '--reset', ','.join(names))

    @contextlib.contextmanager
    def _seen(self, app: str) -> Generator[None]:
        units = len(self.status()['applications'][app]['units'])
        before = self._config_hooks(app)
        yield
        ends = time.monotonic() + TIMEOUT_S * 3
        while self._config_hooks(app) < before + units:
            assert time.monotonic() < ends, f'{app} has not seen its options'

    def _config_hooks(self, app: str) -> int:
        return sum(name == 'config-changed' for _, name, _ in self.hooks(app))

    def act(self, unit: str, name: str, *words: str) -> dict[str, Any]:
        (task,) = json.loads(self.juju('run', '--quiet', '--format', 'json', unit, name, *words)).values()
        return task['results']

    def wait_unit(self, unit: str, status: str, *, seconds: int = 60) -> None:
        """Wait until *unit* has that status, and an agent that has nothing left to do."""
        query = f'workload-status=="{status}" && agent-status=="idle"'
        self.juju('wait-for', 'unit', unit, f'--query={query}', f'--timeout={seconds}s', '--summary=false')

    def wait_message(self, unit: str, condition: str, *, seconds: int = 60) -> None:
        """Wait until the message of *unit*, M in the *condition*, is as it says, and the agent is idle."""
        query = f'{condition.replace("M", "workload-message")} && agent-status=="idle"'
        self.juju('wait-for', 'unit', unit, f'--query={query}', f'--timeout={seconds}s', '--summary=false')

    def status(self) -> dict[str, Any]:
        return json.loads(self.juju('status', '--format', 'json'))

    def unit(self, name: str) -> dict[str, Any]:
        return self.status()['applications'][name.partition('/')[0]]['units'][name]

    def said(self, unit: str) -> tuple[str, str]:
        """The workload status of *unit* and its message."""
        found = self.unit(unit)['workload-status']
        return found['current'], found.get('message', '')

    def log(self) -> str:
        return self.juju('debug-log', '--replay', '--no-tail', '--level', 'TRACE')

    def hooks(self, app: str) -> list[tuple[str, str, float]]:
        """Unit, name and seconds of every hook of *app* so far."""
        found = [(unit, name, float(took)) for unit, _, name, took in _TOOK.findall(self.log())]
        return [one for one in found if one[0].rpartition('-')[0] == app]

    def inside(self, unit: str, *command: str, container: str = '', stdin: str | None = None) -> str:
        where = ['--container', container] if container else []
        return self.pocket('juju', 'ssh', '--model', self.model, *where, unit, *command, stdin=stdin).stdout

    def sql(self, text: str) -> str:
        """What MariaDB answers *text* with; its root's password is in no argument."""
        if 'root' not in self.kept:
            self.kept['root'] = self.act('mariadb/0', 'get-password')['password']
        password = self.kept['root']
        script = f"export MYSQL_PWD={password}\nmariadb -uroot -N -S {SOCKET} <<'SQL'\n{text}\nSQL\n"
        return self.inside('mariadb/0', 'sh', container='mariadb', stdin=script)

    def visitor(self, unit: str, host: str, *, port: int = 8080) -> Visitor:
        return Visitor(address=self.unit(unit)['address'], host=host, port=port)


@dataclass(slots=True, kw_only=True)
class Visitor:
    """A browser as far as it matters: it has cookies and comes straight to the pod, in the site's name."""

    address: str
    host: str
    port: int
    forwarded: str = ''
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection(self.address, self.port, timeout=TIMEOUT_S)
        sent = {name.replace('_', '-'): text for name, text in headers.items()}
        sent['Host'] = self.host
        if self.cookies:
            sent['Cookie'] = '; '.join(f'{key}={one.value}' for key, one in self.cookies.items())
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode(errors='replace')
        finally:
            connection.close()
        for header in answer.msg.get_all('Set-Cookie') or ():
            self.cookies.load(header)
        return answer.status, answer.msg, text

    def log_in(self, user: str, password: str) -> Self:
        self.ask('GET', '/wp-login.php')
        form = urllib.parse.urlencode(
            {'log': user, 'pwd': password, 'wp-submit': 'Log In', 'testcookie': '1'}
        )
        self.ask('POST', '/wp-login.php', form.encode(), Content_Type='application/x-www-form-urlencoded')
        return self

    @property
    def is_logged_in(self) -> bool:
        """Whether the dashboard is shown."""
        return self.ask('GET', '/wp-admin/')[0] == 200


def environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(('MOJO_', 'JUJU_', 'POCKET_', 'HOODOO_'))}
    return {
        **kept,
        'PATH': f'{BIN}:{os.environ["PATH"]}',
        'POCKET_HOME': str(folder / 'pocket'),
        'POCKET_PORT': '0',
        'JUJU_DATA': str(folder / 'juju'),
        'MOJO_ROOT': str(folder / 'mojo'),
    }


@contextlib.contextmanager
def a_field(folder: Path, model: str) -> Generator[Field]:
    """A pocket of its own with an empty model, removed at the end."""
    made = Field(env=environment(folder), model=model)
    try:
        made.pocket('up')
        made.pocket('juju', 'add-model', model, 'k8s', '--config', 'logging-config=<root>=TRACE')
        yield made
    finally:
        made.pocket('clean', '--yes')
