"""A host with a registered controller, and an environment on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hoodoo import settings as settings_module
from hoodoo.inventory.environment import Environment, Place

Make = Callable[..., Environment]


@pytest.fixture
def settings(tmp_path: Path) -> settings_module.Settings:
    """Of a host whose juju program is a file, with two controllers."""
    data, programs = tmp_path / 'juju', tmp_path / 'bin'
    programs.mkdir()
    (programs / 'juju').write_text('#!/bin/sh\n')
    (programs / 'juju').chmod(0o755)
    _client(data)
    return settings_module.load(
        {
            'HOME': str(tmp_path),
            'JUJU_DATA': str(data),
            'MOJO_ROOT': str(tmp_path / 'mojo'),
            'XDG_STATE_HOME': str(tmp_path / 'state'),
            'HOODOO_INVENTORY': str(tmp_path / 'inventory'),
            'PATH': f'{programs}:/usr/bin:/bin',
        }
    )


@pytest.fixture
def environment() -> Make:
    """Makes an environment; other fields by name."""

    def made(**fields: Any) -> Environment:
        usual: dict[str, Any] = {
            'name': 'mirror/aws/tokyo/production',
            'service': 'mirror',
            'cloud': 'aws',
            'region': 'tokyo',
            'stage': 'production',
            'controller': 'aws-tokyo',
            'model': 'mirror',
            'spec': '',
            'place': Place(file=Path('mirror.yaml'), line=7),
        }
        return Environment(**{**usual, **fields})

    return made


def _client(data: Path) -> None:
    controller = {'uuid': 'c', 'api-endpoints': ['127.0.0.1:1'], 'ca-cert': 'x', 'cloud': 'aws'}
    model = {'uuid': 'c0ffee00-0000-4000-8000-000000000000', 'type': 'iaas'}
    documents: dict[str, dict[str, Any]] = {
        'controllers.yaml': {
            'controllers': {'aws-tokyo': controller, 'gce': {**controller, 'uuid': 'd'}},
            'current-controller': 'gce',
        },
        'accounts.yaml': {
            'controllers': {
                'aws-tokyo': {'user': 'ada', 'password': 'usual-password'},
                'gce': {'user': 'admin', 'password': 'other-password'},
            }
        },
        'models.yaml': {
            'controllers': {'aws-tokyo': {'models': {'ada/mirror': model}, 'current-model': 'ada/other'}}
        },
    }
    data.mkdir()
    for name, document in documents.items():
        (data / name).write_text(yaml.safe_dump(document))
