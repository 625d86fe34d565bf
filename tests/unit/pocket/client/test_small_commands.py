"""Commands that ask for one thing: blocks, subnets and spaces, bases, defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Client, FakeController

Json = dict[str, Any]


def test_commands_are_disabled_by_set_and_listed(client: Client, controller: FakeController) -> None:
    controller.answers['Block.SwitchBlockOn'] = lambda params: {}
    controller.answers['Block.SwitchBlockOff'] = lambda params: {
        'error': {'message': 'block BlockChange is already OFF'}
    }
    controller.answers['Block.List'] = lambda params: {'results': []}
    assert client.run('disable-command', 'remove-object', 'ask', 'Ann').code == 0
    assert controller.asked('Block.SwitchBlockOn') == [{'type': 'BlockRemove', 'message': 'ask Ann'}]
    assert client.run('enable-command', 'all').err == 'ERROR block BlockChange is already OFF\n'
    bad = client.run('disable-command', 'most')
    assert (bad.code, bad.err) == (
        2,
        'ERROR bad command set, valid options: all, destroy-model, remove-object\n',
    )
    assert client.run('disabled-commands').out == 'No commands are currently disabled.\n'
    blocks = [{'type': 'BlockDestroy', 'message': 'why'}, {'type': 'BlockChange', 'message': ''}]
    controller.answers['Block.List'] = lambda params: {'results': [{'result': block} for block in blocks]}
    assert client.run('disabled-commands').out.splitlines() == [
        'Disabled commands  Message',
        'destroy-model      why',
        'all',
    ]
    assert client.run('disabled-commands', '--format', 'json').out == (
        '[{"command-set":"destroy-model","message":"why"},{"command-set":"all"}]\n'
    )


def test_subnets_and_the_space_that_they_are_in(client: Client, controller: FakeController) -> None:
    subnet: Json = {
        'cidr': '10.1.0.0/24',
        'provider-id': '',
        'vlan-tag': 0,
        'life': 'alive',
        'space-tag': 'space-alpha',
        'zones': [],
    }
    controller.answers['Subnets.ListSubnets'] = lambda params: {'results': [] if params else [subnet]}
    assert client.run('subnets').out == (
        'subnets:\n  10.1.0.0/24:\n    type: ipv4\n    status: in-use\n    space: alpha\n    zones: []\n'
    )
    assert client.run('subnets', '--space', 'x').err == 'No subnets found matching requested criteria.\n'
    space = {
        'space': {'id': '0', 'name': 'alpha', 'subnets': [subnet]},
        'applications': ['a'],
        'machine-count': 2,
    }
    controller.answers['Spaces.ShowSpace'] = lambda params: {'results': [space]}
    assert client.run('show-space', 'alpha', '--format', 'json').out == (
        '{"space":{"id":"0","name":"alpha","subnets":[{"cidr":"10.1.0.0/24","vlan-tag":0,"zones":[]}]},'
        '"applications":["a"],"machine-count":2}\n'
    )
    controller.answers['Spaces.ShowSpace'] = lambda params: {
        'results': [{'error': {'message': 'space "x" not found'}}]
    }
    assert client.run('show-space', 'x').err == 'ERROR space "x" not found\n'


@pytest.mark.parametrize(('base', 'channel'), [('ubuntu@22.04', '22.04'), ('22.04', '22.04')])
def test_the_base_of_further_units_is_set(
    client: Client, controller: FakeController, base: str, channel: str
) -> None:
    controller.answers['Application.UpdateApplicationBase'] = lambda params: {'results': [{}]}
    assert client.run('set-application-base', 'web', base, '--force').code == 0
    (asked,) = controller.asked('Application.UpdateApplicationBase')
    assert asked['args'] == [{'tag': {'tag': 'application-web'}, 'force': True, 'channel': channel}]


def test_settings_of_the_controller_are_shown(client: Client, controller: FakeController) -> None:
    config = {'b': {'default': True}, 'a': {'default': ''}}
    controller.answers['ModelManager.ModelDefaultsForClouds'] = lambda params: {
        'results': [{'config': config}]
    }
    assert client.run('model-defaults').out == (
        'Attribute  Default  Controller\na          -        -\nb          true     -\n'
    )
    assert client.run('model-defaults', 'c').err == 'ERROR there are no default model values for "c"\n'
    refused = {'results': [{'error': {'message': 'no'}}]}
    controller.answers['ModelManager.SetModelDefaults'] = lambda params: refused
    assert (client.run('model-defaults', 'a=b').code, client.run('model-defaults', 'a', 'b=c').code) == (1, 2)
    controller.answers['Controller.ControllerConfig'] = lambda params: {'config': {'api-port': 17070}}
    assert client.run('controller-config', 'api-port').out == '17070\n'
    assert client.run('controller-config', 'x').err == 'ERROR key "x" not found in controller config\n'
