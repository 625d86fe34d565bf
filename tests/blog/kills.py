"""A blog whose parts are killed at random moments while it comes up."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bedrock import process
from tests.blog.model import INITIALISED, Blog
from tests.blog.parts import BIN
from tests.blog.trials import STARTED

APACHE, WORKER, PHP, PEBBLE, POD, DAEMON = 'Apache', 'a worker of Apache', 'wpctl', 'Pebble', 'pod', 'pocket'
SHORT_LIVED = (APACHE, WORKER, PHP)
"""They come first half of the time, because they are seldom there."""
KINDS = (*SHORT_LIVED, PEBBLE, POD, DAEMON)


@dataclass(frozen=True, slots=True)
class Life:
    """A blog from its deployment to its removal."""

    killed: tuple[str, ...]
    """What was killed, in order."""
    moments: tuple[float, ...]
    """Seconds after the deployment."""
    ready: float
    """Seconds from the deployment until it was whole."""

    def __str__(self) -> str:
        kills = zip(self.killed, self.moments, strict=True)
        return f'ready after {self.ready:.1f} s; ' + ', '.join(f'{one} at {at:.1f} s' for one, at in kills)


def kill(blog: Blog, unit: str, what: str) -> bool:
    """Kill a part of a blog without a warning; False when it is not there (yet)."""

    def of_pod(container: str, program: str) -> list[int]:
        return blog.processes(unit, container, program)

    ways: dict[str, Callable[[], list[int]]] = {
        APACHE: lambda: of_pod('wordpress', 'apache2')[:1],
        WORKER: lambda: of_pod('wordpress', 'apache2')[1:2],
        PHP: lambda: of_pod('wordpress', '/php')[:1],
        PEBBLE: lambda: of_pod('wordpress', 'pebble')[:1],
        POD: lambda: of_pod('', 'pebble')[:1],
        DAEMON: lambda: [daemon(blog)],
    }
    try:
        numbers = ways[what]()
    except (LookupError, OSError):
        return False
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    if what == DAEMON:
        process.run([BIN / 'pocket', 'up'], env=blog.env, timeout_s=60)
    return bool(numbers)


def daemon(blog: Blog) -> int:
    """Return the process that is pocket's daemon."""
    return int(json.loads((Path(blog.env['POCKET_HOME']) / 'daemon.json').read_text())['pid'])


def live(blog: Blog, number: int, dice: random.Random, *, kills: int, within_s: float) -> Life:
    """Deploy a blog of its own, kill parts of it while it comes up, and see that it came out whole."""
    name = f'blog{number}'
    began = time.monotonic()
    blog.deploy({'db_name': name}, name=name)
    killed: list[str] = []
    moments: list[float] = []
    for moment in sorted(dice.uniform(0, within_s) for _ in range(kills)):
        threading.Event().wait(max(0.0, moment - (time.monotonic() - began)))
        # What is not there yet cannot be killed; the daemon is there from the beginning.
        order = [*dice.sample(SHORT_LIVED, 3 * dice.randrange(2)), *dice.sample(KINDS, len(KINDS))]
        killed.append(next(one for one in order if kill(blog, f'{name}/0', one)))
        moments.append(time.monotonic() - began)
    blog.wait(timeout_s=240)
    life = Life(tuple(killed), tuple(moments), time.monotonic() - began)
    _check(blog, name, life)
    blog.juju('remove-application', '--no-prompt', name)
    return life


def _check(blog: Blog, name: str, life: Life) -> None:
    """It is initialised once, its first password is valid, and nothing is there twice."""
    told = blog.action(f'{name}/0', 'get-initial-password')
    assert told['valid'] == 'true', (life, told)
    assert blog.counts(name) == STARTED, life
    assert blog.said(app=name)[0] == 'active', life
    answer = blog.neighbour(f'{name}/0').ask('GET', '/-/ready', Host=name)
    assert answer.status == 200, (life, answer)
    # A unit that was killed after it said so, and before that was kept, says it again.
    assert any(
        line.startswith(f'unit-{name}-0') and line.endswith(INITIALISED) for line in blog.log().splitlines()
    )
