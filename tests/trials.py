"""What a blog is put through, in tests of any length; each trial returns what it measured."""

from __future__ import annotations

import base64
import itertools
import json
import os
import random
import re
import signal
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bedrock import process
from tests import trialblogs

STARTED = {'users': 1, 'posts': 3, 'all posts': 3, 'comments': 1, 'home': 1}
"""What one installation leaves in a database."""
INITIALISED = 'Wordpress configured and initialised'
PROBES = (
    *('/wp-config.php', '/.htaccess', '/.git/config', '/.env', '/readme.html', '/license.txt'),
    *('/wp-admin/install.php', '/wp-admin/setup-config.php', '/xmlrpc.php', '/server-status?auto'),
    *('/wp-content/debug.log', '/backup.sql', '/wp-content/uploads/x.php', '/wp-includes/version.php'),
    *('/wp-content/backup.zip', '/%2e%2e/%2e%2e/etc/passwd'),
)
"""What those ask for who look for a way in."""
LIE = 'evil.example'
_FORGED: tuple[dict[str, str], ...] = (
    {'X_Forwarded_Host': LIE},
    {'X_Forwarded_Server': LIE},
    {'X_Original_Host': LIE},
    {'Forwarded': f'host={LIE};proto=http;for=127.0.0.1'},
    {'X_Forwarded_Proto': 'http'},
    {'X_Forwarded_Ssl': 'off', 'Front_End_Https': 'off'},
    {'X_Forwarded_Port': '4444'},
    {'X_Rewrite_Url': f'http://{LIE}/', 'X_Original_Url': '/wp-admin/install.php'},
)
_CONTAINER_ENV = ('env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin')


@dataclass(frozen=True, slots=True)
class Slowness:
    """How long a blog takes that reaches nothing."""

    install: float
    dashboard: float
    """At the 95th percentile."""


def point_at(blog: trialblogs.Blog, units: list[str], database: str) -> None:
    """Make an empty database, and a configuration of the helper for it in *units*."""
    site = json.loads(blog.inside(units[0], 'wordpress', 'cat', '/run/wordpress/site.json'))
    user = _quoted(site['database']['user'])
    blog.sql(f"CREATE DATABASE `{database}`; GRANT ALL ON `{database}`.* TO {user}@'%'")
    site['database']['name'] = database
    for unit in units:
        command = f'cat >/run/wordpress/{database}.json; chmod 644 /run/wordpress/{database}.json'
        blog.inside(unit, 'wordpress', 'sh', '-c', command, given=json.dumps(site))


def wpctl(blog: trialblogs.Blog, unit: str, database: str, verb: str, given: object) -> dict[str, object]:
    """Run the helper in a unit against a *database* that it was pointed at."""
    said = blog.inside(
        *(unit, 'wordpress', *_CONTAINER_ENV, f'WORDPRESS_SITE=/run/wordpress/{database}.json'),
        *('setpriv', '--reuid=33', '--regid=33', '--clear-groups', '/usr/bin/wpctl', verb),
        given=json.dumps(given),
    )
    return json.loads(said)


def install_race(blog: trialblogs.Blog, database: str) -> float:
    """Have all units install into one empty database at once; returns how long the slowest took."""
    units = sorted(blog.application('wordpress')['units'])
    gate = threading.Barrier(len(units))
    wanted = {'title': 'Race', 'user': 'admin', 'email': 'admin@example.com', 'password': 'Pa55 of the race'}
    point_at(blog, units, database)

    def install(unit: str) -> tuple[object, float]:
        gate.wait()
        began = time.monotonic()
        told = wpctl(blog, unit, database, 'install', {**wanted, 'public': True})
        return told['result'], time.monotonic() - began

    with ThreadPoolExecutor(len(units)) as pool:
        results = list(pool.map(install, units))
    try:
        assert sorted(str(result) for result, _ in results) == [
            *['already-installed'] * (len(units) - 1),
            'installed',
        ]
        assert blog.counts(database) == STARTED
    finally:
        blog.sql(f'DROP DATABASE `{database}`')
    return max(seconds for _, seconds in results)


