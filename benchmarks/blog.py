"""How long does a blog take by step, how many pages does it serve, and what does its image weigh?

The steps run from the first word of the bundle to the log line by which people know that the blog is there;
those of the database and of WordPress happen at the same time. The images' base, Pebble and the charms'
packages are in caches, as on any machine that deployed a blog before.

    .venv/bin/python benchmarks/blog.py [RUNS [SECONDS]]

It builds the image of WordPress once more, beside the one that it deploys. It uses a pocket of its own and
removes it.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import rig

from bedrock import process

SPEC = 'specs/wordpress'
MODEL = 'wordpress-ci'
HOST = 'blog.example.com'
CLIENTS = 8

_LINE = re.compile(r'^unit-(\w+)-\d+: (\d\S* \S+) \S+ \S+ (.*)$')
_TOOK = re.compile(r'hook "([^"]+)" took ([0-9.]+) s$')
_INITIALISED = 'Wordpress configured and initialised'


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One line of a unit's log."""

    application: str
    at: float
    text: str


def logged(debug_log: str) -> list[Logged]:
    """The lines of ``juju debug-log --utc --date --ms``, at seconds since the epoch."""
    return [
        Logged(application=m[1], at=datetime.fromisoformat(f'{m[2]}+00:00').timestamp(), text=m[3])
        for m in map(_LINE.match, debug_log.splitlines())
        if m
    ]


def steps(lines: Sequence[Logged], *, deploying_at: float) -> dict[str, float]:
    """Seconds from the deployment's start to the end of each step."""
    hooks = [(line, match) for line in lines if (match := _TOOK.search(line.text))]
    begun = {
        name: min(line.at - float(m[2]) for line, m in hooks if line.application == name)
        for name in ('mariadb', 'wordpress')
    }
    (done,) = [line.at for line in lines if line.text.endswith(_INITIALISED)]

    def ended(application: str, hook: str, *, last: bool = False) -> float:
        found = [line.at for line, m in hooks if line.application == application and m[1] == hook]
        return max(found) if last else min(found)

    given = max(
        line.at
        for line, match in hooks
        if line.application == 'mariadb' and match[1].startswith('database-relation') and line.at <= done
    )
    marks = {
        'pod of the database up': begun['mariadb'],
        'pod of WordPress up': begun['wordpress'],
        'its first hooks ended (start)': ended('wordpress', 'start'),
        'database serves (pebble-ready ended)': ended('mariadb', 'mariadb-pebble-ready'),
        'database related': given,
        'initialised': done,
    }
    return {name: at - deploying_at for name, at in marks.items()}


def deploy() -> tuple[dict[str, float], dict[str, float], float]:
    """Deploy into an empty home: seconds by step, seconds of hooks by application, pages a second."""
    with rig.rig() as host:
        typed = time.time()
        said = host.run('hoodoo', 'run', SPEC, '--stage', 'ci')
        (before,) = re.findall(r'^\[ *([0-9.]+)s\] bundle: started$', said, re.MULTILINE)
        shape = ['--replay', '--no-tail', '--utc', '--date', '--ms', '-l', 'DEBUG']
        lines = logged(host.juju('debug-log', '--model', MODEL, *shape))
        found = steps(lines, deploying_at=typed + float(before))
        (address,) = re.findall(rf'https://{HOST} at (\S+)', said)
        hooks: dict[str, float] = {}
        for line in lines:
            if match := _TOOK.search(line.text):
                hooks[line.application] = hooks.get(line.application, 0.0) + float(match[2])
        certificate = host.folder / 'mojo' / 'wordpress' / 'noble' / 'ci' / 'local' / 'blog.crt'
        return found, hooks, pages_a_second(address, certificate, seconds=SECONDS)


def pages_a_second(address: str, certificate: Path, *, seconds: float) -> float:
    """How many front pages `CLIENTS` visitors get each second, by https through the front proxy."""
    trust = ssl.create_default_context(cafile=str(certificate))
    counts = [0] * CLIENTS
    visit(address, trust)  # the first page compiles PHP
    until = time.monotonic() + seconds

    def visitor(number: int) -> None:
        while time.monotonic() < until:
            visit(address, trust)
            counts[number] += 1

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(CLIENTS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def visit(address: str, trust: ssl.SSLContext) -> None:
    """Get the front page over a connection of its own."""
    connection = http.client.HTTPSConnection(HOST, timeout=30)
    connection.sock = trust.wrap_socket(socket.create_connection((address, 443), 30), server_hostname=HOST)
    try:
        connection.request('GET', '/')
        answer = connection.getresponse()
        page = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or b'</html>' not in page:
        raise SystemExit(f'the front page is answered with {answer.status}')


def build() -> Mapping[str, str]:
    """Build the image of WordPress, packages from the cache; what is said of it."""
    with tempfile.TemporaryDirectory(prefix='hoodoo-bench-') as folder:
        argv = [rig.BIN / 'hoodoo', 'image', 'build', 'images/wordpress', '--output', f'{folder}/wordpress']
        said = process.run(argv, cwd=rig.TOP, timeout_s=1800).stdout
    return dict(re.findall(r'^(size|seconds) +(.+)$', said, re.MULTILINE))


def main() -> None:
    process.run([rig.TOP / 'tools' / 'build-images'], cwd=rig.TOP, timeout_s=3600)
    results = [deploy() for _ in range(RUNS)]
    print(f'{"deploy ->":40}{"median s":>10}')
    for name in results[0][0]:
        print(f'{name:40}{statistics.median(found[name] for found, _, _ in results):10.1f}')
    print()
    for name in sorted(results[0][1]):
        print(f'{"hooks of " + name:40}{statistics.median(hooks[name] for _, hooks, _ in results):10.1f}')
    pages = statistics.median(pages for _, _, pages in results)
    print(f'{f"front pages a second, {CLIENTS} clients":40}{pages:10.1f}')
    built = build()
    print()
    print(f'image: {built["size"]}')
    print(f'built in {built["seconds"]}')


RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0

if __name__ == '__main__':
    main()
