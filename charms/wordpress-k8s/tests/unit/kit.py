"""Parts of a state, and looks at what a hook did."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import charm
import keys
import yaml
from ops import testing

CHARM = Path(__file__).parents[2]
KEYS = {name.lower().replace('_', '-'): f'{name}-'.ljust(64, 'x') for name in keys.NAMES}
PASSWORD = 'planted-admin-password'
VERSION_PHP = "<?php\n$wp_version = '6.8.12';\n$wp_db_version = 60421;\n"
ANSWERS: Mapping[str, Mapping[str, object]] = {
    'ping': {'ok': True, 'server': '11.8'},
    'install': {'ok': True, 'result': 'installed'},
    'apply': {'ok': True, 'changed': []},
    'status': {
        'ok': True,
        'installed': True,
        'version': '6.8.12',
        'db_version': 60421,
        'code_db_version': 60421,
        'upgrade_needed': False,
        'plugins': [],
        'themes': [],
    },
    'upgrade': {'ok': True, 'from': 53496, 'to': 60421, 'upgraded': True, 'upgrade_needed': False},
    'rehearse': {
        'ok': True,
        'good': True,
        'where': 'prefix',
        'tables': 12,
        'rows': 30,
        'copy_s': 0.5,
        'upgrade_s': 0.7,
        'from': 53496,
        'to': 60421,
        'reached': 60421,
        'upgrade_needed': True,
        'changed_tables': ['wp_posts'],
        'lost_tables': [],
        'lost_posts': 0,
        'errors': [],
    },
    'check-password': {'ok': True, 'valid': True},
    'set-password': {'ok': True, 'changed': True},
    'export': {'ok': True, 'tables': 12, 'rows': 30, 'bytes': 14000},
    'import': {'ok': True, 'tables': 12, 'rows': 30},
    'media-sync': {'ok': True, 'uploaded': 3, 'present': 4, 'failed': [], 'failed_count': 0},
}

Context = testing.Context[charm.WordpressCharm]
MakeState = Callable[..., testing.State]


def craft() -> dict[str, Any]:
    """What charmcraft.yaml says."""
    return cast('dict[str, Any]', yaml.safe_load((CHARM / 'charmcraft.yaml').read_text()))


def make_context(unit: int = 0) -> Context:
    """The charm as unit number *unit*."""
    found = craft()
    parts = ('name', 'requires', 'provides', 'peers', 'containers', 'resources', 'storage')
    return testing.Context(
        charm.WordpressCharm,
        meta={key: found[key] for key in parts},
        config=found['config'],
        actions=found['actions'],
        charm_root=CHARM,
        unit_id=unit,
    )


def execs(**answers: Mapping[str, object]) -> set[testing.Exec]:
    """The helper, whose answers to some verbs may differ from those of a sound site."""
    given = {verb.replace('_', '-'): answer for verb, answer in answers.items()}
    return {
        testing.Exec(
            ['/usr/bin/wpctl', verb],
            return_code=0 if answer['ok'] else 1,
            stdout=f'{json.dumps(answer)}\n',
        )
        for verb, answer in {**ANSWERS, **given}.items()
    }


def refusal(code: str, message: str) -> dict[str, object]:
    """What the helper says when it cannot."""
    return {'ok': False, 'error': code, 'message': message}


def app_secrets() -> list[testing.Secret]:
    """The secrets that the leader has made in an earlier hook."""
    return [
        testing.Secret(KEYS, label='keys', owner='app'),
        testing.Secret({'username': 'admin', 'password': PASSWORD}, label='admin', owner='app'),
    ]


def service_and_pod(endpoint: str) -> testing.Network:
    """A pod, 10.1.0.5, behind the service of its application, 10.152.0.1."""
    own = testing.BindAddress([testing.Address('10.1.0.5')])
    return testing.Network(endpoint, [own], ingress_addresses=['10.152.0.1'])


def site(image: Path) -> dict[str, Any]:
    """What the workload would read."""
    return cast('dict[str, Any]', json.loads((image / 'run/site.json').read_text()))


def peer_data(state: testing.State) -> dict[str, str]:
    """The flags that the leader wrote."""
    return dict(next(iter(state.get_relations('replicas'))).local_app_data)


def asked(context: Context, verb: str) -> list[dict[str, Any]]:
    """What the helper was given for *verb*, call by call."""
    return [
        json.loads(str(call.stdin))
        for call in context.exec_history.get('wordpress', [])
        if call.command == ['/usr/bin/wpctl', verb]
    ]


def with_answers(state: testing.State, **answers: Mapping[str, object]) -> testing.State:
    """Return *state* with a helper that answers differently."""
    there = state.get_container('wordpress')
    return dataclasses.replace(state, containers=[dataclasses.replace(there, execs=execs(**answers))])
