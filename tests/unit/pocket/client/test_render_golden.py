"""What people and programs read, compared with golden files; UPDATE_GOLDEN=1 rewrites them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from pocket.client import output, registry
from pocket.client.commands import help as help_command
from pocket.client.render import status, status_lines, status_table

DATA = Path(__file__).parents[3] / 'data' / 'client'
STYLE = status.Style(zone=UTC)

Json = dict[str, Any]


def _full(case: str) -> Json:
    loaded: Json = json.loads((DATA / f'{case}.fullstatus.json').read_text())
    return loaded


def _tabular(full: Json) -> str:
    document = status.document(full, controller='ctl', style=STYLE)
    rows = status.relation_rows(full)
    return status_table.tables(document, rows, with_relations=True, with_storage=True)


def _json(full: Json) -> str:
    return output.as_json(status.document(full, controller='ctl', style=STYLE))


def _yaml(full: Json) -> str:
    return output.as_yaml(status.pruned(status.document(full, controller='ctl', style=STYLE)))


def _oneline(full: Json) -> str:
    return status_lines.oneline(status.document(full, controller='ctl', style=STYLE))


def _summary(full: Json) -> str:
    return status_lines.summary(status.document(full, controller='ctl', style=STYLE))


def _compare(name: str, made: str) -> None:
    golden = DATA / f'{name}.txt'
    if os.environ.get('UPDATE_GOLDEN'):
        golden.write_text(f'{made.rstrip()}\n')
    assert f'{made.rstrip()}\n' == golden.read_text()


@pytest.mark.parametrize('render', [_tabular, _json, _yaml, _oneline, _summary], ids=lambda f: f.__name__[1:])
@pytest.mark.parametrize('case', ['rich', 'caas', 'empty'])
def test_status_is_shown_as_the_golden_file_has_it(case: str, render: Callable[[Json], str]) -> None:
    _compare(f'status-{case}-{render.__name__[1:]}', render(_full(case)))


def test_help_of_every_command_is_as_the_golden_file_has_it() -> None:
    pages = [help_command.describe(registry.load(name)) for name in registry.COMMANDS]
    _compare('help', '\n\n----\n\n'.join(pages))
