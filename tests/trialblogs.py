"""A blog in a pocket of its own, whose pods can reach nothing but each other, and how tests look into it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from bedrock import charm, process
from pocket import settings

TOP = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
MODEL = 'trial'
HOST = 'blog.example.com'
PARTS = ('wordpress', 'mariadb')
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP server said."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    def quotes(self, word: str) -> bool:
        """Tell whether *word* is anywhere in it."""
        return word in self.text or any(word in value for value in self.headers.values())


@dataclass
class Visitor:
    """A client of the blog at one address; it keeps cookies and trusts the blog's own certificate alone."""

    address: str
    certificate: Path
    host: str = HOST
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Ask for *path*; a header ``X_Name`` is sent as ``X-Name``."""
        sent = {'Host': self.host, **{name.replace('_', '-'): text for name, text in headers.items()}}
        body = None if form is None else urllib.parse.urlencode(form).encode()
        if body is not None:
            sent['Content-Type'] = 'application/x-www-form-urlencoded'
        if self.cookies:
            sent['Cookie'] = '; '.join(f'{key}={morsel.value}' for key, morsel in self.cookies.items())
        began = time.monotonic()
        connection = self._connection()
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode(errors='replace')
        finally:
            connection.close()
        for header in answer.msg.get_all('Set-Cookie') or ():
            self.cookies.load(header)
        told = {key.lower(): value for key, value in answer.getheaders()}
        return Answer(answer.status, told, text, time.monotonic() - began)

    def log_in(self, user: str, password: str) -> None:
        """Log in as a browser would."""
        self.ask('GET', '/wp-login.php')
        form = {'log': user, 'pwd': password, 'wp-submit': 'Log In', 'testcookie': '1'}
        answer = self.ask('POST', '/wp-login.php', form)
        assert answer.status == 302, answer.text[:500]
        assert any(name.startswith('wordpress_logged_in') for name in self.cookies)

    def is_logged_in(self) -> bool:
        """Tell whether the dashboard opens."""
        return self.ask('GET', '/wp-admin/profile.php').status == 200

    def _connection(self) -> http.client.HTTPConnection:
        trust = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection(HOST, timeout=60, context=trust)
        connection.sock = trust.wrap_socket(
            socket.create_connection((self.address, 443), 60), server_hostname=HOST
        )
        return connection


class Neighbour(Visitor):
    """A client that asks one unit directly, as the proxy in front of it does."""

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.address, 8080, timeout=60)

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
        return super().ask(method, path, form, **{'X_Forwarded_Proto': 'https', **headers})


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog:
    """The commands of somebody who runs a blog, and a look at what its pods are on this host."""

    env: Mapping[str, str]
    folder: Path
    model: str = MODEL
    before: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """What the host was like before there was the model."""

    # --- commands ---

    def juju(self, *words: str, check: bool = True) -> str:
        """Run a command of Juju's in the blog's model."""
        env = {**self.env, 'JUJU_MODEL': self.model}
        return process.run([BIN / 'pocket', 'juju', *words], env=env, timeout_s=300, check=check).stdout

    def wait(self, *words: str, timeout_s: float = _PATIENCE_S, settle_s: float = 0.5) -> None:
        """Wait until the model is ready."""
        limits = [f'--timeout={timeout_s:g}', f'--settle={settle_s:g}', '--retry-errors=3']
        command = [BIN / 'hoodoo', 'wait', '--model', self.model, *limits, *words]
        process.run(command, env=self.env, timeout_s=timeout_s + 30)

    def action(self, unit: str, name: str, *words: str) -> dict[str, Any]:
        """Run an action and return its results."""
        said = self.juju('run', '--quiet', '--format', 'json', unit, name, *words)
        (task,) = json.loads(said).values()
        return task['results']

    def status(self) -> dict[str, Any]:
        """Return the model's status."""
        return json.loads(self.juju('status', '--format', 'json'))

    def application(self, name: str) -> dict[str, Any]:
        """Return the status of an application."""
        return self.status()['applications'][name]

    def log(self) -> list[str]:
        """Return the lines of the model's log."""
        return self.juju('debug-log', '--replay', '--no-tail').splitlines()

    # --- deploying ---

    def add_model(self, *, hostname: str = HOST) -> None:
        """Make the model, with the certificate of *hostname* in its secret ``blog-tls``."""
        self.juju('add-model', '--no-switch', self.model, 'k8s')
        env = {
            **self.env,
            'JUJU_MODEL': self.model,
            'MOJO_LOCAL_DIR': str(self.folder),
            'BLOG_HOSTNAME': hostname,
        }
        process.run([TOP / 'specs' / 'wordpress' / 'tls-secret'], env=env, timeout_s=60)

    def deploy_database(self) -> None:
        """Deploy the database."""
        image = TOP / 'build' / 'images' / 'mariadb'
        self.juju(
            *('deploy', str(packed('mariadb-k8s')), 'mariadb', '--resource', f'mariadb-image=oci:{image}')
        )

    def deploy(self, name: str = 'wordpress', *, units: int = 1, **options: str) -> None:
        """Deploy a blog and relate it to the database."""
        image = TOP / 'build' / 'images' / 'wordpress'
        given = [word for key, value in options.items() for word in ('--config', f'{key}={value}')]
        self.juju(
            *('deploy', str(packed('wordpress-k8s')), name, '--trust', '-n', str(units), *given),
            *('--resource', f'wordpress-image=oci:{image}'),
        )
        self.juju('integrate', f'{name}:database', 'mariadb:database')

    # --- from outside ---

    @property
    def certificate(self) -> Path:
        """Return the blog's certificate."""
        return self.folder / 'blog.crt'

    @property
    def address(self) -> str:
        """Return where the ingress is."""
        said = process.run([BIN / 'pocket', 'kubeconfig', self.model], env=self.env, timeout_s=30).stdout
        found = re.search(r'^ *server: https://([^:/]*)', said, re.MULTILINE)
        assert found, said
        return found[1]

    def visitor(self) -> Visitor:
        """Return somebody from outside."""
        return Visitor(self.address, self.certificate)

    def neighbour(self, unit: str) -> Visitor:
        """Return somebody who asks *unit* directly."""
        application = self.application(unit.partition('/')[0])
        return Neighbour(application['units'][unit]['address'], self.certificate)

    # --- inside ---

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
        numbers = {
            int(number)
            for path in Path('/sys/fs/cgroup').glob(f'**/pocket/{tag}/{pod}/{part}/payload/cgroup.procs')
            for number in path.read_text().split()
        }
        return sorted(number for number in numbers if _command(number)[0].endswith(program))

    def inside(self, unit: str, container: str, *words: str, given: str = '') -> str:
        """Run a command as root in a container of *unit*'s pod."""
        first = self.processes(unit, container, 'pebble')[0]
        command = ['nsenter', f'--target={first}', '--mount', '--net', '--pid', '--uts', '--root', '--wd']
        return process.run([*command, '--', *words], stdin=given, timeout_s=60).stdout

    def health(self, unit: str, level: str = 'ready') -> bool:
        """Tell what Pebble answers to a probe of Kubernetes."""
        path = self.pod(unit) / 'pebbles' / 'wordpress' / 'pebble.socket'
        return _unix(path, f'/v1/health?level={level}')[0] == 200

    def boot_id(self, unit: str) -> str:
        """Return which start of Pebble this is."""
        path = self.pod(unit) / 'pebbles' / 'wordpress' / 'pebble.socket'
        return json.loads(_unix(path, '/v1/system-info')[1])['result']['boot-id']

    def sql(self, text: str) -> list[list[str]]:
        """Ask the database as its root, and return the rows."""
        (server,) = self.processes('mariadb/0', 'mariadb', 'mariadbd')[:1]
        # Root needs no password by the socket.
        command = ['nsenter', f'--target={server}', '--mount', '--net', '--root', '--wd']
        words = ['mariadb', '--socket=/run/mariadb/mariadbd.sock', '--batch', '--skip-column-names']
        said = process.run([*command, '--', *words], stdin=text, timeout_s=60).stdout
        return [line.split('\t') for line in said.splitlines()]

    def counts(self, database: str = 'wordpress') -> dict[str, int]:
        """Count what an installation makes: administrators, starter posts, settings of the address."""
        queries = {
            'users': 'SELECT COUNT(*) FROM {}.wp_users',
            'posts': "SELECT COUNT(*) FROM {}.wp_posts WHERE ID <= 3 AND post_type IN ('post', 'page')",
            'all posts': "SELECT COUNT(*) FROM {}.wp_posts WHERE post_type IN ('post', 'page')",
            'comments': 'SELECT COUNT(*) FROM {}.wp_comments',
            'home': "SELECT COUNT(*) FROM {}.wp_options WHERE option_name = 'home'",
        }
        rows = self.sql('; '.join(text.format(f'`{database}`') for text in queries.values()))
        return dict(zip(queries, (int(row[0]) for row in rows), strict=True))


