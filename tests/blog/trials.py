"""What a blog is put through, in tests of any length; each trial returns what it measured."""

from __future__ import annotations

import base64
import contextlib
import functools
import itertools
import json
import re
import ssl
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.blog.model import Blog
from tests.blog.pods import frozen
from tests.blog.visitors import HOST, Visitor, asking, p95, seconds_until

STARTED = {'users': 1, 'posts': 3, 'all posts': 3, 'comments': 1, 'home': 1}
"""What one installation leaves in a database."""
THREE = {'blog_hostname': HOST, 'tls_secret_name': 'blog-tls', 'allow_local_uploads': True}
"""Options of a blog of several units behind an ingress."""
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


def point_at(blog: Blog, units: list[str], database: str) -> None:
    """Make an empty database, and a configuration of the helper for it in *units*."""
    site = json.loads(blog.inside(units[0], 'wordpress', 'cat', '/run/wordpress/site.json'))
    user = _quoted(site['database']['user'])
    blog.sql(f"CREATE DATABASE `{database}`; GRANT ALL ON `{database}`.* TO {user}@'%'")
    site['database']['name'] = database
    for unit in units:
        command = f'cat >/run/wordpress/{database}.json; chmod 644 /run/wordpress/{database}.json'
        blog.inside(unit, 'wordpress', 'sh', '-c', command, given=json.dumps(site))


def wpctl(blog: Blog, unit: str, database: str, verb: str, given: object) -> dict[str, object]:
    """Run the helper in a unit against a *database* that it was pointed at."""
    said = blog.inside(
        *(unit, 'wordpress', *_CONTAINER_ENV, f'WORDPRESS_SITE=/run/wordpress/{database}.json'),
        *('setpriv', '--reuid=33', '--regid=33', '--clear-groups', '/usr/bin/wpctl', verb),
        given=json.dumps(given),
    )
    return json.loads(said)


def install_race(blog: Blog, database: str) -> float:
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


def without_network(blog: Blog, *, rounds: int) -> Slowness:
    """Measure installing and the dashboard, where no packet reaches another host."""
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
    visitor.log_in(*administrator(blog))
    visitor.ask('GET', '/wp-admin/')
    answers = [visitor.ask('GET', '/wp-admin/') for _ in range(rounds)]
    assert {answer.status for answer in answers} == {200}
    return Slowness(install, p95([answer.seconds for answer in answers]))


def rotate_keys(blog: Blog, sessions: list[Visitor], readers: list[Visitor]) -> tuple[float, int]:
    """Rotate the keys under load; returns when the last session ended, and how many requests there were."""
    assert all(session.is_logged_in() for session in sessions)
    with contextlib.ExitStack() as stack:
        asked = [stack.enter_context(asking(functools.partial(one.ask, 'GET', '/'))) for one in readers]
        began = time.monotonic()
        blog.action('wordpress/leader', 'rotate-keys')
        ended = seconds_until(lambda: not any(one.is_logged_in() for one in sessions), 30)
        took = time.monotonic() - began
        assert ended < 30
    answers = [answer for one in asked for answer in one]
    wrong = [answer for answer in answers if answer.status != 200]
    assert not wrong, wrong[0]
    return took, len(answers)


def logged_in_everywhere(blog: Blog) -> list[Visitor]:
    """Return the administrator's session, at each unit."""
    author = blog.visitor().log_in(*administrator(blog))
    sessions = [blog.neighbour(unit) for unit in sorted(blog.application()['units'])]
    for session in sessions:
        session.cookies = author.cookies
    return sessions


def administrator(blog: Blog) -> tuple[str, str]:
    """Return the name and the password of the first administrator."""
    told = blog.action('wordpress/leader', 'get-initial-password')
    return told['user'], told['password']


def lies(blog: Blog) -> int:
    """Ask with forged headers and for what is nobody's business; returns how many requests were made."""
    visitor, asked = blog.visitor(), 0
    for path, headers in itertools.product(('/', '/wp-login.php', '/?p=1'), _FORGED):
        answer = visitor.ask('GET', path, None, **headers)
        asked += 1
        assert not answer.quotes(LIE), (path, headers)
        assert not answer.quotes('4444'), (path, headers)
        assert answer.status == 200 or answer.headers.get('location', '').startswith(f'https://{HOST}/'), (
            path,
            headers,
            answer.status,
        )
    for host in (LIE, f'{HOST}.{LIE}', f'{HOST}:4444@{LIE}', '127.0.0.1'):
        visitor.host = host
        for path in ('/', '/wp-login.php'):
            answer = visitor.ask('GET', path)
            asked += 1
            assert not answer.quotes(LIE), (host, path, answer)
            assert answer.status in (301, 400, 404, 421), (host, path, answer.status)
    visitor.host = HOST
    for path in PROBES:
        answer = visitor.ask('GET', path, X_Forwarded_For='127.0.0.1', X_Real_Ip='127.0.0.1')
        asked += 1
        assert answer.status in (400, 403, 404), (path, answer.status)
    login = administrator(blog)[0]
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


def freeze_database(blog: Blog, seconds: float) -> Freeze:
    """Have the database stand still, and look at what a probe of Kubernetes sees."""
    unit = 'wordpress/0'
    before = (blog.boot_id(unit), blog.processes(unit, 'wordpress', 'apache2')[:1])
    assert blog.health(unit)
    began = time.monotonic()
    with frozen(blog.processes('mariadb/0', 'mariadb', 'mariadbd')):
        down = seconds_until(lambda: not blog.health(unit), seconds)
        assert blog.health(unit, 'alive')
        seconds_until(lambda: not blog.health(unit, 'alive'), seconds - (time.monotonic() - began))
        assert blog.health(unit, 'alive')
    up = seconds_until(lambda: blog.health(unit), 60)
    after = (blog.boot_id(unit), blog.processes(unit, 'wordpress', 'apache2')[:1])
    return Freeze(down, up, sum(a != b for a, b in zip(before, after, strict=True)))


def ingresses(blog: Blog) -> list[str]:
    """Return the names of the model's ingresses."""
    said = blog.kubeconfig()
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


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
