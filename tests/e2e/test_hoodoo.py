"""What a user of hoodoo meets: a first run, a repeated one, mistakes, failures, interrupts, secrets."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import BIN, TOP, Site, units

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

WORDS = 'tests/data/specs/words'
SpecCopy = Callable[[str], Path]


def _runs(site: Site) -> list[dict[str, Any]]:
    return json.loads(site.hoodoo('runs', '--format', 'json').stdout)


def _models(site: Site) -> set[str]:
    listed = json.loads(site.juju('models', '--format', 'json').stdout)
    return {model['short-name'] for model in listed['models']}


def _until(site: Site, sign: signal.Signals, at: str, *words: str) -> tuple[int, float, str]:
    """Run hoodoo, send *sign* at the first line that holds *at*; exit status, seconds after that, output."""
    child = subprocess.Popen(
        [BIN / 'hoodoo', *words],
        env=site.env,
        cwd=TOP,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    sent, lines = 0.0, list[str]()
    with child:
        assert child.stdout is not None
        for line in child.stdout:
            lines.append(line)
            if not sent and at in line:
                sent = time.monotonic()
                child.send_signal(sign)
        status = child.wait(60)
    assert sent, ''.join(lines)
    return status, time.monotonic() - sent, ''.join(lines)


def _group_lives(number: int) -> bool:
    """Whether a process of the group is there; zombies do not count, nothing may reap them here."""
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, _, group, *_ = stat.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(group) == number and state != 'Z':
            return True
    return False


def test_a_first_run_needs_nothing_but_the_spec(site: Site) -> None:
    done = site.hoodoo('run', WORDS, '--stage', 'ci')
    assert 'no Juju controller is registered: starting pocket' in done.stdout
    assert 'verify: speaker/1 hello' in done.stdout
    assert done.stdout.splitlines()[-1].endswith(': 3 changes')
    assert done.stderr == ''
    (run,) = _runs(site)
    assert (run['run'], run['outcome'], run['changes']) == (1, 'done', 3)
    assert run['model'] == 'pocket:words-ci'


def test_a_second_run_says_that_nothing_had_to_change(site: Site) -> None:
    done = site.hoodoo('run', WORDS, '--stage', 'ci')
    assert re.search(r'deploy services: done in [\d.]+ s \(no change\)', done.stdout)
    assert done.stdout.splitlines()[-1].endswith(': nothing had to change')
    assert _runs(site)[0]['changes'] == 0


def test_what_happened_can_be_read_later(site: Site) -> None:
    shown = json.loads(site.hoodoo('show', '1', '--format', 'json').stdout)
    phases = [(phase['phase'], phase['outcome'], phase['summary']) for phase in shown['phases']]
    assert phases == [
        ('collect', 'done', '2 sources: 2 new; 2 charms changed'),
        ('deploy services', 'done', '3 changes'),
        ('juju-check-wait', 'done', '3 units ready'),
        ('verify', 'done', 'exit status 0'),
    ]
    logged = site.hoodoo('show', '1', '--log').stdout
    assert 'deploy services: integrate listener:speech speaker:speech' in logged
    assert 'verify: speaker/0 hello' in logged


def test_a_failed_hook_is_shown_with_its_traceback_and_mending_the_charm_mends_the_run(
    site: Site, spec_copy: SpecCopy
) -> None:
    spec = spec_copy('failing')
    failed = site.hoodoo('run', str(spec), '--stage', 'ci', check=False)
    assert failed.returncode == 1
    assert 'stumbler/0: hook failed: "config-changed"' in failed.stderr
    assert 'RuntimeError: the flux capacitor is missing' in failed.stderr
    charm = spec / 'charms/stumbler/src/charm.py'
    charm.write_text(charm.read_text().replace("raise RuntimeError('the flux capacitor is missing')", 'pass'))
    done = site.hoodoo('run', str(spec), '--stage', 'ci')
    assert 'refresh stumbler: its charm has changed' in done.stdout
    assert [run['outcome'] for run in _runs(site)[:2]] == ['done', 'failed']
    assert 'flux capacitor' in _runs(site)[1]['error']


@pytest.mark.parametrize(
    ('manifest', 'problems'),
    [
        ('colect\ndeploy config=services\n', {'manifest:1:1': 'Did you mean "collect"?'}),
        (
            'collect\ndeploy config=servces tiemout=3\n',
            {'manifest:2:8': 'Did you mean "services"?', 'manifest:2:23': 'Did you mean "timeout"?'},
        ),
        ('collect config=${NOPE}\ndeploy config=services\n', {'manifest:1:9': 'variable NOPE is not set'}),
        ('collect\ndeploy "config=services\n', {'manifest:2:8': 'is not closed'}),
        (
            'deploy config=services\n',
            {'ci/services:4:7': 'charm "speaker"', 'ci/services:9:7': 'charm "listener"'},
        ),
    ],
)
def test_a_broken_manifest_changes_nothing_and_every_mistake_is_listed_once(
    site: Site, spec_copy: SpecCopy, manifest: str, problems: dict[str, str]
) -> None:
    spec = spec_copy('words')
    (spec / 'manifest').write_text(manifest)
    before, runs = _models(site), len(_runs(site))
    words = ('run', str(spec), '--stage', 'ci', '--model', 'broken', '--project', 'broken')
    done = site.hoodoo(*words, check=False)
    assert done.returncode == 2
    found = dict(re.findall(rf'^  {spec}/([^ ]+): (.+(?:\n      .+)?)', done.stderr, re.MULTILINE))
    assert found.keys() == problems.keys()
    for where, text in problems.items():
        assert text in found[where]
    assert done.stdout == ''
    assert (_models(site), len(_runs(site))) == (before, runs)
    assert not (Path(site.env['MOJO_ROOT']) / 'broken').exists()


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (('specs/nowhere',), 'there is no such directory'),
        ((f'{WORDS}/manifest',), 'it is a file'),
        ((WORDS, '--stage', 'cii'), 'Did you mean "ci"? Stages of the spec: ci.'),
        ((WORDS,), 'No stage is named. Stages of the spec: ci.'),
        ((WORDS, '--stage', 'ci', '-m', 'manifst'), 'Did you mean "manifest"?'),
        ((WORDS, '--stage', 'ci', '--model', 'pocke:m'), 'Did you mean "pocket"?'),
    ],
)
def test_what_is_not_there_is_named_with_what_is(site: Site, words: tuple[str, ...], text: str) -> None:
    done = site.hoodoo('run', *words, check=False)
    assert done.returncode == 2
    assert text in done.stderr


def test_a_controller_that_does_not_answer_exits_3(site: Site, tmp_path: Path) -> None:
    entry = {'uuid': 'c', 'api-endpoints': ['127.0.0.1:1'], 'ca-cert': '', 'cloud': 'lxd'}
    files = {'controllers': {'gone': entry}, 'current-controller': 'gone'}
    (tmp_path / 'controllers.yaml').write_text(json.dumps(files))
    env = {**site.env, 'JUJU_DATA': str(tmp_path), 'HOODOO_JUJU': '/bin/true'}
    done = dataclasses.replace(site, env=env).hoodoo('run', WORDS, '--stage', 'ci', check=False)
    assert done.returncode == 3
    assert 'cannot reach controller "gone" at 127.0.0.1:1' in done.stderr


def test_ctrl_c_ends_a_script_with_all_that_it_started(site: Site, spec_copy: SpecCopy) -> None:
    spec = spec_copy('words')
    (spec / 'manifest').write_text('verify\n')
    # What holds the script's pipes ends a moment after the script itself.
    late = 'trap "sleep 0.3; exit" TERM; echo ready; while :; do sleep 0.05; done'
    (spec / 'ci/verify').write_text(f"#!/bin/sh\necho group $$\nsh -c '{late}' &\nsleep 60\n")
    words = ('run', str(spec), '--stage', 'ci', '--model', 'words-ci')
    status, seconds, output = _until(site, signal.SIGINT, 'ready', *words)
    assert status == 130
    assert seconds < 5
    found = re.search(r'group (\d+)', output)
    assert found
    assert not _group_lives(int(found[1]))
    assert _runs(site)[0]['outcome'] == 'cancelled'


def test_ctrl_c_ends_a_deploy_at_once(site: Site) -> None:
    words = ('run', WORDS, '--stage', 'ci', '--model', 'cut')
    status, seconds, output = _until(site, signal.SIGINT, 'waiting: speaker', *words)
    assert (status, seconds < 5) == (130, True)
    assert 'deploy services: cancelled' in output
    run = _runs(site)[0]
    assert (run['outcome'], run['changes']) == ('cancelled', 3)


def test_a_run_that_was_killed_is_finished_by_the_next(site: Site) -> None:
    words = ('run', WORDS, '--stage', 'ci', '--model', 'killed')
    status, _, _ = _until(site, signal.SIGKILL, 'deploy listener', *words)
    assert status == -signal.SIGKILL
    assert _runs(site)[0]['outcome'] == 'interrupted'
    done = site.hoodoo(*words)
    assert 'verify: done' in done.stdout
    assert sorted(units(site.status('killed'))) == ['listener/0', 'speaker/0', 'speaker/1']


def test_the_value_of_an_option_shows_nowhere(site: Site, spec_copy: SpecCopy, tmp_path: Path) -> None:
    spec, calls = spec_copy('words'), tmp_path / 'calls'
    (spec / 'manifest').write_text('collect\ndeploy config=services wait=False\n')
    juju = tmp_path / 'juju'
    juju.write_text(f'#!/bin/sh\necho "$@" >>{calls}\nexec {BIN}/pocket juju "$@"\n')
    juju.chmod(0o755)
    secretive = dataclasses.replace(site, env={**site.env, 'HOODOO_JUJU': str(juju)})
    shown = ''
    for old, new in (('hello', 'tr0ub4dor-one'), ('tr0ub4dor-one', 'tr0ub4dor-two')):
        services = spec / 'ci/services'
        services.write_text(services.read_text().replace(old, new))
        done = secretive.hoodoo('--debug', 'run', str(spec), '--stage', 'ci', '--model', 'secretive')
        config = json.loads(site.juju('config', '--model', 'secretive', 'speaker', '--format', 'json').stdout)
        assert config['settings']['word']['value'] == new
        shown += done.stdout + done.stderr
    said = calls.read_text()
    assert 'deploy ' in said
    assert 'config ' in said
    shown += said + site.juju('debug-log', '--model', 'secretive', '--replay', '--no-tail').stdout
    assert 'tr0ub4dor' not in shown
    for file in Path(site.env['MOJO_ROOT']).glob('journal.db*'):
        assert b'tr0ub4dor' not in file.read_bytes(), file


@pytest.mark.parametrize('colour', [True, False])
def test_on_a_terminal_the_list_of_phases_stays_with_how_the_run_went(
    site: Site, tmp_path: Path, colour: bool
) -> None:
    (tmp_path / 'manifest').write_text('sleep config=0.3\nsleep config=0\n')
    ours, theirs = pty.openpty()
    env = {**site.env, 'TERM': 'xterm', **({} if colour else {'NO_COLOR': '1'})}
    child = subprocess.Popen([BIN / 'hoodoo', 'run', tmp_path], env=env, stdin=theirs, stdout=theirs)
    os.close(theirs)
    raw = b''
    try:
        while data := os.read(ours, 4096):
            raw += data
    except OSError:  # how the end of a terminal is read
        pass
    finally:
        os.close(ours)
        assert child.wait(30) == 0
    text = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', raw.decode()).replace('\r', '\n')
    lines = [line.rstrip() for line in text.split('\n') if line.strip()]
    assert [line[:10] for line in lines[-4:-2]] == ['✓ sleep 0.', '✓ sleep 0 ']
    assert lines[-2].startswith('log: hoodoo log ')
    assert lines[-1].endswith(': nothing had to change')
    assert bool(re.search(rb'\x1b\[32m', raw)) is colour
