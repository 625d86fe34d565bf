"""A deployment whose daemon is killed forty times, in the middle of hooks and of its own starts."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bedrock import charm
from tests.e2e import traces
from tests.e2e.conftest import BIN, TOP, Site, units

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

MODEL = 'storm'
TRACER = TOP / 'tests' / 'data' / 'charms' / 'tracer'
KILLS = 40
"""With the ten of test_crash, fifty."""
UNITS = ('tracer/0', 'tracer/1', 'tracer/2')
_PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What happened."""

    seed: int
    retried: Mapping[tuple[str, str], int]
    """How often a unit's hook was begun and not committed when the daemon was killed."""
    in_flight: int
    """Kills that met a hook."""
    starting: int
    """Kills that met a daemon on its way up."""


@pytest.fixture(scope='module')
def storm(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Storm:
    """Three related units, deployed under kills at moments that follow from a seed."""
    seed = int(os.environ.get('CRASH_SEED') or random.randrange(10**6))
    sys.stdout.write(f'CRASH_SEED={seed}\n')
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp('charm')
    archive = charm.pack(TRACER, folder / 'tracer.charm', cache=folder)
    site.pocket('up')
    site.juju('add-model', MODEL)
    site.juju('deploy', '--model', MODEL, '-n', str(len(UNITS)), str(archive))
    retried: Counter[tuple[str, str]] = Counter()
    in_flight = starting = 0
    for turn in range(KILLS):
        if turn and chance.random() < 0.25:
            starting += _kill_a_start(site, chance.uniform(0.05, 0.6))
        else:
            site.pocket('up')
            # A hook that was under way is tried again after five seconds, or when the operator says so.
            if chance.random() < 0.8:
                site.juju('resolved', '--model', MODEL, '--all', check=False)
            time.sleep(chance.uniform(0.0, 0.5))  # the moment is what this is about: nothing is waited for
            os.kill(traces.daemon_pid(site.env), signal.SIGKILL)
        begun = _begun(site)
        in_flight += bool(begun)
        retried.update(begun)
    made = Storm(seed=seed, retried=retried, in_flight=in_flight, starting=starting)
    sys.stdout.write(f'{made}\n')
    return made


def test_the_deployment_ends_where_one_without_kills_ends(site: Site, storm: Storm) -> None:
    site.pocket('up')
    deadline = time.monotonic() + _PATIENCE_S
    while not _is_settled(site):
        assert time.monotonic() < deadline, (site.status(MODEL), storm)
        site.juju('resolved', '--model', MODEL, '--all', check=False)
        time.sleep(0.5)
    found = units(site.status(MODEL))
    assert sum(bool(unit.get('leader')) for unit in found.values()) == 1
    for unit in UNITS:
        for other in {*UNITS} - {unit}:
            assert 'word: hello' in _read(site, unit, f'/var/lib/heard-{other[-1]}')
    assert storm.in_flight >= KILLS // 8, f'the kills have to meet hooks: {storm}'


def test_no_hook_that_was_committed_ran_again(site: Site, storm: Storm) -> None:
    for unit in UNITS:
        lines = _read(site, unit, '/var/lib/hooks').splitlines()
        ran = Counter(lines)
        assert lines[0] == 'install '
        for line, times in ran.items():
            hook = line.split(' ')[0]
            # Each joins two others; who joined before it said its word is heard of again. A follower hears
            # of its leader from each new agent.
            if hook in ('leader-settings-changed', 'update-status'):
                continue
            most = 3 if hook == 'cluster-relation-changed' else 1
            assert times <= most + storm.retried.get((unit, hook), 0), (unit, line, ran, storm)


def test_the_storm_left_nothing_behind(site: Site, storm: Storm) -> None:
    machines: dict[str, Any] = site.status(MODEL)['machines']
    names = frozenset(machine['instance-id'] for machine in machines.values())
    assert len(names) == len(UNITS)
    traces.assert_only(site.env, names)
    site.juju('destroy-model', '--no-prompt', '--force', MODEL)
    traces.assert_only(site.env, frozenset())
    assert storm.starting >= 1


def _kill_a_start(site: Site, delay_s: float) -> int:
    """Kill the daemon while it starts; 0 when the start was quicker or had not begun."""
    quiet = subprocess.DEVNULL
    starting = subprocess.Popen([BIN / 'pocket', 'up'], env=dict(site.env), stdout=quiet, stderr=quiet)
    time.sleep(delay_s)  # the moment is what this is about
    met = 0
    deadline = time.monotonic() + _PATIENCE_S
    while starting.poll() is None or traces.daemons(site.env):
        assert time.monotonic() < deadline
        for pid in traces.daemons(site.env):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            met = 1
        time.sleep(0.05)
    return met


def _is_settled(site: Site) -> bool:
    found = units(site.status(MODEL))
    shown = {
        name: (unit['workload-status']['current'], unit['juju-status']['current'])
        for name, unit in found.items()
    }
    return shown == dict.fromkeys(UNITS, ('active', 'idle'))


def _begun(site: Site) -> list[tuple[str, str]]:
    """The hooks that the killed daemon had begun and not committed, by unit: its own word, as it is kept."""
    with contextlib.closing(sqlite3.connect(Path(site.env['POCKET_HOME'], 'state.db'))) as db:
        rows = db.execute("SELECT name, agent_state FROM unit WHERE agent_state <> ''").fetchall()
    found: list[tuple[str, str]] = []
    for name, state in rows:
        local: dict[str, Any] = json.loads(state)
        hook: dict[str, Any] | None = local['hook']
        if hook is not None and local['kind'] == 'run-hook' and local['step'] == 'pending':
            endpoint, kind = hook['endpoint'], hook['kind']
            found.append((name, f'{endpoint}-{kind}' if endpoint else kind))
    return found


def _read(site: Site, unit: str, path: str) -> str:
    shown = site.juju('exec', '--model', MODEL, '--unit', unit, '--format', 'json', '--', 'cat', path)
    return str(json.loads(shown.stdout)[unit]['results']['stdout'])
