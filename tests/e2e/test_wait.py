"""``hoodoo wait`` in a model that it did not deploy: a long hook, a controller that dies, no time left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from bedrock import charm
from tests.e2e.conftest import BIN, TOP, Site

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

HOLDER = TOP / 'tests' / 'data' / 'charms' / 'holder'


@pytest.fixture(scope='module')
def held(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A model with a unit that stays in its start hook until it is let go."""
    folder = tmp_path_factory.mktemp('held')
    archive = charm.pack(HOLDER, folder / 'holder.charm', cache=folder)
    site.pocket('up')
    site.juju('add-model', 'm')
    site.juju('deploy', '--model', 'm', str(archive), 'holder')
    _until(lambda: 'holding start' in site.juju('debug-log', '--model', 'm', '--replay', '--no-tail').stdout)
    return site


def _until(holds: object) -> None:
    assert callable(holds)
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_when_time_is_over_it_says_what_is_unready_and_what_the_unit_said_last(held: Site) -> None:
    done = held.hoodoo('wait', '--model', 'm', '--timeout', '1', check=False)
    assert done.returncode == 44
    assert 'holder/0: workload' in done.stdout
    assert 'agent executing start, since ' in done.stdout
    assert 'agent executing start, for ' in done.stderr
    assert 'last of the log of holder/0:' in done.stderr
    assert 'holding start' in done.stderr


def test_what_is_unready_can_be_read_by_programs(held: Site) -> None:
    words = (
        'wait',
        '--model',
        'm',
        '--timeout',
        '0',
        '--for',
        'holder',
        '--for',
        'nobody',
        '--format',
        'json',
    )
    done = held.hoodoo(*words, check=False)
    assert done.returncode == 44
    said = json.loads(done.stdout)
    assert said['outcome'] == 'timeout'
    assert [(one['subject'], one['text'].rpartition(', ')[2]) for one in said['waiting']] == [
        ('holder/0', 'agent executing start'),
        ('nobody', 'is not in the model'),
    ]


def test_without_a_controller_none_is_started(site: Site, tmp_path: Path) -> None:
    elsewhere = Site(env={**site.env, 'JUJU_DATA': str(tmp_path)}, folder=tmp_path)
    done = elsewhere.hoodoo('wait', check=False)
    assert done.returncode == 2
    assert 'no Juju controller is registered' in done.stderr


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (('--model', 'mm'), 'Did you mean "m"?'),
        (('--model', 'm', '--additional-ready-states', 'blokced'), 'Did you mean "blocked"?'),
        (('--model', 'm', '--additional-ready-states', 'error'), 'A unit in error is never ready'),
    ],
)
def test_a_mistake_is_told_at_once(held: Site, words: tuple[str, ...], text: str) -> None:
    done = held.hoodoo('wait', *words, check=False)
    assert done.returncode == 2
    assert text in done.stderr


def test_the_controllers_sudden_death_does_not_end_the_wait(held: Site, tmp_path: Path) -> None:
    shown = tmp_path / 'shown'
    # The hook that ran when the daemon died counts as failed, and Juju runs it again.
    words = ['wait', '--model', 'm', '--retry-errors', '5', '--timeout', '120']
    with (
        shown.open('w') as out,
        subprocess.Popen([BIN / 'hoodoo', *words], env=held.env, stdout=out) as waiting,
    ):
        _until(lambda: 'agent executing start' in shown.read_text())
        os.kill(held.daemon_pid(), signal.SIGKILL)
        _until(lambda: 'the controller does not answer' in shown.read_text())
        held.pocket('up')
        held.juju('exec', '--model', 'm', '--machine', '0', '--', 'sudo rm /var/lib/hold-start')
        assert waiting.wait(120) == 0
    assert ':m is ready: 1 unit' in shown.read_text()
