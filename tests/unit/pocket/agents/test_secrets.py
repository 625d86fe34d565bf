from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pocket.agents import environment, local, operations, resolver, secrets
from pocket.agents.context import HookContext
from pocket.agents.local import Hook, LocalState
from pocket.agents.paths import MachinePaths
from pocket.model import Life, PendingAction, RelationView, UnitView
from pocket.model.secrets import SecretEvent, SecretsView

from .test_tools import FakeReader

ID = '9m4e2mr0ui3e8a215n4g'
KINDS = ('secret-expired', 'secret-rotate', 'secret-changed', 'secret-remove')
STARTED = LocalState(installed=True, started=True, leader=True, charm_url='local:app-0', settings_hash='h1')
ACTION = PendingAction(id='4', name='backup', parameters={})


def told(kind: str) -> SecretEvent:
    return SecretEvent(kind=kind, id=ID, label='door', revision=2)


@pytest.fixture
def due(view: UnitView) -> UnitView:
    """A unit that is to be told of two things."""
    return replace(view, secrets=SecretsView(due=(told('secret-rotate'), told('secret-changed'))))


def test_what_is_due_first_runs_first(due: UnitView) -> None:
    hook = Hook(kind='secret-rotate', secret=told('secret-rotate'))
    assert resolver.next_operation(STARTED, due) == operations.RunHook(hook=hook)


@pytest.mark.parametrize(
    ('changes', 'hook'),
    [
        ({'actions': (ACTION,)}, 'secret-rotate'),
        ({'settings_hash': 'h2'}, 'secret-rotate'),
        ({'charm_url': 'local:app-1'}, 'secret-rotate'),
    ],
    ids=['action', 'config', 'upgrade'],
)
def test_secrets_come_before(due: UnitView, changes: dict[str, Any], hook: str) -> None:
    operation = resolver.next_operation(STARTED, replace(due, **changes))
    assert isinstance(operation, operations.RunHook)
    assert operation.hook.name == hook


def test_secrets_come_after_new_relations_and_leadership(due: UnitView, db: RelationView) -> None:
    related = replace(due, relations=(replace(db, in_scope=True),))
    operation = resolver.next_operation(STARTED, related)
    assert isinstance(operation, operations.RunHook)
    assert operation.hook.name == 'db-relation-created'
    operation = resolver.next_operation(replace(STARTED, leader=False), due)
    assert isinstance(operation, operations.RunHook)
    assert operation.hook.name == 'leader-elected'


@pytest.mark.parametrize(
    ('state', 'life'),
    [
        (LocalState(), Life.ALIVE),
        (local.queued(STARTED, Hook(kind='start')), Life.ALIVE),
        (local.begun(STARTED, Hook(kind='update-status')), Life.ALIVE),
        (STARTED, Life.DYING),
    ],
    ids=['new', 'queued', 'failed', 'dying'],
)
def test_secrets_wait_until_nothing_else_is_under_way(due: UnitView, state: LocalState, life: Life) -> None:
    operation = resolver.next_operation(state, replace(due, life=life))
    assert not (isinstance(operation, operations.RunHook) and operation.hook.secret)


def test_a_hook_that_failed_tells_the_same_again(due: UnitView) -> None:
    failed = local.begun(STARTED, Hook(kind='secret-remove', secret=told('secret-remove')))
    operation = resolver.next_operation(failed, due, retry_due=True)
    assert isinstance(operation, operations.RunHook)
    assert operation.hook.secret == told('secret-remove')
    assert local.committed(failed, operation.hook) == STARTED


@pytest.mark.parametrize(
    ('kind', 'revision', 'shown'),
    [
        ('secret-expired', {'JUJU_SECRET_REVISION': '2'}, f'secret:{ID}/2'),
        ('secret-rotate', {}, f'secret:{ID}'),
        ('secret-changed', {}, f'secret:{ID}'),
        ('secret-remove', {'JUJU_SECRET_REVISION': '2'}, f'secret:{ID}/2'),
    ],
)
def test_what_a_hook_is_told(view: UnitView, kind: str, revision: dict[str, str], shown: str) -> None:
    hook = Hook(kind=kind, secret=told(kind))
    context = HookContext(id='c', view=view, local=STARTED, reader=FakeReader(), hook=hook)
    env = environment.build(context, paths=MachinePaths(), api_addresses=(), dispatch_path=f'hooks/{kind}')
    assert {name: value for name, value in env.items() if name.startswith('JUJU_SECRET')} == {
        'JUJU_SECRET_ID': f'secret:{ID}',
        'JUJU_SECRET_LABEL': 'door',
        **revision,
    }
    assert secrets.shown(told(kind)) == shown
