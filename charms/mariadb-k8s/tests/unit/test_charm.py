"""What a unit does in a hook: what it asks of the server, and what its clients are told."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import accounts
import charm
import ops
import pytest
import server
import yaml
from ops import testing

Context = testing.Context[charm.MariadbCharm]

ROWS = 'version\t11.8.6-MariaDB\t\t\ndatabase\tmysql\t\t\nuser\troot\tlocalhost\tinvalid\n'
ENDPOINT = 'mariadb-k8s.shop.svc.cluster.local:3306'
REFUSED = "ERROR 2002 (HY000): Can't connect to local server\n"


@pytest.fixture
def context() -> Context:
    root = Path(charm.__file__).parents[1]
    craft = yaml.safe_load((root / 'charmcraft.yaml').read_text())
    keys = ('name', 'containers', 'resources', 'storage', 'provides', 'peers')
    return testing.Context(
        charm.MariadbCharm,
        meta={key: craft[key] for key in keys},
        config=craft['config'],
        actions=craft['actions'],
        charm_root=root,
    )


def workload(
    *, rows: str = ROWS, code: int = 0, stderr: str = '', can_connect: bool = True
) -> testing.Container:
    answer = testing.Exec(['mariadb'], return_code=code, stdout=rows, stderr=stderr)
    dump = testing.Exec(['bash'], stdout='120\nabc\n', return_code=code, stderr=stderr)
    return testing.Container('mariadb', can_connect=can_connect, execs={answer, dump})


def client(**data: str) -> testing.Relation:
    return testing.Relation('database', id=77, remote_app_name='blog', remote_app_data=data)


def state(
    *relations: testing.RelationBase,
    container: testing.Container | None = None,
    secrets: Iterable[testing.Secret] = (),
    config: Mapping[str, Any] | None = None,
    units: int = 1,
    leader: bool = True,
) -> testing.State:
    return testing.State(
        relations=[testing.PeerRelation('replicas'), *relations],
        containers=[container or workload()],
        secrets=list(secrets),
        config=dict(config or {}),
        planned_units=units,
        leader=leader,
        model=testing.Model(name='shop', type='kubernetes'),
    )


def asked(context: Context) -> str:
    """All that was asked of the server's client on its standard input."""
    return '\n'.join(str(call.stdin or '') for call in context.exec_history.get('mariadb', []))


def argv(context: Context) -> list[Sequence[str]]:
    return [call.command for call in context.exec_history.get('mariadb', [])]


def ready(context: Context, given: testing.State) -> testing.State:
    return context.run(context.on.pebble_ready(given.get_container('mariadb')), given)


def test_the_server_is_started_and_its_port_opened(context: Context) -> None:
    out = ready(context, state())
    container = out.get_container('mariadb')
    assert container.service_statuses == {server.SERVICE: ops.pebble.ServiceStatus.ACTIVE}
    assert container.plan.checks[server.CHECK].level == ops.pebble.CheckLevel.READY
    assert out.unit_status == ops.ActiveStatus()
    assert out.workload_version == '11.8.6'
    assert {port.port for port in out.opened_ports} == {3306}


def test_a_server_that_does_not_answer_yet_is_waited_for_outside_of_the_hook(context: Context) -> None:
    out = ready(context, state(client(database='wordpress'), container=workload(code=1, stderr=REFUSED)))
    assert out.unit_status == ops.WaitingStatus('MariaDB is starting: it takes no connections yet')
    assert not out.get_relation(77).local_app_data


def test_a_server_that_refuses_is_quoted(context: Context) -> None:
    denied = workload(code=1, stderr="ERROR 1045 (28000): Access denied for user 'mysql'\n")
    out = ready(context, state(container=denied))
    assert isinstance(out.unit_status, ops.WaitingStatus)
    assert 'Access denied' in out.unit_status.message


def test_a_client_that_takes_secrets_gets_one(context: Context) -> None:
    relation = client(database='wordpress', **{'requested-secrets': json.dumps(['username', 'password'])})
    out = ready(context, state(relation))
    told = out.get_relation(77).local_app_data
    secret = out.get_secret(label='database.77')
    assert told['secret-user'] == secret.id
    assert (told['database'], told['endpoints'], told['version']) == ('wordpress', ENDPOINT, '11.8.6')
    assert not {'username', 'password'} & told.keys()
    assert secret.remote_grants == {77: {'blog'}}
    content = secret.latest_content or {}
    assert content['username'] == 'relation-77'
    assert content['uris'] == f'mysql://relation-77:{content["password"]}@{ENDPOINT}/wordpress'
    assert "CREATE USER IF NOT EXISTS 'relation-77'@'%'" in asked(context)
    assert not any(content['password'] in text for text in (asked(context), str(argv(context)), str(told)))


