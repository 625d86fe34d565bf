from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pocket.agents import tools
from pocket.agents.context import HookContext
from pocket.agents.local import Hook, LocalState, RelationState
from pocket.model import PendingAction, PortRange, RelationView, Status, Surroundings, UnitView
from pocket.model.resources import Resource
from pocket.model.secrets import SecretMetadata, SecretReading
from pocket.services.errors import JujuError

HTTP = PortRange(protocol='tcp', first=80, last=80)
NETWORK = {
    'bind-addresses': [
        {
            'mac-address': '',
            'interface-name': 'host0',
            'addresses': [{'hostname': '', 'value': '10.0.0.1', 'cidr': '10.0.0.0/24'}],
        }
    ],
    'egress-subnets': ['10.0.0.1/32'],
    'ingress-addresses': ['10.0.0.1'],
}

WORDS = Resource(application='app', name='words', type='file', path='words.txt', fingerprint='ab' * 48)


@dataclass
class FakeReader:
    """A `pocket.agents.context.Reader` of what it was given; other bags were never in a relation."""

    bags: dict[tuple[int, str], dict[str, str]] = field(
        default_factory=lambda: {
            (1, 'app/0'): {'private-address': '10.0.0.1'},
            (1, 'mysql/0'): {'password': 's3cret'},
            (1, 'mysql'): {'name': 'orders'},
            (1, 'app'): {'own': 'bag'},
            (0, 'app'): {'token': 'abc'},
            (0, 'app/1'): {},
        }
    )

    def unit_settings(self, relation_id: int, unit: str) -> Mapping[str, str]:
        if (relation_id, unit) not in self.bags:
            raise JujuError('permission denied')
        return self.bags[relation_id, unit]

    def application_settings(self, relation_id: int, application: str) -> Mapping[str, str]:
        return self.unit_settings(relation_id, application)

    def leader_settings(self) -> Mapping[str, str]:
        return {'color': 'blue'}

    def charm_state(self) -> Mapping[str, str]:
        return {'seen': 'yes'}

    def opened_ports(self) -> list[PortRange]:
        return [HTTP]

    def network_info(self, binding: str, relation_id: int | None) -> Mapping[str, Any]:
        return NETWORK if binding == 'db' else {}

    def goal_state(self) -> Mapping[str, Any]:
        return {'units': {'app/0': {'status': 'active'}}, 'relations': {}}

    def unit_status(self) -> Status:
        return Status(value='active', message='fine')

    def resource(self, name: str) -> Resource | None:
        return {'words': WORDS, 'empty': replace(WORDS, name='empty', fingerprint='')}.get(name)

    def resource_path(self, resource: Resource) -> str:
        return f'/resources/{resource.name}/{resource.file_name}'

    def application_status(self) -> tuple[Status, Mapping[str, Status]]:
        return Status(value='active'), {'app/0': Status(value='active')}

    def managed_secrets(self) -> list[SecretMetadata]:
        return []

    def find_secret(self, label: str) -> str | None:
        return None

    def read_secret(self, secret_id: str, *, latest: bool) -> SecretReading:
        raise JujuError(f'secret "{secret_id}" not found')


MakeContext = Callable[..., HookContext]


@pytest.fixture
def make_context(view: UnitView, db: RelationView, peer: RelationView) -> MakeContext:
    """Makes a context whose unit is in both relations; keywords are the context's, or ``leader``."""

    def make(*, leader: bool = True, **more: Any) -> HookContext:
        members = {'mysql/0': 1, 'mysql/10': 1, 'mysql/9': 1}
        entered = (replace(peer, in_scope=True), replace(db, in_scope=True, members=members))
        return HookContext(
            id='c',
            view=replace(view, leader=leader, relations=entered),
            local=LocalState(relations={0: RelationState(), 1: RelationState(members=members)}),
            reader=FakeReader(),
            **more,
        )

    return make


def call(context: HookContext, line: str, **files: str) -> tools.Reply:
    """Run a tool by a command line whose words are split at spaces; ``_`` stands for a space in a word."""
    tool, *args = (word.replace('_', ' ') for word in line.split())
    sent = {path.replace('stdin', '-'): text.encode() for path, text in files.items()}
    return tools.answer(tools.Request(tool=tool, args=tuple(args), files=sent), context)