def without_network(blog: trialblogs.Blog, *, rounds: int) -> Slowness:
    """Measure installing and the dashboard, where no packet reaches another host."""
    began = time.monotonic()
    wanted = {
        'title': 'Alone',
        'user': 'admin',
        'email': 'admin@example.com',
        'password': 'Pa55 of the lonely',
    }
    point_at(blog, ['wordpress/0'], 'alone')
    began = time.monotonic()
    told = wpctl(blog, 'wordpress/0', 'alone', 'install', {**wanted, 'public': True})
    install = time.monotonic() - began
    assert told['result'] == 'installed'
    blog.sql('DROP DATABASE `alone`')

    visitor = blog.visitor()
    login = blog.action('wordpress/leader', 'get-initial-password')
    visitor.log_in(login['user'], login['password'])
    visitor.ask('GET', '/wp-admin/')
    answers = [visitor.ask('GET', '/wp-admin/') for _ in range(rounds)]
    assert {answer.status for answer in answers} == {200}
    return Slowness(install, trialblogs.p95([answer.seconds for answer in answers]))


def rotate_keys(blog: trialblogs.Blog) -> tuple[float, int]:
    """Rotate the keys under load; returns when the last session ended, and how many requests there were."""
    units = sorted(blog.application('wordpress')['units'])
    login = blog.action('wordpress/leader', 'get-initial-password')
    author = blog.visitor()
    author.log_in(login['user'], login['password'])
    sessions = [blog.neighbour(unit) for unit in units]
    for session in sessions:
        session.cookies = author.cookies
        assert session.is_logged_in()
    stranger = blog.visitor()
    with trialblogs.asking(lambda: stranger.ask('GET', '/')) as answers:
        began = time.monotonic()
        blog.action('wordpress/leader', 'rotate-keys')
        ended = trialblogs.seconds_until(lambda: not any(one.is_logged_in() for one in sessions), 30)
        took = time.monotonic() - began
        assert ended < 30
    wrong = [answer for answer in answers if answer.status != 200]
    assert not wrong, wrong[0]
    return took, len(answers)


def lies(blog: trialblogs.Blog) -> int:
    """Ask with forged headers and for what is nobody's business; returns how many requests were made."""
    visitor, asked = blog.visitor(), 0
    for path, headers in itertools.product(('/', '/wp-login.php', '/?p=1'), _FORGED):
        answer = visitor.ask('GET', path, None, **headers)
        asked += 1
        assert not answer.quotes(LIE), (path, headers)
        assert not answer.quotes('4444'), (path, headers)
        assert answer.status == 200 or answer.headers.get('location', '').startswith(
            f'https://{trialblogs.HOST}/'
        ), (path, headers, answer.status)
    for host in (LIE, f'{trialblogs.HOST}.{LIE}', f'{trialblogs.HOST}:4444@{LIE}', '127.0.0.1'):
        visitor.host = host
        for path in ('/', '/wp-login.php'):
            answer = visitor.ask('GET', path)
            asked += 1
            assert not answer.quotes(LIE), (host, path, answer)
            assert answer.status in (301, 400, 404, 421), (host, path, answer.status)
    visitor.host = trialblogs.HOST
    for path in PROBES:
        answer = visitor.ask('GET', path, X_Forwarded_For='127.0.0.1', X_Real_Ip='127.0.0.1')
        asked += 1
        assert answer.status in (400, 403, 404), (path, answer.status)
    login = blog.action('wordpress/leader', 'get-initial-password')['user']
    for path in ('/?author=1', '/?rest_route=/wp/v2/users', '/wp-json/wp/v2/users'):
        answer = visitor.ask('GET', path)
        asked += 1
        assert not re.search(rf'"slug":"{login}"|/author/{login}', answer.text + str(answer.headers)), path
    return asked


@dataclass(frozen=True, slots=True)
class Freeze:
    """How a frozen database was noticed."""

    down: float
    up: float
    restarts: int


