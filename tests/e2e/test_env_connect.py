"""Connected shells: side by side, each in its own environment, read-only until raised, written down."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from bedrock import process
from tests import isolation
from tests.e2e.conftest import Site
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.nspawn, pytest.mark.e2e]

_MODELS = {'pocket': ['one', 'two', 'three', 'production']}
_ONE = 'shop/pocket/one'
_NAME = 'shop/pocket/production'


@pytest.fixture(scope='module')
def host(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    folder = tmp_path_factory.mktemp('connected')
    own = {'POCKET_HOME': str(folder / 'pocket'), 'POCKET_PORT': '0', 'NO_COLOR': ''}
    site = Site(env={**isolation.variables(folder), **own, 'HOME': str(folder)}, folder=folder)
    try:
        site.pocket('up')
        for model in _MODELS['pocket']:
            site.juju('add-model', model)
        isolation.inventory(folder / 'inventory', isolation.spec(folder / 'spec'), _MODELS)
        shop = folder / 'inventory' / 'shop.yaml'
        document = json.loads(shop.read_text())
        document['environments'][-1]['production'] = True
        shop.write_text(json.dumps(document))
        yield site
    finally:
        site.pocket('clean', '--yes')


def _audit(host: Site, *words: str) -> list[dict[str, Any]]:
    return json.loads(host.hoodoo('audit', *words, '--format', 'json').stdout)


def _left(host: Site) -> list[Path]:
    return list((host.folder / 'state' / 'hoodoo' / 'clients').glob('*/*'))


def test_four_shells_and_four_runs_at_once_meet_nowhere(host: Site) -> None:
    env = {**host.env, 'JUJU': str(host.folder / 'pocket' / 'bin' / 'juju')}
    places = isolation.places(env, _MODELS)
    seen = isolation.stormed(env, places, rounds=1)
    _, strays = isolation.strays_of_journal(env, places)
    assert seen.locks == []
    assert seen.strays == strays == []
    assert seen.failures == []
    assert (seen.answers, seen.runs) == (12, 4)
    assert _left(host) == []


def test_a_shell_says_where_it_is_and_changes_nothing_until_it_is_raised(host: Site) -> None:
    (host.folder / '.bashrc').write_text("PS1='mine$ '\nalias juju=false\nexport JUJU_MODEL=elsewhere\n")
    terminal = Terminal({**host.env, 'SHELL': '/bin/bash', 'PS1': '$ '})
    try:
        terminal.type(f'hoodoo env connect {_NAME}')
        where = f'[PRODUCTION {_NAME} read-only]'
        shown = terminal.wait_for(lambda text: f'{where} mine$' in text)
        assert 'pocket:production, as admin' in shown
        assert 'last run' in shown
        assert 'Read-only.' in shown
        terminal.type('juju add-machine; echo "status $?"')
        shown = terminal.wait_for(lambda text: 'status 2' in text)
        assert f'cannot run "juju add-machine" in {_NAME}: this shell is read-only' in shown
        terminal.type('juju status')
        assert 'production' in terminal.wait_for(lambda text: 'Model "production" is empty' in text)
        # Ctrl-C is for the command.
        terminal.type('juju status --watch 1h; echo "watched $?"')
        terminal.wait_for(lambda text: 'is empty' in text)
        terminal.type('\x03')
        terminal.type('echo still $HOODOO_ENVIRONMENT')
        terminal.wait_for(lambda text: f'still {_NAME}' in text)
        terminal.type(f'hoodoo env connect {_NAME} --write --reason "ticket 4711"')
        shown = terminal.wait_for(lambda text: f'[PRODUCTION {_NAME} WRITE] mine$' in text)
        assert f'You are in {_NAME}, read-only already' in shown
        terminal.type('juju model-config update-status-hook-interval=7m; echo "status $?"')
        terminal.wait_for(lambda text: 'status 0' in text)
        terminal.type('exit 7')
        terminal.wait_for(lambda text: f'{where} mine$' in text)
        terminal.type('echo "status $?"; exit 5')
        terminal.wait_for(lambda text: 'status 7' in text and f'left {_NAME}' in text)
        terminal.type('echo "status $?"')
        terminal.wait_for(lambda text: 'status 5' in text)
    finally:
        terminal.close()
    (raised,) = _audit(host, _NAME, '--writes', '--since', '60s')[-2:][:1]
    changed = _audit(host, _NAME, '--writes')[-1]
    assert (raised['reason'], raised['mode'], raised['event']) == ('ticket 4711', 'write', 'session')
    assert changed['argv'] == ['model-config', 'update-status-hook-interval=***']
    assert (changed['outcome'], changed['exit']) == ('done', 0)
    assert _left(host) == []


def test_a_command_has_its_exit_code_its_signal_and_no_more_than_it_may(host: Site) -> None:
    script = 'hoodoo run || hoodoo env exec nowhere -- true; echo "left $?"; kill -TERM $$'
    done = host.hoodoo('env', 'exec', _ONE, '--', 'sh', '-c', script, check=False)
    assert done.returncode == 128 + signal.SIGTERM
    assert f'cannot run in {_ONE}: this shell is read-only' in done.stderr
    assert 'left 2' in done.stdout
    missing = host.hoodoo('env', 'exec', _ONE, '--', 'nonesuch', check=False)
    assert missing.returncode == 127
    assert 'there is no such program' in missing.stderr


def test_a_killed_session_is_swept_by_the_next_and_shown_as_unfinished(host: Site) -> None:
    words = ['env', 'exec', _ONE, '--', 'juju', 'status', '--watch', '1h']
    reading, writing = os.pipe()
    pid = process.spawn([isolation.BIN / 'hoodoo', *words], env=host.env, output=writing)
    os.close(writing)
    with os.fdopen(reading) as printed:
        while 'is empty' not in printed.readline():
            pass
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert len(_left(host)) == 1
    host.hoodoo('env', 'exec', _ONE, '--', 'true')
    assert _left(host) == []
    unfinished = [entry['what'] for entry in _audit(host, _ONE) if entry['outcome'] == 'unfinished']
    assert unfinished[-1] == 'juju status --watch 1h'
