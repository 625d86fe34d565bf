"""The daemon dies at any moment: nothing is lost, done twice or left behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bedrock import charm
from tests.e2e import traces
from tests.e2e.conftest import BIN, TOP, Site, units

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

SPEC = 'tests/data/specs/words'
WORDS = 'words-ci'
KILLS = 10
HOLDER = TOP / 'tests' / 'data' / 'charms' / 'holder'
HELD = 'held'
_PATIENCE_S = 60.0

ONCE = dict.fromkeys(('install', 'config-changed', 'start', 'speech-relation-created'), (1, 1))
COUNTS = {
    'speaker': {**ONCE, 'speech-relation-joined': (1, 1), 'speech-relation-changed': (1, 1)},
    # A speaker that joins before it has said its word, None, is heard of again when it has.
    'listener': {**ONCE, 'speech-relation-joined': (2, 2), 'speech-relation-changed': (2, 4)},
}
"""How often each hook of the words runs, at least and at most, when nothing goes wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A deployment that was killed again and again until it was done."""

    seed: int
    kills: int
    retried: Mapping[tuple[str, str], int]
    """How often a unit's hook was begun and not committed when the daemon was killed."""
    moments: tuple[str, ...]


@pytest.fixture(scope='module')
def storm(site: Site) -> Storm:
    """The words, deployed under kills at moments that follow from a seed."""
    seed = int(os.environ.get('CRASH_SEED') or random.randrange(10**6))
    sys.stdout.write(f'CRASH_SEED={seed}\n')
    chance = random.Random(seed)
    retried: Counter[tuple[str, str]] = Counter()
    moments: list[str] = []
    kills = 0
    while kills < KILLS:
        site.pocket('up')
        # A hook that was under way is tried again after five seconds, or when the operator says so.
        if chance.random() < 0.7:
            site.juju('resolved', '--model', WORDS, '--all', check=False)
        run: subprocess.Popen[bytes] | None = None
        delay_s = chance.uniform(0.0, 0.3)
        if not _has_relation(site):
            run = _start(site, 'hoodoo', 'run', SPEC, '--stage', 'ci')
            delay_s = chance.uniform(1.0, 2.0)  # before that, hoodoo has not asked for anything
        time.sleep(delay_s)  # the moment is what this is about: nothing is waited for
        os.kill(traces.daemon_pid(site.env), signal.SIGKILL)
        kills += 1
        if run is not None:
            _end(run)
        begun = _begun(site)
        retried.update(begun)
        moments.append(', '.join(f'{unit} {hook}' for unit, hook in begun) or 'no hook')
    sys.stdout.write(f'killed during: {moments}\n')
    return Storm(seed=seed, kills=kills, retried=retried, moments=tuple(moments))


def test_the_next_run_ends_where_one_without_kills_ends(site: Site, storm: Storm) -> None:
    done = site.hoodoo('run', SPEC, '--stage', 'ci', timeout_s=_PATIENCE_S)
    assert 'speaker/1 hello' in done.stdout
    status = site.status(WORDS)
    found = units(status)
    assert {name: unit['workload-status']['current'] for name, unit in found.items()} == {
        'speaker/0': 'active',
        'speaker/1': 'active',
        'listener/0': 'active',
    }, storm
    assert {name: unit['juju-status']['current'] for name, unit in found.items()} == dict.fromkeys(
        found, 'idle'
    )
    assert len(status['machines']) == 3
    assert sum(bool(unit.get('leader')) for unit in found.values()) == 2
    assert site.hoodoo('run', SPEC, '--stage', 'ci').stdout.count('no change') >= 1


def test_only_a_hook_that_was_not_committed_ran_again(site: Site, storm: Storm) -> None:
    for unit in ('speaker/0', 'speaker/1', 'listener/0'):
        ran = Counter(_lines(site, unit, '/var/lib/hooks'))
        assert ran['leader-elected'] + ran['leader-settings-changed'] >= 1
        for hook, (least, most) in COUNTS[unit.partition('/')[0]].items():
            again = storm.retried.get((unit, hook), 0)
            if hook == 'config-changed':
                most += ran['upgrade-charm']  # hoodoo, killed before it noted what it deployed, refreshes
            assert least <= ran[hook] <= most + again, (unit, hook, ran, storm)
    heard = _lines(site, 'listener/0', '/var/lib/heard')
    assert set(heard) - {'speaker/0 None', 'speaker/1 None'} == {'speaker/0 hello', 'speaker/1 hello'}