JOINED = Hook(
    kind='relation-joined', endpoint='db', relation_id=1, remote_unit='mysql/2', remote_application='mysql'
)
CREATED = Hook(kind='relation-created', endpoint='db', relation_id=1, remote_application='mysql')
ACTION = PendingAction(id='4', name='backup', parameters={'to': {'path': '/x'}, 'n': 3})


@pytest.mark.parametrize(
    ('line', 'stdout'),
    [
        ('config-get port', '80\n'),
        ('config-get --format=json', '{"port":80}\n'),
        ('config-get --format json -a', '{"port":80,"title":null}\n'),
        ('config-get title', ''),
        ('config-get --format=json title', 'null\n'),
        ('config-get --format yaml', 'port: 80\n'),
        ('is-leader', 'True\n'),
        ('is-leader --format=json', 'true\n'),
        ('leader-get color', 'blue\n'),
        ('leader-get -', 'color: blue\n'),
        ('unit-get private-address', '10.0.0.1\n'),
        ('relation-ids db', 'db:1\n'),
        ('relation-ids --format=json other', '[]\n'),
        ('relation-ids other', ''),
        ('relation-list -r 1 --format=json', '["mysql/0","mysql/10","mysql/9"]\n'),
        ('relation-list --relation=db:1 --app', 'mysql\n'),
        ('relation-get -r 1 password mysql/0', 's3cret\n'),
        ('relation-get -r1 - mysql/0', 'password: s3cret\n'),
        ('relation-get -r=db:1 --format=json none mysql/0', 'null\n'),
        ('relation-get -r 1 --app - mysql --format=json', '{"name":"orders"}\n'),
        ('relation-get -r 1 --app name mysql/0', 'orders\n'),
        ('relation-model-get -r 1 --format=json', '{"uuid":"8a1f7c52-0000-4000-8000-000000000001"}\n'),
        ('opened-ports --format=json', '["80/tcp"]\n'),
        ('opened-ports --endpoints', '80/tcp (*)\n'),
        ('network-get db --ingress-address', '10.0.0.1\n'),
        ('network-get db --egress-subnets --format=json', '["10.0.0.1/32"]\n'),
        ('network-get db --primary-address', '10.0.0.1\n'),
        (
            'network-get db --bind-address --ingress-address --format=json',
            '{"bind-address":"10.0.0.1","ingress-address":"10.0.0.1"}\n',
        ),
        ('state-get seen', 'yes\n'),
        ('state-get --format=json none', 'null\n'),
        ('storage-list --format=json', '[]\n'),
        ('status-get', 'active\n'),
        ('status-get --format=json', '{"status":"active"}\n'),
        (
            'status-get --include-data --format=json --application=false',
            '{"message":"fine","status":"active","status-data":{}}\n',
        ),
        ('goal-state', 'relations: {}\nunits:\n  app/0:\n    status: active\n'),
        ('payload-register docker web 1', ''),
        ('payload-status-set web 1 running', ''),
        ('payload-unregister web 1', ''),
        ('leader-get --format=json', '{"color":"blue"}\n'),
        ('leader-get none', ''),
        ('state-get -', 'seen: yes\n'.replace('yes', "'yes'")),
        ('state-get --strict seen', 'yes\n'),
        ('unit-get --format=json public-address', '"10.0.0.1"\n'),
        ('relation-list -r db:1 --app --format=json', '"mysql"\n'),
        ('relation-ids cluster --format=yaml', '- cluster:0\n'),
        ('relation-get -r 1 - app/0', 'private-address: 10.0.0.1\n'),
        ('relation-get -r 1 private-address app/0 --format=json', '"10.0.0.1"\n'),
        ('relation-get -r 1 --app - app --format=json', '{"own":"bag"}\n'),
        ('network-get -r db:1 db --bind-address', '10.0.0.1\n'),
        ('opened-ports', '80/tcp\n'),
        ('opened-ports --endpoints --format=json', '["80/tcp (*)"]\n'),
        ('status-get --include-data', 'message: fine\nstatus: active\nstatus-data: {}\n'),
        (
            'status-get --application --format=json',
            (
                '{"application-status":{"message":"","status":"active","status-data":{},"units":'
                '{"app/0":{"message":"","status":"active","status-data":{}}}}}\n'
            ),
        ),
        ('goal-state --format=json', '{"relations":{},"units":{"app/0":{"status":"active"}}}\n'),
        ('relation-model-get -r db:1', 'uuid: 8a1f7c52-0000-4000-8000-000000000001\n'),
        ('is-leader --help', 'Usage: is-leader\n'),
        ('unit-get --help', 'Usage: unit-get <private-address | public-address>\n'),
    ],
)
def test_what_tools_print(make_context: MakeContext, line: str, stdout: str) -> None:
    assert call(make_context(), line) == tools.Reply(stdout=stdout)


