"""Twenty shells and twenty runs on three controllers, for some minutes: nobody meets anybody."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from bedrock import process
from tests import isolation

pytestmark = [pytest.mark.nspawn, pytest.mark.heavy]

_MODELS = {
    'north': [f'shop-{number}' for number in range(7)],
    'south': [f'shop-{number}' for number in range(7)],
    'west': [f'shop-{number}' for number in range(6)],
}
"""Models of different controllers have the same names, as they do in production."""
_SECONDS = float(os.environ.get('ISOLATION_SECONDS', '180'))


@pytest.fixture(scope='module')
def host(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, str]]:
    folder = tmp_path_factory.mktemp('fleet')
    env = isolation.variables(folder)
    with contextlib.ExitStack() as stack:
        for controller, models in _MODELS.items():
            own = {
                **env,
                'POCKET_HOME': str(folder / controller),
                'POCKET_PORT': '0',
                'POCKET_CONTROLLER': controller,
            }
            stack.callback(_pocket, own, 'clean', '--yes')
            _pocket(own, 'up')
            for model in models:
                _pocket(own, 'juju', 'add-model', '--controller', controller, model)
        shim = folder / 'north' / 'bin' / 'juju'
        # One juju program on PATH for all controllers, as on a real host.
        path = f'{shim.parent}:{env["PATH"]}'
        isolation.inventory(Path(env['HOODOO_INVENTORY']), isolation.spec(folder / 'spec'), _MODELS)
        yield {**env, 'PATH': path, 'JUJU': str(shim)}


def _pocket(env: dict[str, str], *words: str) -> None:
    process.run([isolation.BIN / 'pocket', *words], env=env, timeout_s=300)


def test_twenty_shells_and_twenty_runs_at_once_meet_nowhere(host: dict[str, str]) -> None:
    places = isolation.places(host, _MODELS)
    seen = isolation.stormed(host, places, rounds=1, until_s=_SECONDS)
    commands, strays = isolation.strays_of_journal(host, places)
    print(f'{seen.answers} answers, {seen.runs} runs, {commands} commands in the journal')  # noqa: T201
    assert seen.locks == []
    assert seen.strays == []
    assert strays == []
    assert seen.failures == []
    assert seen.answers >= 2 * len(places)
    assert seen.runs >= len(places)


def test_a_pocket_that_is_down_is_started_for_its_session_alone(host: dict[str, str]) -> None:
    north = {**host, 'POCKET_HOME': str(Path(host['JUJU']).parents[1]), 'POCKET_CONTROLLER': 'north'}
    behind = 'readlink "$(dirname $(command -v juju))/.behind"'
    script = f'pocket down && hoodoo run && juju show-model --format json && {behind}'
    words = (
        'env',
        'exec',
        'shop/north/shop-0',
        '--write',
        '--reason',
        'it is down',
        '--',
        'sh',
        '-c',
        script,
    )
    before = Path(host['JUJU_DATA'], 'controllers.yaml').read_text()
    done = process.run([isolation.BIN / 'hoodoo', *words], env={**north, 'POCKET_PORT': '0'}, timeout_s=300)
    assert done.stdout.count('"short-name":"shop-0"') == 2
    assert done.stdout.strip().endswith(host['JUJU'])
    assert Path(host['JUJU_DATA'], 'controllers.yaml').read_text() == before


def test_a_controller_that_is_down_is_not_taken_for_another_pocket(host: dict[str, str]) -> None:
    south = {
        **host,
        'POCKET_HOME': str(Path(host['JUJU']).parents[2] / 'south'),
        'POCKET_CONTROLLER': 'south',
    }
    west = {**host, 'POCKET_HOME': str(Path(host['JUJU']).parents[2] / 'west'), 'POCKET_CONTROLLER': 'west'}
    _pocket(south, 'down')
    words = ('env', 'exec', 'shop/south/shop-0', '--', 'juju', 'status')
    done = process.run([isolation.BIN / 'hoodoo', *words], env=west, timeout_s=300, check=False)
    assert done.returncode == 3
    assert (
        'cannot use controller "south": it is not running, and the pocket of this home is "west"'
        in done.stderr
    )
