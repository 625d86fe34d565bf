from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pocket.agents import environment
from pocket.agents.context import HookContext
from pocket.agents.local import Hook, LocalState
from pocket.agents.paths import MachinePaths
from pocket.model import PendingAction, UnitView
from pocket.model.pods import WorkloadEvent

HOOK = Hook(kind='relation-departed', endpoint='db', relation_id=1, remote_application='mysql')


class _NoReader:
    """Nothing is read for an environment."""


def _build(view: UnitView, path: str, **run: Any) -> dict[str, str]:
    reader: Any = _NoReader()
    context = HookContext(id='c', view=view, local=LocalState(), reader=reader, **run)
    return environment.build(
        context, paths=MachinePaths(), api_addresses=('10.0.0.1:17070', 'x:1'), dispatch_path=path
    )


def test_a_hook_gets_jujus_environment_and_nothing_else(view: UnitView) -> None:
    env = _build(view, 'hooks/install', hook=Hook(kind='install'))
    assert env.pop('PATH').split(':')[0] == '/var/lib/juju/tools/unit-app-0'
    assert {key: value for key, value in env.items() if value} == {
        'APT_LISTCHANGES_FRONTEND': 'none',
        'CHARM_DIR': '/var/lib/juju/agents/unit-app-0/charm',
        'DEBIAN_FRONTEND': 'noninteractive',
        'JUJU_AGENT_SOCKET_ADDRESS': '/run/pocket/unit-app-0.socket',
        'JUJU_AGENT_SOCKET_NETWORK': 'unix',
        'JUJU_API_ADDRESSES': '10.0.0.1:17070 x:1',
        'JUJU_CHARM_DIR': '/var/lib/juju/agents/unit-app-0/charm',
        'JUJU_CONTEXT_ID': 'c',
        'JUJU_DISPATCH_PATH': 'hooks/install',
        'JUJU_HOOK_NAME': 'install',
        'JUJU_MACHINE_ID': '0',
        'JUJU_MODEL_NAME': 'm',
        'JUJU_MODEL_UUID': '8a1f7c52-0000-4000-8000-000000000001',
        'JUJU_SLA': 'unsupported',
        'JUJU_UNIT_NAME': 'app/0',
        'JUJU_VERSION': '3.6.12',
        'LANG': 'C.UTF-8',
        'TERM': 'tmux-256color',
    }


@pytest.mark.parametrize(
    ('hook', 'expected'),
    [
        (replace(HOOK, kind='relation-created'), {'JUJU_REMOTE_UNIT': ''}),
        (
            replace(HOOK, remote_unit='mysql/0', departing_unit='app/0'),
            {'JUJU_REMOTE_UNIT': 'mysql/0', 'JUJU_DEPARTING_UNIT': 'app/0'},
        ),
    ],
)
def test_a_relation_hook_knows_its_relation(view: UnitView, hook: Hook, expected: dict[str, str]) -> None:
    env = _build(view, f'hooks/{hook.name}', hook=hook)
    about = ('JUJU_RELATION', 'JUJU_REMOTE', 'JUJU_DEPARTING')
    assert {key: value for key, value in env.items() if key.startswith(about)} == {
        'JUJU_RELATION': 'db',
        'JUJU_RELATION_ID': 'db:1',
        'JUJU_REMOTE_APP': 'mysql',
        **expected,
    }


def test_an_action_has_a_name_but_no_hook(view: UnitView) -> None:
    action = PendingAction(id='4', name='backup', parameters={})
    env = _build(view, 'actions/backup', action=action)
    assert (env['JUJU_HOOK_NAME'], env['JUJU_ACTION_NAME']) == ('', 'backup')
    assert (env['JUJU_ACTION_UUID'], env['JUJU_ACTION_TAG']) == ('4', 'action-4')


def test_a_command_has_no_dispatch_path(view: UnitView) -> None:
    env = _build(view, '', action=PendingAction(id='4', name='juju-exec', parameters={}))
    assert not {'JUJU_DISPATCH_PATH', 'JUJU_ACTION_NAME'} & env.keys()


def test_a_hook_in_a_pod_is_told_of_containers_and_of_no_machine(view: UnitView) -> None:
    charm = replace(view.charm, metadata={'containers': {'web': {}, 'db': {}}})
    view = replace(view, pod=True, machine='', charm=charm)
    event = WorkloadEvent(
        container='web',
        kind='pebble-custom-notice',
        notice_id='7',
        notice_type='custom',
        notice_key='example.com/x',
    )
    env = _build(view, 'hooks/x', hook=Hook(kind=event.kind, endpoint='web', workload=event))
    assert env['JUJU_MACHINE_ID'] == ''
    assert env['JUJU_CONTAINER_NAMES'] == 'db,web'
    assert env['JUJU_HOOK_NAME'] == 'web-pebble-custom-notice'
    told = {key: value for key, value in env.items() if key.startswith(('JUJU_WORKLOAD', 'JUJU_NOTICE'))}
    assert told == {
        'JUJU_WORKLOAD_NAME': 'web',
        'JUJU_NOTICE_ID': '7',
        'JUJU_NOTICE_TYPE': 'custom',
        'JUJU_NOTICE_KEY': 'example.com/x',
    }


def test_a_hook_about_a_check_is_told_its_name_and_no_notice(view: UnitView) -> None:
    event = WorkloadEvent(container='web', kind='pebble-check-failed', notice_id='7', check_name='up')
    env = _build(
        replace(view, pod=True), 'hooks/x', hook=Hook(kind=event.kind, endpoint='web', workload=event)
    )
    assert env['JUJU_PEBBLE_CHECK_NAME'] == 'up'
    assert 'JUJU_NOTICE_ID' not in env
