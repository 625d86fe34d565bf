"""Small commands of every day, flags that every command has, and what cannot be done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pocket.client import flags, registry, topics, unsupported

if TYPE_CHECKING:
    from .conftest import Client, FakeController

Json = dict[str, Any]
DATA = Path(__file__).parents[3] / 'data' / 'client'


@pytest.mark.parametrize('name', [*registry.COMMANDS, *unsupported.REASONS])
def test_every_command_has_help_with_an_example(client: Client, name: str) -> None:
    done = client.run(name, '--help')
    assert (done.code, done.err) == (0, '')
    assert 'Examples:\n    juju ' in done.out
    assert 'ccepted for compat' not in done.out


def test_aliases_are_those_that_commands_name() -> None:
    named = {alias: name for name in registry.COMMANDS for alias in registry.load(name).aliases}
    assert named == registry.ALIASES


@pytest.mark.parametrize('name', unsupported.REASONS)
def test_what_cannot_be_done_says_so_in_one_line(
    client: Client, controller: FakeController, name: str
) -> None:
    assert name not in registry.COMMANDS
    done = client.run(name, '--whatever', 'x', '-n', '3')
    assert (done.code, done.out) == (1, '')
    assert done.err == f'ERROR juju {name} is not supported: {unsupported.REASONS[name]}\n'
    assert controller.calls == []


def test_a_flag_without_meaning_here_is_refused_with_the_reason(client: Client) -> None:
    done = client.run('config', 'web', '--branch', 'b')
    assert (done.code, done.err) == (
        2,
        'ERROR option --branch is not supported: a model has no branches here\n',
    )
    for name in registry.COMMANDS:
        for flag in registry.load(name).all_flags:
            assert isinstance(flag, flags.Flag)
            assert not (flag.refused and flag.default), name


def test_bind_sends_spaces_by_endpoint(client: Client, controller: FakeController) -> None:
    controller.answers['Application.MergeBindings'] = lambda params: {'results': [{}]}
    assert client.run('bind', 'web', 'alpha', 'db=beta').code == 0
    (asked,) = controller.asked('Application.MergeBindings')
    assert asked['args'] == [
        {'application-tag': 'application-web', 'bindings': {'': 'alpha', 'db': 'beta'}, 'force': False}
    ]
    assert client.run('bind', 'web').err == 'ERROR no bindings specified\n'


def test_scaling_is_for_kubernetes(client: Client, controller: FakeController) -> None:
    done = client.run('scale-application', 'web', '3')
    assert done.code == 1
    assert done.err.startswith(
        'ERROR Juju command "scale-application" only supported on k8s container models\n'
    )
    assert controller.calls == []


def test_spaces_are_listed(client: Client, controller: FakeController) -> None:
    spaces = [{'id': '0', 'name': 'alpha', 'subnets': [{'cidr': '10.0.0.0/24'}]}]
    controller.answers['Spaces.ListSpaces'] = lambda params: {'results': spaces}
    assert client.run('spaces').out.splitlines() == [
        'Name   Space ID  Subnets',
        'alpha  0         10.0.0.0/24',
    ]
    assert client.run('spaces', '--short').out == 'Space\nalpha\n'
    assert json.loads(client.run('spaces', '--format', 'json').out) == {
        'spaces': [{'id': '0', 'name': 'alpha', 'subnets': {'10.0.0.0/24': {'cidr': '10.0.0.0/24'}}}]
    }


def test_users_are_listed_and_shown(client: Client, controller: FakeController) -> None:
    user = {'username': 'admin', 'access': 'superuser', 'date-created': '2026-11-01T10:00:00Z'}
    controller.answers['UserManager.UserInfo'] = lambda params: {'results': [{'result': user}]}
    shown = {
        'user-name': 'admin',
        'access': 'superuser',
        'date-created': '2026-11-01',
        'last-connection': 'never connected',
    }
    assert json.loads(client.run('users', '--format', 'json').out) == [shown]
    assert json.loads(client.run('show-user', '--format', 'json').out) == shown
    assert client.run('users').out.splitlines()[3].split()[:2] == ['admin*', 'superuser']
    assert controller.asked('UserManager.UserInfo')[1]['entities'] == [{'tag': 'user-admin'}]


def test_a_controller_is_shown_without_its_password_unless_asked(client: Client) -> None:
    shown = json.loads(client.run('show-controller', '--format', 'json').out)['ctl']
    assert shown['details']['controller-uuid'] == 'c0'
    assert shown['current-model'] == 'admin/m1'
    assert shown['account'] == {'user': 'admin'}
    secret = json.loads(client.run('show-controller', 'ctl', '--show-password', '--format', 'json').out)
    assert secret['ctl']['account']['password'] == 'open sesame'


def test_the_log_of_a_command_is_for_who_asks(client: Client, controller: FakeController) -> None:
    controller.answers['Spaces.ListSpaces'] = lambda params: {'results': []}
    done = client.run('spaces', '--debug')
    assert 'DEBUG pocket.client.rpc calling Spaces.ListSpaces, version 6' in done.err
    assert 'open sesame' not in done.err
    assert client.run('spaces').err == ''
    assert client.run('spaces', '--show-log', '--logging-config', '<root>=ERROR').err == ''
    assert client.run('spaces', '--logging-config', 'loud').code == 2


def test_status_tries_again_as_often_as_it_is_told(client: Client) -> None:
    document = client.read('controllers.yaml')
    document['controllers']['ctl']['api-endpoints'] = ['127.0.0.1:1']
    client.write('controllers.yaml', document)
    done = client.run('status', '--retry-count', '2', '--retry-delay', '1ms')
    assert done.code == 1
    assert done.err.startswith('ERROR cannot connect to controller')


def test_units_on_machines_have_no_containers(client: Client) -> None:
    done = client.run('ssh', '--container', 'c', 'web/0', 'ls')
    assert (done.code, done.err) == (
        2,
        'ERROR option --container is not supported: it is for units on Kubernetes\n',
    )


def test_topics_are_listed_and_shown(client: Client) -> None:
    listed = [line.split()[0] for line in client.run('help', 'topics').out.splitlines()]
    assert listed == list(topics.TOPICS)
    for name in listed:
        done = client.run('help', name)
        assert (done.code, done.err) == (0, '')
        assert name not in registry.COMMANDS
        assert max(map(len, done.out.splitlines())) <= 110


def test_every_command_of_juju_is_there_or_refused_with_a_reason() -> None:
    """The list is that of Juju 3.6: a command that is forgotten would only be told as unknown."""
    names = (DATA / 'juju-commands.txt').read_text().split()
    known = {*registry.COMMANDS, *registry.ALIASES, *unsupported.REASONS}
    assert [name for name in names if name not in known] == []