@pytest.mark.parametrize(
    ('line', 'code', 'error'),
    [
        ('config-get --all port', 2, 'cannot use argument --all together with key "port"'),
        ('config-get --format=xml', 2, 'invalid value "xml" for option --format: unknown format "xml"'),
        ('config-get a b', 2, 'unrecognized args: ["b"]'),
        ('config-get --nope', 2, 'option provided but not defined: --nope'),
        ('config-get -format json', 2, 'option provided but not defined: -f'),
        ('config-get --format', 2, 'option needs an argument: --format'),
        (
            'status-get --application=x',
            2,
            'invalid value "x" for option --application: strconv.ParseBool: parsing "x": invalid syntax',
        ),
        ('status-set', 2, 'invalid args, require <status> [message]'),
        (
            'status-set error',
            2,
            'invalid status "error", expected one of [maintenance blocked waiting active]',
        ),
        ('juju-log', 2, 'no message specified'),
        ('application-version-set', 2, 'no version specified'),
        ('relation-ids', 2, 'no endpoint name specified'),
        ('relation-list', 2, 'no relation id specified'),
        ('relation-list -r x', 2, 'invalid value "x" for option -r: invalid relation id'),
        ('relation-list -r x:9', 2, 'invalid value "x:9" for option -r: relation not found'),
        ('relation-get -r 1', 2, 'no unit or application specified'),
        ('relation-get -r 1 - mysql', 2, 'expected unit name, got application name "mysql"'),
        ('relation-get -r 1 - a/b/c', 2, 'invalid unit name "a/b/c"'),
        ('relation-get -r 1 - mysql/7', 1, 'permission denied'),
        ('relation-get -r 1 --app - postgres', 1, 'permission denied'),
        ('relation-set -r 1 x', 2, 'expected "key=value", got "x"'),
        ('network-get', 2, 'no arguments specified'),
        ('network-get x', 1, 'no network config found for binding "x"'),
        (
            'network-get db --primary-address --bind-address',
            2,
            '--primary-address must be the only flag specified',
        ),
        ('open-port', 2, 'no port or range specified'),
        ('open-port x', 2, 'invalid port range "x"'),
        ('open-port 80/sctp', 2, 'invalid protocol "sctp", expected "tcp", "udp", or "icmp"'),
        ('open-port 1-70000', 2, 'port range bounds must be between 0 and 65535, got 1-70000'),
        ('unit-get x', 2, 'unknown setting "x"'),
        ('unit-get', 2, 'no setting specified'),
        ('state-get --strict none', 1, '"none" not found'),
        ('storage-get', 2, 'no storage instance specified'),
        ('resource-get', 2, 'missing required resource name'),
        ('resource-get data', 1, 'could not download resource: resource "data" not found'),
        ('resource-get empty', 1, 'could not download resource: resource "empty" not found'),
        ('credential-get', 1, 'cannot access cloud credentials: permission denied'),
        ('action-get', 1, 'not running an action'),
        ('action-set a=b', 1, 'not running an action'),
        ('action-fail', 1, 'not running an action'),
        ('action-log x', 1, 'not running an action'),
        ('action-fail a b', 2, 'unrecognized args: ["b"]'),
        ('pod-spec-set --file x', 1, 'this unit is not the leader'),
        ('k8s-raw-get', 1, 'this unit is not the leader'),
        ('juju-reboot', 1, 'juju-reboot is not supported when running commands.'),
        ('juju-reboot soon', 2, 'unrecognized args: ["soon"]'),
        ('is-leader x', 2, 'unrecognized args: ["x"]'),
        ('leader-set x', 2, 'expected "key=value", got "x"'),
        ('state-set x', 2, 'expected "key=value", got "x"'),
        ('state-delete', 2, 'no key specified'),
        ('relation-model-get', 2, 'no relation id specified'),
        ('goal-state x', 2, 'unrecognized args: ["x"]'),
        ('opened-ports x', 2, 'unrecognized args: ["x"]'),
        ('close-port', 2, 'no port or range specified'),
        ('close-port 90-80', 2, 'invalid port range "90-80"'),
        ('status-set active a b', 2, 'unrecognized args: ["b"]'),
        ('application-version-set 1 2', 2, 'unrecognized args: ["2"]'),
        ('no-such-tool', 1, 'no-such-tool is not implemented'),
    ],
)
def test_how_tools_fail(make_context: MakeContext, line: str, code: int, error: str) -> None:
    assert call(make_context(), line) == tools.Reply(code=code, stderr=f'ERROR {error}\n')


