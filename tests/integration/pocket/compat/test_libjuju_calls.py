"""Every method that python-libjuju can ask for is served, or left out for a reason that is written here."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pocket.api import facades

LIBRARIES = Path(__file__).parents[4] / '.venv' / 'third-party' / 'lib'
pytestmark = pytest.mark.skipif(
    not LIBRARIES.is_dir(), reason='tools/prepare test has not made .venv/third-party'
)

REFUSED: Mapping[str, str] = {
    'Action.FindActionTagsByPrefix': 'removed from version 7 of the facade, and so from Juju 3.6',
    'Action.FindActionsByNames': 'removed from version 7 of the facade, and so from Juju 3.6',
    'Backups.Create': 'the controller is a folder that can be copied',
    'Backups.List': 'the controller is a folder that can be copied',
    'Backups.Remove': 'the controller is a folder that can be copied',
    'Client.AddCharm': 'for controllers whose facade Charms is of version 2 or less',
    'Cloud.UpdateCredentials': 'for controllers whose facade Cloud is of version 2 or less',
    'MachineManager.DestroyMachines': 'for controllers of Juju 2',
    'CharmHub.Find': 'no facade of Juju 3.6: clients ask the store themselves',
    'CharmHub.Info': 'no facade of Juju 3.6: clients ask the store themselves',
    'Controller.DestroyController': 'the controller is removed by "pocket clean"',
    'MetricsDebug.GetMetrics': 'no facade of Juju 3.6',
    'SecretBackends.AddSecretBackends': 'secrets are kept by the controller alone',
    'SecretBackends.ListSecretBackends': 'secrets are kept by the controller alone',
    'SecretBackends.RemoveSecretBackends': 'secrets are kept by the controller alone',
    'SecretBackends.UpdateSecretBackends': 'secrets are kept by the controller alone',
}


def _facade(node: ast.AST | None) -> str:
    """``X`` of ``client.XFacade.from_connection(...)``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return ''
    made, name = node.func.attr == 'from_connection', node.func.value
    word = name.attr if isinstance(name, ast.Attribute) else ''
    return word.removesuffix('Facade') if made and word.endswith('Facade') else ''


def _calls(tree: ast.AST) -> Iterator[str]:
    """``Facade.Method`` of each call in a module."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    helpers = {
        function.name: facade
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and (facade := _facade(node.value))
    }
    for function in functions:
        known: dict[str, str] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                facade = _facade(node.value)
                if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
                    facade = facade or helpers.get(node.value.func.attr, '')
                known |= {ast.unparse(target): facade for target in node.targets if facade}
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                facade = known.get(ast.unparse(node.func.value), '') or _facade(node.func.value)
                if facade and node.func.attr[:1].isupper():
                    yield f'{facade}.{node.func.attr}'


def test_what_the_library_can_ask_for_is_served_or_refused_for_a_reason() -> None:
    folders = list(LIBRARIES.glob('python3*/site-packages/juju'))
    asked = {
        call
        for folder in folders
        for path in folder.rglob('*.py')
        if 'client' not in path.relative_to(folder).parts or not path.name.startswith('_')
        for call in _calls(ast.parse(path.read_text()))
    }
    assert 'Application.Deploy' in asked
    served = {f'{name}.{method}' for name, facade in facades.ALL.items() for method in facade.methods}
    assert {call: REFUSED.get(call, 'no reason') for call in asked - served} == {
        call: reason for call, reason in REFUSED.items() if call in asked
    }
    assert not served & set(REFUSED)