def test_a_client_that_takes_none_gets_plain_fields(context: Context) -> None:
    out = ready(context, state(client(database='wordpress')))
    told = out.get_relation(77).local_app_data
    assert told['username'] == 'relation-77'
    assert told['password'] == (out.get_secret(label='database.77').latest_content or {})['password']
    assert 'secret-user' not in told


def test_a_second_look_changes_nothing(context: Context) -> None:
    once = ready(context, state(client(database='wordpress')))
    password = (once.get_secret(label='database.77').latest_content or {})['password']
    root = (once.get_secret(label='root').latest_content or {})['password']
    rows = (
        f'version\t11.8.6\t\t\ndatabase\twordpress\t\t\nuser\troot\tlocalhost\t{accounts.hash_of(root)}\n'
        f'user\trelation-77\t%\t{accounts.hash_of(password)}\ngrant\trelation-77\t%\twordpress\n'
    )
    answer = testing.Exec(['mariadb'], stdout=rows)
    container = dataclasses.replace(once.get_container('mariadb'), execs={answer})
    again = dataclasses.replace(once, containers={container})
    before = len(argv(context))
    out = context.run(context.on.update_status(), again)
    assert len(argv(context)) == before + 1
    assert out.get_relation(77).local_app_data == once.get_relation(77).local_app_data
    assert out.get_secret(label='database.77') == once.get_secret(label='database.77')


def test_a_client_that_goes_loses_its_user_and_keeps_its_data(context: Context) -> None:
    relation = client(database='wordpress')
    once = ready(context, state(relation))
    rows = f'{ROWS}user\trelation-77\t%\t*00\ndatabase\twordpress\t\t\n'
    answer = testing.Exec(['mariadb'], stdout=rows)
    container = dataclasses.replace(once.get_container('mariadb'), execs={answer})
    there = dataclasses.replace(once, containers={container})
    out = context.run(context.on.relation_broken(there.get_relation(77)), there)
    assert "DROP USER IF EXISTS 'relation-77'@'%';" in asked(context)
    assert 'DROP DATABASE' not in asked(context)
    assert {secret.label for secret in out.secrets} == {'root'}


def test_a_database_that_cannot_be_is_said(context: Context) -> None:
    out = ready(context, state(client(database='mysql')))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'blog asks for a database that cannot be' in out.unit_status.message


@pytest.mark.parametrize(('option', 'value'), [('max_connections', 3), ('innodb_buffer_pool_size', 'much')])
def test_options_that_cannot_be_are_named(context: Context, option: str, value: Any) -> None:
    out = ready(context, state(config={option: value}))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert option in out.unit_status.message


def test_a_second_unit_is_refused_with_the_way_out(context: Context) -> None:
    out = ready(context, state(units=2))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'juju scale-application mariadb-k8s 1' in out.unit_status.message
    # The server that is there goes on.
    assert out.get_container('mariadb').service_statuses == {server.SERVICE: ops.pebble.ServiceStatus.ACTIVE}


def test_the_root_password_is_shown_by_its_action(context: Context) -> None:
    once = ready(context, state())
    context.run(context.on.action('get-password'), once)
    root = (once.get_secret(label='root').latest_content or {})['password']
    assert context.action_results == {'username': 'root', 'password': root}


def test_a_database_for_others_is_made_by_an_action(context: Context) -> None:
    out = context.run(context.on.action('create-database', params={'name': 'blog', 'user': 'ann'}), state())
    results = context.action_results or {}
    secret = out.get_secret(label='user.ann')
    assert (results['host'], results['port'], results['database']) == (ENDPOINT[:-5], '3306', 'blog')
    assert results['password'] == (secret.latest_content or {})['password']
    assert "CREATE USER IF NOT EXISTS 'ann'@'%'" in asked(context)
    assert results['password'] not in asked(context)


@pytest.mark.parametrize(
    ('params', 'said'),
    [
        ({'name': 'sys'}, 'is a database of the server itself'),
        ({'name': 'x', 'user': 'root'}, 'uses itself'),
    ],
)
def test_what_the_action_refuses(context: Context, params: dict[str, str], said: str) -> None:
    with pytest.raises(testing.ActionFailed, match=said):
        context.run(context.on.action('create-database', params=params), state())


def test_a_backup_names_its_file(context: Context) -> None:
    container = workload(rows=f'{ROWS}database\twordpress\t\t\n')
    context.run(context.on.action('backup'), state(container=container))
    results = context.action_results or {}
    assert results['path'] == f'{server.BACKUPS}/{results["file"]}'
    assert (results['databases'], results['bytes'], results['sha256']) == ('wordpress', '120', 'abc')


def test_a_restore_takes_names_of_backups_only(context: Context) -> None:
    with pytest.raises(testing.ActionFailed, match=r'ending in \.sql\.gz'):
        context.run(context.on.action('restore', params={'file': '../../etc/passwd'}), state())