@pytest.mark.parametrize(
    ('line', 'error'),
    [
        ('status-set --application active', 'this unit is not the leader'),
        ('status-get --application', 'finding application status: this unit is not the leader'),
        ('leader-set a=b', 'cannot write leadership settings: this unit is not the leader'),
        ('relation-set -r 1 --app a=b', 'cannot write relation settings'),
        ('relation-get -r 1 --app - app', 'permission denied'),
    ],
)
def test_what_followers_may_not_do(make_context: MakeContext, line: str, error: str) -> None:
    assert call(make_context(leader=False), line).stderr == f'ERROR {error}\n'


def test_a_follower_reads_its_own_peer_application_settings(make_context: MakeContext) -> None:
    assert call(make_context(leader=False), 'relation-get -r 0 --app token app').stdout == 'abc\n'


@pytest.mark.parametrize(
    ('line', 'effect'),
    [
        ('status-set active', tools.SetUnitStatus(value='active', message='')),
        (
            'status-set --application=True waiting -- -for_you',
            tools.SetApplicationStatus(value='waiting', message='-for you'),
        ),
        ('application-version-set -- 1.2', tools.SetWorkloadVersion(version='1.2')),
        ('leader-set a=b c=', tools.SetLeaderSettings(changes={'a': 'b', 'c': ''})),
        ('juju-log --log-level DEBUG -- --x y', tools.Log(severity='DEBUG', message='--x y')),
        ('juju-log hello', tools.Log(severity='INFO', message='hello')),
    ],
)
def test_what_tools_do_at_once(make_context: MakeContext, line: str, effect: tools.Effect) -> None:
    assert call(make_context(), line) == tools.Reply(effects=(effect,))


def test_log_lines_of_relation_hooks_name_the_relation(make_context: MakeContext) -> None:
    reply = call(make_context(hook=JOINED), 'juju-log -l warning hello')
    assert reply.effects == (tools.Log(severity='WARNING', message='db:1: hello'),)


def test_an_unknown_log_level_is_reported_and_counts_as_info(make_context: MakeContext) -> None:
    reply = call(make_context(), 'juju-log -l loud hello')
    assert [
        (effect.severity, effect.message) for effect in reply.effects if isinstance(effect, tools.Log)
    ] == [
        ('WARNING', '"loud" is not a valid log level'),
        ('INFO', 'hello'),
    ]


def test_the_hooks_relation_and_unit_are_the_defaults(make_context: MakeContext) -> None:
    context = make_context(hook=replace(JOINED, remote_unit='mysql/0'))
    assert call(context, 'relation-get password').stdout == 's3cret\n'
    assert call(context, 'relation-ids').stdout == 'db:1\n'


def test_members_are_those_that_the_charm_was_told_of(make_context: MakeContext) -> None:
    departed = replace(JOINED, kind='relation-departed', remote_unit='mysql/0')
    assert 'mysql/2\n' in call(make_context(hook=JOINED), 'relation-list').stdout
    assert call(make_context(hook=departed), 'relation-list').stdout == 'mysql/10\nmysql/9\n'
    fresh = make_context(hook=CREATED)
    fresh.local = LocalState()
    assert call(fresh, 'relation-list --format=json').stdout == '[]\n'