def test_the_live_machines_are_all_that_is_left_on_the_host(site: Site, storm: Storm) -> None:
    machines: dict[str, Any] = site.status(WORDS)['machines']
    names = frozenset(machine['instance-id'] for machine in machines.values())
    traces.assert_only(site.env, names)
    images = json.loads(site.pocket('image', 'list', '--format', 'json').stdout)
    users = {user.partition('.')[2] for image in images for user in image['users']}
    assert names <= users, 'a cached image that machines stand on would be removed'
    assert storm.kills == KILLS


def test_a_daemon_killed_while_it_removes_a_model_removes_the_rest_after_its_start(
    site: Site, storm: Storm
) -> None:
    chance = random.Random(storm.seed + 1)
    for _ in range(3):
        removal = _start(site, 'pocket', 'juju', 'destroy-model', '--no-prompt', '--force', WORDS)
        time.sleep(chance.uniform(0.2, 0.6))
        os.kill(traces.daemon_pid(site.env), signal.SIGKILL)
        _end(removal)
        site.pocket('up')
    site.juju('destroy-model', '--no-prompt', '--force', WORDS, check=False)
    left = json.loads(site.juju('models', '--format', 'json').stdout)['models']
    assert [model['short-name'] for model in left] == ['controller']
    traces.assert_only(site.env, frozenset())


def test_a_hook_that_outlived_the_daemon_is_killed_and_run_again_once(site: Site, tmp_path: Path) -> None:
    archive = charm.pack(HOLDER, tmp_path / 'holder.charm', cache=tmp_path)
    site.pocket('up')
    site.juju('add-model', HELD)
    site.juju('deploy', '--model', HELD, str(archive))
    with _log(site) as until:
        until('holding start')
        command = _start(site, 'pocket', 'juju', 'exec', '--model', HELD, '--machine', '0', '--', 'sleep 500')
        _eventually(lambda: 'sleep 500' in traces.programs_in(site.env).values())
        os.kill(traces.daemon_pid(site.env), signal.SIGKILL)
    _end(command)
    held = _hooks_under_way(site)
    assert len(held) == 1, 'it goes on without its daemon'
    site.pocket('up')
    with _log(site) as until:
        until('holding start')
        until('holding start')
        again = _hooks_under_way(site)
        assert (len(again), again & held) == (1, set())
        assert 'sleep 500' not in traces.programs_in(site.env).values(), (
            'nor does a command on a machine go on'
        )
        _on_machine(site, 'rm /var/lib/hold-start')
        until('ran "start" hook')
    assert Counter(_lines(site, 'holder/0', '/var/lib/hooks', model=HELD))['start'] == 1
    assert _workload(site) == ('active', 'let go of start')


def test_down_stops_a_hook_and_up_runs_it_again_without_calling_it_failed(site: Site) -> None:
    address = site.status(HELD)['machines']['0']['ip-addresses']
    _hold(site, 'two')
    with _log(site) as until:
        until('holding config-changed')
    began = time.monotonic()
    site.pocket('down')
    assert time.monotonic() - began < 20
    assert (traces.of(site.env).supervisors, traces.of(site.env).daemons) == ((), 0)
    Path(site.env['POCKET_HOME'], 'network.json').write_text('{')
    site.pocket('up')
    with _log(site) as until:
        until('holding config-changed')
        until('holding config-changed')
        _on_machine(site, 'rm /var/lib/hold-config-changed')
        until('ran "config-changed" hook')
    logged = site.juju('debug-log', '--model', HELD, '--replay', '--no-tail').stdout
    assert 'hook "config-changed" (via hook dispatching script: dispatch) failed' not in logged
    assert site.status(HELD)['machines']['0']['ip-addresses'] == address, 'known to the machine itself'


