"""Many attempts of ``hoodoo ci`` at once, some killed at random moments; what they leave is counted."""

from __future__ import annotations

import contextlib
import json
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bedrock import process
from hoodoo import settings
from hoodoo.ci import attempts, leftovers
from tests import trying

_BIN = Path(sys.executable).parent
_QUICK = 'script config=look\nverify config=look\n'
_LOOK = '#!/bin/sh\njuju status --format json >/dev/null\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """How many attempts there are, and of what kind."""

    runs: int
    killed: int
    with_machines: int
    at_once: int = 4
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What became of a hunt."""

    verdicts: Mapping[str, int]
    """As exit codes of those that were let live, and ``killed``."""
    before: tuple[str, ...]
    """Models that were there before the reaping."""
    left: tuple[str, ...]
    """And after it."""
    folders: tuple[str, ...]
    """What is left in the folder of CI."""
    said: str
    """By attempts that were let live and did not pass."""


def hunt(asked: Hunt, env: Mapping[str, str], folder: Path) -> Came:
    """Make the attempts in *folder*, reap, and look what is left."""
    chance = random.Random(asked.seed)
    spec = trying.repository(folder / 'machines')
    trying.repository(folder / 'quick', {'manifest': _QUICK, 'ci/look': _LOOK})
    numbers = list(range(asked.runs))
    # The first ones tell how long one takes here and now, and so which moments there are.
    killed = {number: chance.random() for number in chance.sample(numbers[asked.at_once :], asked.killed)}
    lasted: list[float] = []
    machines = set(chance.sample(numbers, asked.with_machines))
    quick = folder / 'quick' / 'specs' / 'tried'

    def one(number: int) -> tuple[str, str]:
        began = time.monotonic()
        after_s = killed[number] * statistics.median(lasted) if number in killed else None
        ended = _attempt(spec if number in machines else quick, env, after_s)
        if after_s is None:
            lasted.append(time.monotonic() - began)
        return ended

    with ThreadPoolExecutor(asked.at_once) as pool:
        ended = list(pool.map(one, numbers[: asked.at_once]))
        ended += pool.map(one, numbers[asked.at_once :])
    before = models(env)
    process.run([_BIN / 'hoodoo', 'ci', 'reap'], env=env, timeout_s=900)
    _reap_later(env)
    state = Path(env['XDG_STATE_HOME'], 'hoodoo', 'ci')
    return Came(
        verdicts=Counter(verdict for verdict, _ in ended),
        before=before,
        left=models(env),
        folders=tuple(sorted(path.name for path in state.iterdir() if path.name != 'reports')),
        said='\n'.join(text for verdict, text in ended if verdict not in ('0', 'killed')),
    )


def _reap_later(env: Mapping[str, str]) -> None:
    """Reap as if an hour later: a model that was asked for just before a kill might have come meanwhile."""
    loaded = settings.load(env)
    now_ms = time.time_ns() // 1_000_000 + 3_600_000
    with contextlib.closing(attempts.Attempts(loaded.state / 'ci.db')) as opened:
        reaper = leftovers.Reaper(settings=loaded, attempts=opened, told=lambda _: None, now_ms=now_ms)
        assert reaper.reap(leftovers.Wanted()) == ()
        assert opened.unfinished() == []


def models(env: Mapping[str, str]) -> tuple[str, ...]:
    """The models of CI that are there."""
    done = process.run([_BIN / 'pocket', 'juju', 'models', '--format', 'json'], env=env, timeout_s=60)
    names = [model['short-name'] for model in json.loads(done.stdout)['models']]
    return tuple(sorted(name for name in names if name.startswith('ci-')))


def _attempt(spec: Path, env: Mapping[str, str], kill_after_s: float | None) -> tuple[str, str]:
    with subprocess.Popen(
        [_BIN / 'hoodoo', 'ci', 'run', spec],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        if kill_after_s is not None:
            time.sleep(kill_after_s)  # a random moment is what is meant
            child.kill()
        said = child.communicate(timeout=900)[0]
    return ('killed' if child.returncode == -9 else str(child.returncode)), said