def test_a_hook_sees_its_own_writes_and_they_are_kept_for_its_end(make_context: MakeContext) -> None:
    context = make_context(hook=CREATED)
    settings = 'a: b\nnumber: 012\nprivate-address: ""\n'
    call(context, 'relation-set --file - c=d a=over', stdin=settings)
    call(context, 'relation-set --app x=y')
    call(context, 'state-set k=v empty=')
    call(context, 'state-delete seen')
    call(context, 'open-port 443')
    call(context, 'close-port 80/TCP')
    call(context, 'open-port --endpoints db,www 8000-8010/udp')
    assert call(context, 'relation-get --format=json - app/0').stdout == (
        '{"a":"over","c":"d","number":"012"}\n'
    )
    assert call(context, 'relation-get --app x app').stdout == 'y\n'
    assert call(context, 'state-get --format=json').stdout == '{"empty":"","k":"v"}\n'
    assert call(context, 'opened-ports --endpoints').stdout == '443/tcp (*)\n8000-8010/udp (db, www)\n'
    changes = context.changes()
    assert changes.unit_settings == {1: {'a': 'over', 'c': 'd', 'number': '012', 'private-address': ''}}
    assert changes.application_settings == {1: {'x': 'y'}}
    assert changes.charm_state == {'k': 'v', 'empty': '', 'seen': None}
    assert changes.close_ports == (HTTP,)


def test_a_file_is_asked_for_before_anything_changes(make_context: MakeContext) -> None:
    context = make_context(hook=CREATED)
    with pytest.raises(tools.FileWanted) as wanted:
        call(context, 'relation-set --file /tmp/x a=b')
    assert wanted.value.path == '/tmp/x'
    assert context.changes().unit_settings == {}


def test_a_remote_bag_is_read_once_in_a_hook(make_context: MakeContext) -> None:
    context = make_context()
    call(context, 'relation-get -r 1 password mysql/0')
    assert isinstance(context.reader, FakeReader)
    context.reader.bags[1, 'mysql/0'] = {'password': 'other'}
    assert call(context, 'relation-get -r 1 password mysql/0').stdout == 's3cret\n'


def test_output_may_go_to_a_file(make_context: MakeContext) -> None:
    assert call(make_context(), 'config-get port -o /tmp/x') == tools.Reply(stdout='80\n', output='/tmp/x')


@pytest.mark.parametrize(
    ('line', 'stdout'),
    [
        ('action-get to.path', '/x\n'),
        ('action-get n', '3\n'),
        ('action-get --format=json to.no.where', 'null\n'),
    ],
)
def test_an_action_reads_its_parameters(make_context: MakeContext, line: str, stdout: str) -> None:
    assert call(make_context(action=ACTION), line).stdout == stdout


def test_an_action_sets_results_and_fails(make_context: MakeContext) -> None:
    context = make_context(action=ACTION)
    call(context, 'action-set a.b=1 a.c=2 d=x=y')
    call(context, 'action-fail')
    assert context.action_results == {'a': {'b': '1', 'c': '2'}, 'd': 'x=y'}
    assert (context.action_failed, context.action_message) == (
        True,
        'action failed without reason given, check action for errors',
    )
    assert call(context, 'action-log -- at_work').effects == (tools.LogAction(message='at work'),)


_BAD_KEY = (
    'key "X" must start and end with lowercase alphanumeric, '
    'and contain only lowercase alphanumeric and hyphens'
)


@pytest.mark.parametrize(
    ('line', 'error'),
    [
        ('action-set x', 'argument "x" must be of the form key...=value'),
        (
            'action-set X=1',
            _BAD_KEY,
        ),
        ('action-set stdout=1', 'cannot set reserved action key "stdout"'),
        ('juju-reboot', 'juju-reboot is not supported when running an action.'),
    ],
)
def test_how_action_tools_fail(make_context: MakeContext, line: str, error: str) -> None:
    assert call(make_context(action=ACTION), line).stderr == f'ERROR {error}\n'


def test_a_trusted_application_may_see_the_clouds_credential(make_context: MakeContext) -> None:
    context = make_context()
    around = Surroundings(cloud_spec={'type': 'pocket', 'credential': {'auth-type': 'empty'}})
    context.view = replace(context.view, surroundings=around)
    shown = call(context, 'credential-get --format=json').stdout
    assert shown == '{"credential":{"auth-type":"empty"},"type":"pocket"}\n'


@pytest.mark.parametrize(
    ('line', 'wish', 'effects'),
    [('juju-reboot', 'after', ()), ('juju-reboot --now', 'now', (tools.RebootNow(),))],
)
def test_a_hook_asks_for_a_reboot(
    make_context: MakeContext, line: str, wish: str, effects: tuple[tools.Effect, ...]
) -> None:
    context = make_context(hook=Hook(kind='install'))
    assert call(context, line) == tools.Reply(effects=effects)
    assert context.reboot == wish
