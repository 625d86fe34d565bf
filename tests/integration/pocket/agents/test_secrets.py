"""Secrets between charms that are written with ops, and of the operator."""

from __future__ import annotations

import base64
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pocket import settings
from pocket.agents.paths import MachinePaths
from pocket.agents.site import Site
from pocket.model import Base
from pocket.model.secrets import SecretDraft, new_id
from pocket.services import actions, applications, relations
from pocket.services.secrets import operator, records
from pocket.state import Tx
from pocket.substrate.nspawn import Nspawn

if TYPE_CHECKING:
    from .conftest import Town

DATA = Path(__file__).parents[3] / 'data' / 'secrets'


def _charm(name: str, metadata: str) -> dict[str, str]:
    return {
        'metadata.yaml': f'name: {name}\n{metadata}\n',
        'config.yaml': 'options: {token: {type: secret, description: a word}}\n',
        'actions.yaml': 'change: {params: {password: {type: string}}}\n',
        '+dispatch': f'#!/bin/sh\nexec {sys.executable} src/charm.py\n',
        'src/charm.py': (DATA / f'{name}.py').read_text(),
    }


def _content(word: str) -> SecretDraft:
    return SecretDraft(label='token', content={'word': base64.b64encode(word.encode()).decode()})


def _hooks(town: Town, unit: str) -> list[str]:
    """The hooks about secrets that *unit* ran, with label and revision."""
    lines = (town.charm_dir(unit) / 'hooks.log').read_text().splitlines()
    return [line.removeprefix('hooks/secret-') for line in lines if line.startswith('hooks/secret-')]


def _revisions(town: Town) -> list[int]:
    """The revisions of the one secret."""
    (record,) = town.state.read(records.list_, town.model)
    return [revision.number for revision in record.revisions]


async def _change(town: Town, password: str) -> actions.ActionRecord:
    request = actions.ActionRequest(receiver='keeper/0', name='change', parameters={'password': password})
    enqueued = await town.state.write(actions.enqueue, town.model, [request])
    action = enqueued.actions[0].action
    assert action is not None

    def get() -> actions.ActionRecord:
        return town.state.read(actions.get, town.model, action.id)

    await town.until(lambda: get().completed_ms, 'the action ends')
    return get()


async def _bring_near(town: Town, sql: str, delay_ms: int) -> None:
    """Set a time of the charm's secret to *delay_ms* from now."""

    def work(tx: Tx) -> None:
        tx.db.execute(sql, (tx.now_ms + delay_ms,))
        tx.touch(town.model)

    await town.state.write(work)


async def test_charms_share_follow_rotate_and_remove_secrets(town: Town) -> None:
    await town.deploy('keeper', _charm('keeper', 'provides: {db: {interface: door}}'))
    await town.deploy('reader', _charm('reader', 'requires: {db: {interface: door}}'))
    await town.state.write(relations.add, town.model, ['reader', 'keeper'])
    await town.until(lambda: town.shows('reader/0', 'active', 'first'), 'the reader reads')
    await town.until(lambda: town.shows('keeper/0', 'active', 'no token'), 'the keeper is started')

    changed = await _change(town, 'second')
    assert changed.results['label'] == 'door', changed
    await town.until(lambda: town.shows('reader/0', 'active', 'first second second'), 'the reader follows')
    await town.until(lambda: _revisions(town) == [2], 'the keeper removes what nobody reads')
    assert _hooks(town, 'reader/0') == ['changed key']
    assert _hooks(town, 'keeper/0') == ['remove door 1']

    # The agent sleeps until the time comes, through the death of a daemon too.
    await town.stop()
    await _bring_near(town, "UPDATE secret SET rotate_policy = 'daily', next_rotate_ms = ?", 1500)
    town.start()
    await town.until(lambda: town.shows('reader/0', 'active', 'second rotated rotated'), 'it is rotated')
    assert _hooks(town, 'keeper/0').count('rotate door') == 1
    await _bring_near(town, 'UPDATE secret_revision SET expire_due_ms = ?', 500)
    await town.until(lambda: 'expired door 3' in _hooks(town, 'keeper/0'), 'the newest revision expires')
    assert not [line for line in town.log() if 'second' in line or 'rotated' in line]


async def test_a_charm_reads_the_operators_secret_that_its_option_names(town: Town) -> None:
    secret = new_id()
    uri = await town.state.write(operator.add, town.model, secret_id=secret, draft=_content('one'))
    await town.deploy('keeper', _charm('keeper', 'provides: {db: {interface: door}}'))
    await town.state.write(applications.set_config, town.model, 'keeper', {'token': uri})
    await town.until(lambda: town.shows('keeper/0', 'blocked', 'ERROR permission denied'), 'it is refused')
    await town.state.write(operator.grant, town.model, 'token', 'keeper')
    await town.state.write(applications.set_config, town.model, 'keeper', {'token': ''})
    await town.until(lambda: town.shows('keeper/0', 'active', 'no token'), 'it is told of the option')
    await town.state.write(applications.set_config, town.model, 'keeper', {'token': uri})
    await town.until(lambda: town.shows('keeper/0', 'active', 'token one'), 'it reads')
    await town.state.write(operator.update, town.model, secret, _content('two'), auto_prune=True)
    await town.until(lambda: town.shows('keeper/0', 'active', 'token two'), 'it follows')
    await town.until(lambda: _revisions(town) == [2], 'what nobody reads goes by itself')


SHELL_KEEPER = {
    'metadata.yaml': 'name: keeper\nprovides: {db: {interface: door}}\n',
    '+hooks/db-relation-created': """\
        #!/bin/sh
        set -e
        printf 'from a file' > word.txt
        id=$(secret-add --label door word#file=word.txt)
        secret-grant "$id"
        relation-set --app "secret=$id"
        """,
}
SHELL_READER = {
    'metadata.yaml': 'name: reader\nrequires: {db: {interface: door}}\n',
    '+hooks/db-relation-changed': """\
        #!/bin/sh
        id=$(relation-get --app secret keeper)
        [ -z "$id" ] || status-set active "$(secret-get "$id" word)"
        """,
}


@pytest.fixture
async def real_town(town: Town, short_dir: Path) -> AsyncIterator[Town]:
    """The model of ``town`` with machines of its own."""
    await town.stop()
    substrate = Nspawn(replace(settings.load(), home=short_dir / 'home'))
    town.site = Site(state=town.state, substrate=substrate, paths=MachinePaths())
    town.start()
    try:
        yield town
    finally:
        await town.stop()
        await substrate.destroy()


@pytest.mark.nspawn
async def test_a_secret_goes_from_machine_to_machine(real_town: Town) -> None:
    base = Base(name='debian', channel='12')
    await real_town.deploy('keeper', SHELL_KEEPER, base=base)
    await real_town.deploy('reader', SHELL_READER, base=base)
    await real_town.state.write(relations.add, real_town.model, ['reader', 'keeper'])
    await real_town.until(lambda: real_town.shows('reader/0', 'active', 'from a file'), 'the reader reads')