def test_damage_to_one_machine_is_told_and_the_others_go_on(site: Site) -> None:
    site.juju('add-machine', '--model', HELD)
    site.juju('exec', '--model', HELD, '--machine', '1', '--', 'true')
    machines = Path(site.env['POCKET_HOME'], 'm')
    (damaged,) = (path for path in machines.iterdir() if path.name.endswith('-1'))
    os.kill(traces.daemon_pid(site.env), signal.SIGKILL)
    (damaged / 'record.json').write_text('{"name": ')
    (machines / 'juju-abcdef-7' / 'upper').mkdir(parents=True)
    (machines / '.juju-abcdef-8.new' / 'upper').mkdir(parents=True)
    site.pocket('up')
    assert _on_machine(site, 'echo well') == 'well'
    _eventually(lambda: 'is damaged' in json.dumps(site.status(HELD)['machines']['1']))
    assert _workload(site)[0] == 'active'
    site.juju('remove-machine', '--model', HELD, '--no-prompt', '--force', '1')
    _eventually(lambda: not damaged.exists())
    names = frozenset(machine['instance-id'] for machine in site.status(HELD)['machines'].values())
    assert len(names) == 1
    traces.assert_only(site.env, names)


def test_a_model_is_removed_by_force_while_a_hook_hangs(site: Site) -> None:
    _hold(site, 'three')
    with _log(site) as until:
        until('holding config-changed')
        assert _hooks_under_way(site)
    began = time.monotonic()
    site.juju('destroy-model', '--no-prompt', '--force', HELD)
    assert time.monotonic() - began < 20
    traces.assert_only(site.env, frozenset())


def _start(site: Site, program: str, *words: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        [BIN / program, *words],
        env=dict(site.env),
        cwd=TOP,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _rows(site: Site, query: str) -> list[tuple[str, ...]]:
    """What the daemon's database says, whether it runs or was killed."""
    with contextlib.closing(sqlite3.connect(Path(site.env['POCKET_HOME'], 'state.db'))) as db:
        return db.execute(query).fetchall()


def _has_relation(site: Site) -> bool:
    return bool(_rows(site, 'SELECT 1 FROM relation'))


def _begun(site: Site) -> list[tuple[str, str]]:
    """The hooks that the killed daemon had begun and not committed, by unit: its own word, as it is kept."""
    found: list[tuple[str, str]] = []
    for name, state in _rows(site, "SELECT name, agent_state FROM unit WHERE agent_state <> ''"):
        local: dict[str, Any] = json.loads(state)
        hook: dict[str, Any] | None = local['hook']
        if hook is not None and local['kind'] == 'run-hook' and local['step'] == 'pending':
            endpoint, kind = hook['endpoint'], hook['kind']
            found.append((name, f'{endpoint}-{kind}' if endpoint else kind))
    return found


def _lines(site: Site, unit: str, path: str, *, model: str = WORDS) -> list[str]:
    shown = site.juju('exec', '--model', model, '--unit', unit, '--format', 'json', '--', 'cat', path)
    return json.loads(shown.stdout)[unit]['results']['stdout'].split('\n')[:-1]


def _on_machine(site: Site, command: str) -> str:
    """Run *command* as root on the holder's machine, whatever hook runs there."""
    return site.juju('exec', '--model', HELD, '--machine', '0', '--', f'sudo {command}').stdout.strip()


def _hold(site: Site, value: str) -> None:
    """Have the holder's config-changed begin, and not end."""
    _on_machine(site, 'touch /var/lib/hold-config-changed')
    site.juju('config', '--model', HELD, 'holder', f'value={value}')


def _workload(site: Site) -> tuple[str, str]:
    found = units(site.status(HELD))['holder/0']['workload-status']
    return found['current'], found.get('message', '')


def _hooks_under_way(site: Site) -> set[int]:
    """The processes on the host that are hooks of the holder."""
    found = traces.programs_in(site.env)
    return {pid for pid, words in found.items() if words.endswith('./dispatch')}


def _eventually(condition: Callable[[], bool]) -> None:
    """Wait for what tells nobody when it comes."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextlib.contextmanager
def _log(site: Site) -> Generator[Callable[[str], str]]:
    """The log of the holder's model as it grows: calling waits for the next line with a text in it."""
    stream = subprocess.Popen(
        [BIN / 'pocket', 'juju', 'debug-log', '--model', HELD, '--replay', '--tail'],
        env=dict(site.env),
        stdout=subprocess.PIPE,
        text=True,
    )
    late = threading.Timer(_PATIENCE_S, stream.kill)
    late.start()

    def until(text: str) -> str:
        assert stream.stdout is not None
        for line in stream.stdout:
            if text in line:
                return line
        pytest.fail(f'the log ends without "{text}"')

    try:
        with stream:
            try:
                yield until
            finally:
                stream.kill()
    finally:
        late.cancel()