@contextlib.contextmanager
def pocket(folder: Path) -> Generator[Blog]:
    """Start a pocket in *folder*, from whose machines no packet reaches another host."""
    others = ('MOJO_', 'JUJU_', 'POCKET_', 'HOODOO_')
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith(others)},
        'PATH': f'{BIN}:{os.environ["PATH"]}',
        'POCKET_HOME': str(folder / 'pocket'),
        'POCKET_PORT': '0',
        'JUJU_DATA': str(folder / 'juju'),
        'MOJO_ROOT': str(folder / 'mojo'),
        'COLUMNS': '200',
    }
    process.run([TOP / 'tools' / 'build-images'], env=env, timeout_s=600)
    with shut_in(settings.load(env).tag):
        try:
            process.run([BIN / 'pocket', 'up'], env=env, timeout_s=300)
            yield Blog(env=env, folder=folder)
        finally:
            process.run([BIN / 'pocket', 'clean', '--yes'], env=env, timeout_s=300)


@contextlib.contextmanager
def shut_in(tag: str) -> Generator[None]:
    """Drop what the machines of the home *tag* send to other hosts, questions for names too."""
    table = f'shut_in_{os.getpid()}'
    own = f'iifname "pk{tag}*"'
    rules = f"""table inet {table} {{
  chain forward {{
    type filter hook forward priority -10;
    {own} oifname != "pk{tag}*" counter drop
  }}
  chain input {{
    type filter hook input priority -10;
    {own} meta l4proto {{ tcp, udp }} th dport 53 counter drop
  }}
}}
"""
    process.run(['nft', '-f', '-'], stdin=rules, timeout_s=20)
    try:
        yield
    finally:
        process.run(['nft', 'delete', 'table', 'inet', table], timeout_s=20)


def packed(name: str) -> Path:
    """Return the charm *name* of this repository, packed."""
    build = TOP / 'build'
    build.mkdir(exist_ok=True)
    return charm.pack(TOP / 'charms' / name, build / f'{name}.charm', cache=build, note=lambda _: None)


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


@contextlib.contextmanager
def asking(ask: Callable[[], Answer]) -> Generator[list[Answer]]:
    """Ask without a pause while the block runs; the list has what was answered so far."""
    answers: list[Answer] = []
    enough = threading.Event()

    def go_on() -> None:
        while not enough.is_set():
            try:
                answers.append(ask())
            except (OSError, http.client.HTTPException) as err:
                answers.append(Answer(0, {}, repr(err), 0))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield answers
    finally:
        enough.set()
        thread.join()


def seconds_until(fact: Callable[[], bool], limit_s: float) -> float:
    """Return after how long a *fact* holds that no event tells this process of; *limit_s* and more if not."""
    began = time.monotonic()
    while time.monotonic() - began < limit_s:
        if fact():
            return time.monotonic() - began
        time.sleep(0.1)
    return time.monotonic() - began


def p95(values: list[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


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
