"""A pod as ops.testing plays it, with the files that an image has and a helper whose answers are scripted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kit import VERSION_PHP, Context, MakeState, app_secrets, execs, make_context
from ops import testing


@pytest.fixture
def context() -> Context:
    return make_context()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The code of an image, and its run folder."""
    code = tmp_path / 'code'
    (code / 'wp-includes').mkdir(parents=True)
    (code / 'wp-includes/version.php').write_text(VERSION_PHP)
    (code / 'wp-content/plugins/akismet').mkdir(parents=True)
    (code / 'wp-content/themes/twentytwentyfive').mkdir(parents=True)
    (tmp_path / 'run').mkdir()
    return tmp_path


@pytest.fixture
def container(image: Path) -> testing.Container:
    return testing.Container(
        'wordpress',
        can_connect=True,
        execs=execs(),
        mounts={
            'code': testing.Mount(location='/usr/share/wordpress', source=image / 'code'),
            'run': testing.Mount(location='/run/wordpress', source=image / 'run'),
        },
    )


@pytest.fixture
def state(container: testing.Container) -> MakeState:
    """Make the state of a leader whose secrets and storage are there; options name its database."""

    def make(
        *relations: testing.RelationBase,
        config: Mapping[str, Any] | None = None,
        peer: Mapping[str, str] | None = None,
        has_database: bool = True,
        **more: Any,
    ) -> testing.State:
        given = {'db_host': 'db', 'db_password': 'planted-db-password'} if has_database else {}
        wanted: dict[str, Any] = {
            'leader': True,
            'planned_units': 1,
            'containers': [container],
            'relations': [testing.PeerRelation('replicas', local_app_data=dict(peer or {})), *relations],
            'config': {**given, **(config or {})},
            'secrets': app_secrets(),
            'storages': [testing.Storage('uploads')],
            'model': testing.Model('blog', type='kubernetes'),
        }
        return testing.State(**{**wanted, **more})

    return make
