from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bedrock.charm import Charm, Option
from pocket.model import Life, RelationView, UnitView

CHARM = Charm(
    name='app',
    options={'port': Option(type='int', default=80), 'title': Option(type='string')},
    endpoints={},
    actions={'backup': {}, 'probe': {'parallel': True}},
    resources={},
    storage={},
    metadata={'name': 'app'},
)

VIEW = UnitView(
    model_uuid='8a1f7c52-0000-4000-8000-000000000001',
    model_name='m',
    unit='app/0',
    application='app',
    machine='0',
    principal='',
    life=Life.ALIVE,
    charm=CHARM,
    charm_url='local:app-0',
    charm_modified=0,
    charm_archive=Path('/nowhere/app.charm'),
    config={'port': 80},
    settings_hash='h1',
    leader=True,
    leader_settings_version=0,
    relations=(),
    actions=(),
    resolved='',
    has_subordinates=False,
    retry_hooks=True,
    update_status_interval_s=300.0,
    private_address='10.0.0.1',
    public_address='10.0.0.1',
    agent_state='',
)

DB = RelationView(
    id=1,
    endpoint='db',
    interface='mysql',
    role='requirer',
    scope='global',
    life=Life.ALIVE,
    remote_application='mysql',
    remote_endpoint='db',
    members={},
    application_versions={'mysql': 0},
    in_scope=False,
    implicit=False,
)

PEER = replace(
    DB,
    id=0,
    endpoint='cluster',
    interface='cluster',
    role='peer',
    remote_application='app',
    remote_endpoint='cluster',
    application_versions={'app': 0},
)


@pytest.fixture
def view() -> UnitView:
    """A unit that leads, without relations."""
    return VIEW


@pytest.fixture
def db() -> RelationView:
    """A relation with another application, whose scope the unit has not entered."""
    return DB


@pytest.fixture
def peer() -> RelationView:
    """A peer relation whose scope the unit has not entered."""
    return PEER