def freeze_database(blog: trialblogs.Blog, seconds: float) -> Freeze:
    """Have the database stand still, and look at what a probe of Kubernetes sees."""
    unit = 'wordpress/0'
    before = (blog.boot_id(unit), blog.processes(unit, 'wordpress', 'apache2')[:1])
    assert blog.health(unit)
    began = time.monotonic()
    with trialblogs.frozen(blog.processes('mariadb/0', 'mariadb', 'mariadbd')):
        down = trialblogs.seconds_until(lambda: not blog.health(unit), seconds)
        assert blog.health(unit, 'alive')
        trialblogs.seconds_until(lambda: not blog.health(unit, 'alive'), seconds - (time.monotonic() - began))
        assert blog.health(unit, 'alive')
    up = trialblogs.seconds_until(lambda: blog.health(unit), 60)
    after = (blog.boot_id(unit), blog.processes(unit, 'wordpress', 'apache2')[:1])
    return Freeze(down, up, sum(a != b for a, b in zip(before, after, strict=True)))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def kill(blog: trialblogs.Blog, unit: str, what: str) -> bool:
    """Kill a part of a blog without a warning; False when it is not there (yet)."""

    def of_pod(container: str, program: str) -> list[int]:
        return blog.processes(unit, container, program)

    ways: dict[str, Callable[[], list[int]]] = {
        'Apache': lambda: of_pod('wordpress', 'apache2'),
        'Pebble': lambda: of_pod('wordpress', 'pebble')[:1],
        'pod': lambda: of_pod('', 'pebble')[:1],
        'daemon': lambda: [daemon(blog)],
    }
    try:
        numbers = ways[what]()
    except (LookupError, OSError, KeyError):
        return False
    for number in numbers:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue
    if what == 'daemon':
        process.run([trialblogs.BIN / 'pocket', 'up'], env=blog.env, timeout_s=60)
    return bool(numbers)


def daemon(blog: trialblogs.Blog) -> int:
    """Return the process that is pocket's daemon."""
    return int(json.loads((Path(blog.env['POCKET_HOME']) / 'daemon.json').read_text())['pid'])


def killed_life(blog: trialblogs.Blog, number: int, dice: random.Random) -> tuple[list[str], float]:
    """Deploy a blog of its own, kill parts of it in its first minute, and see that it came out whole.

    Returns:
        What was killed when; after how many seconds from deploying it was ready.
    """
    name = f'blog{number}'
    began = time.monotonic()
    blog.deploy(name, db_name=name)
    killed: list[str] = []
    moments = sorted(dice.uniform(0, 20) for _ in range(2))
    for moment in moments:
        left = moment - (time.monotonic() - began)
        threading.Event().wait(max(0.0, left))
        wanted = dice.choice(('Apache', 'Pebble', 'pod', 'daemon'))
        # What is not there yet cannot be killed; the daemon is there from the beginning.
        what = next(one for one in (wanted, 'pod', 'daemon') if kill(blog, f'{name}/0', one))
        killed.append(f'{what} at {time.monotonic() - began:.1f} s')
    blog.wait()
    took = time.monotonic() - began
    told = blog.action(f'{name}/0', 'get-initial-password')
    assert told['valid'] == 'true', (killed, told)
    assert blog.counts(name) == STARTED, killed
    assert blog.application(name)['application-status']['current'] == 'active', killed
    answer = blog.neighbour(f'{name}/0').ask('GET', '/-/ready', Host=name)
    assert answer.status == 200, (killed, answer)
    blog.juju('remove-application', '--no-prompt', name)
    return killed, took


def ingresses(blog: trialblogs.Blog) -> list[str]:
    """Return the names of the model's ingresses."""
    said = process.run(
        [trialblogs.BIN / 'pocket', 'kubeconfig', blog.model], env=blog.env, timeout_s=30
    ).stdout
    ca, token, server = (
        re.search(rf'^\s*-?\s*{key}:\s*"?([^\s"]+)', said, re.MULTILINE)
        for key in ('certificate-authority-data', 'token', 'server')
    )
    assert ca
    assert token
    assert server
    trust = ssl.create_default_context(cadata=base64.b64decode(ca[1]).decode())
    address = f'{server[1]}/apis/networking.k8s.io/v1/namespaces/{blog.model}/ingresses'
    request = urllib.request.Request(address, headers={'Authorization': f'Bearer {token[1]}'})
    with urllib.request.urlopen(request, timeout=20, context=trust) as answer:
        return [item['metadata']['name'] for item in json.load(answer)['items']]
