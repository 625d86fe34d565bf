"""The secret tools against a real database: what a charm sees, and what its hook leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bedrock.charm import Charm, Endpoint
from pocket.agents import local, tools
from pocket.agents.context import HookContext
from pocket.agents.local import LocalState
from pocket.agents.reader import StateReader
from pocket.agents.secretbook import SecretBook
from pocket.model import Base, UnitView
from pocket.model.secrets import SecretEvent
from pocket.services import applications, charms, machines, models, relations, uniter
from pocket.services.secrets import records, tracking
from pocket.state import State

NOW_MS = 1_795_000_000_000
ID = '9m4e2mr0ui3e8a215n4g'


def _charm(name: str, role: str) -> Charm:
    endpoint = Endpoint(name='db', role=role, interface='sql', scope='global', limit=0)
    return Charm(
        name=name,
        options={},
        endpoints={'db': endpoint},
        actions={},
        resources={},
        storage={},
        metadata={},
    )


@dataclass
class Office:
    """A model in which ``mysql`` (two units, mysql/0 leads) and ``wiki`` are related."""

    state: State
    model: str = ''
    relation: int = 0
    contexts: dict[str, HookContext] = field(default_factory=dict[str, HookContext])

    def __post_init__(self) -> None:
        write = self.state.write_now
        self.model = write(models.add, name='m', owner='admin', cloud='pocket', region='here')
        for name, role, count in (('mysql', 'provider', 2), ('wiki', 'requirer', 1)):
            url = write(
                charms.add_local,
                self.model,
                archive=Path('/archives', name),
                sha256='0' * 64,
                charm=_charm(name, role),
            )
            base = Base(name='ubuntu', channel='24.04')
            write(applications.deploy, self.model, name=name, charm_url=url, num_units=count, base=base)
        self.relation = write(relations.add, self.model, ['wiki', 'mysql']).id
        for number, unit in enumerate(('mysql/0', 'mysql/1', 'wiki/0')):
            write(machines.set_running, self.model, str(number), address=f'10.0.0.{number}')
            write(uniter.enter_scope, self.model, unit, self.relation)
            write(uniter.claim_leadership, self.model, unit)

    def view(self, unit: str) -> UnitView:
        view = self.state.read(uniter.view, self.model, unit)
        assert view is not None
        return view

    def context(self, unit: str) -> HookContext:
        """The context of the hook that *unit* runs."""
        if unit not in self.contexts:
            self.contexts[unit] = HookContext(
                id='c',
                view=self.view(unit),
                local=LocalState(),
                reader=StateReader(self.state, self.model, unit),
                secrets=SecretBook(now_ms=lambda: NOW_MS),
            )
        return self.contexts[unit]

    def call(self, unit: str, *words: str, **files: bytes) -> str:
        """Run a tool that succeeds, with its effects; return what it prints."""
        reply = self.reply(unit, *words, **files)
        assert reply.code == 0, reply.stderr
        for effect in reply.effects:
            assert isinstance(effect, tools.TrackSecret)
            self.state.write_now(
                tracking.begin, self.model, unit, effect.id, revision=effect.revision, label=effect.label
            )
        return reply.stdout.strip()

    def reply(self, unit: str, *words: str, **files: bytes) -> tools.Reply:
        request = tools.Request(tool=words[0], args=words[1:], files=files)
        return tools.answer(request, self.context(unit))

    def error(self, unit: str, *words: str, **files: bytes) -> tuple[int, str]:
        """Run a tool that fails; return its code and what it says."""
        reply = self.reply(unit, *words, **files)
        return reply.code, reply.stderr.removeprefix('ERROR ').strip()

    def json(self, unit: str, *words: str) -> Any:
        return json.loads(self.call(unit, *words, '--format=json'))

    def commit(self, unit: str) -> None:
        """The hook of *unit* ends well."""
        changes = self.contexts.pop(unit).changes()
        self.state.write_now(uniter.commit, self.model, unit, changes, '')

    def fail(self, unit: str) -> None:
        """The hook of *unit* fails."""
        del self.contexts[unit]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    state = State(tmp_path / 'state.db', now_ms=lambda: NOW_MS)
    yield Office(state)
    state.close()


def test_a_hook_sees_its_own_secrets_before_they_are_kept(office: Office) -> None:
    call = office.call
    uri = call('mysql/0', 'secret-add', '--label', 'door', '--owner', 'application', 'word=one', 'pin=1234')
    secret = uri.removeprefix('secret:')
    assert office.json('mysql/0', 'secret-get', uri) == {'word': 'one', 'pin': '1234'}
    assert call('mysql/0', 'secret-get', '--label', 'door') == "pin: '1234'\nword: one"
    assert call('mysql/0', 'secret-get', uri, 'word') == 'one'
    assert call('mysql/0', 'secret-get', uri, 'word#base64') == 'b25l'
    assert office.json('mysql/0', 'secret-ids') == [secret]
    call('mysql/0', 'secret-set', uri, '--description', 'to get in', 'word=two')
    call('mysql/0', 'secret-grant', '--relation', str(office.relation), uri)
    info = office.json('mysql/0', 'secret-info-get', uri)
    assert info == {
        secret: {
            'revision': 1,
            'label': 'door',
            'owner': 'application',
            'description': 'to get in',
            'access': [{'target': 'application-wiki', 'scope': 'relation-wiki.db#mysql.db', 'role': 'view'}],
        }
    }
    assert office.json('mysql/0', 'secret-get', uri) == {'word': 'two'}
    assert office.error('wiki/0', 'secret-get', uri) == (1, f'secret "{secret}" not found')
    office.commit('mysql/0')
    assert office.json('mysql/0', 'secret-info-get', '--label', 'door') == info
    assert office.json('wiki/0', 'secret-get', uri) == {'word': 'two'}


def test_a_hook_that_fails_leaves_no_secret_behind(office: Office) -> None:
    uri = office.call('mysql/0', 'secret-add', 'word=one')
    office.fail('mysql/0')
    assert office.error('mysql/0', 'secret-get', uri)[0] == 1
    assert office.json('mysql/0', 'secret-ids') is None
    assert office.state.read(records.count, office.model) == 0


def test_new_content_is_seen_by_refresh_and_peek_and_tracked_from_the_end_of_the_hook(office: Office) -> None:
    uri = office.call('mysql/0', 'secret-add', '--label', 'door', 'word=one')
    office.commit('mysql/0')
    assert office.call('mysql/0', 'secret-get', uri, 'word') == 'one'
    office.call('mysql/0', 'secret-set', uri, 'word=two')
    assert office.call('mysql/0', 'secret-get', uri, 'word') == 'one'
    assert office.call('mysql/0', 'secret-get', uri, '--peek', 'word') == 'two'
    assert office.call('mysql/0', 'secret-get', uri, '--refresh', 'word') == 'two'
    assert office.call('mysql/0', 'secret-get', uri, 'word') == 'two'
    office.commit('mysql/0')
    assert office.call('mysql/0', 'secret-get', uri, 'word') == 'two'
    assert [event.kind for event in office.view('mysql/0').secrets.due] == ['secret-remove']
    office.call('mysql/0', 'secret-set', uri, 'word=three')
    office.call('mysql/0', 'secret-get', uri, '--refresh')
    office.fail('mysql/0')
    assert office.call('mysql/0', 'secret-get', uri, 'word') == 'two'


def test_labels_of_owners_and_readers_are_their_own(office: Office) -> None:
    uri = office.call('mysql/0', 'secret-add', '--label', 'door', 'word=one')
    office.call('mysql/0', 'secret-grant', uri, '-r', f'db:{office.relation}')
    office.commit('mysql/0')
    assert office.call('wiki/0', 'secret-get', uri, '--label', 'key', 'word') == 'one'
    assert office.json('wiki/0', 'secret-get', '--label', 'key') == {'word': 'one'}
    assert office.error('wiki/0', 'secret-get', '--label', 'door') == (1, 'consumer label "door" not found')
    assert office.json('mysql/1', 'secret-get', '--label', 'door') == {'word': 'one'}
    office.call('mysql/0', 'secret-get', uri, '--label', 'gate')
    office.commit('mysql/0')
    assert office.json('mysql/0', 'secret-get', '--label', 'gate') == {'word': 'one'}


def test_details_are_kept_and_told(office: Office) -> None:
    words = ('--rotate', 'daily', '--expire', '2027-01-01T00:00:00Z', '--owner', 'unit', 'key#file=/k')
    uri = office.call('mysql/1', 'secret-add', *words, **{'/k': b'from a file\n'})
    other = office.call(
        'mysql/1', 'secret-add', '--owner=unit', '--expire', '1h30m', '--file', 'f', f=b'{"a-key": "b"}'
    )
    office.commit('mysql/1')
    assert office.json('mysql/1', 'secret-get', uri) == {'key': 'from a file\n'}
    assert office.json('mysql/1', 'secret-get', other) == {'a-key': 'b'}
    info = office.json('mysql/1', 'secret-info-get', uri)[uri.removeprefix('secret:')]
    assert info == {
        'revision': 1,
        'label': '',
        'owner': 'unit',
        'rotation': 'daily',
        'rotates': '2026-11-19T11:06:40Z',
        'expiry': '2027-01-01T00:00:00Z',
    }
    later = office.json('mysql/1', 'secret-info-get', other)[other.removeprefix('secret:')]
    assert later['expiry'] == '2026-11-18T12:36:40Z'
    assert office.error('mysql/0', 'secret-info-get', uri)[1].endswith('not found')


def test_a_secret_is_revoked_and_removed(office: Office) -> None:
    uri = office.call('mysql/0', 'secret-add', 'word=one')
    office.call('mysql/0', 'secret-grant', uri, '-r', str(office.relation), '--unit', 'wiki/0')
    office.commit('mysql/0')
    assert office.call('wiki/0', 'secret-get', uri, 'word') == 'one'
    assert office.error('mysql/0', 'secret-grant', uri, '-r', str(office.relation)) == (
        1,
        'any unit level grants need to be revoked before granting access to the corresponding application',
    )
    office.call('mysql/0', 'secret-revoke', uri, '--unit', 'wiki/0')
    office.call('mysql/0', 'secret-grant', uri, '-r', str(office.relation))
    office.call('mysql/0', 'secret-revoke', uri, '--relation', str(office.relation))
    office.commit('mysql/0')
    assert office.error('wiki/0', 'secret-get', uri) == (1, 'permission denied')
    office.call('mysql/0', 'secret-remove', uri)
    assert office.json('mysql/0', 'secret-ids') is None
    office.commit('mysql/0')
    assert office.state.read(records.count, office.model) == 0


@pytest.mark.parametrize(
    ('line', 'code', 'error'),
    [
        ('secret-add', 2, 'missing secret value or filename'),
        ('secret-add word', 2, 'key value "word" not valid'),
        ('secret-add word=', 2, 'key value "word" not valid'),
        ('secret-add A=b', 2, 'key "A" not valid'),
        ('secret-add ab=b', 2, 'key "ab" not valid'),
        ('secret-add word#base64=?', 2, 'value of key "word" not valid: it is not base64'),
        ('secret-add --rotate often word=a', 2, 'rotate policy "often" not valid'),
        ('secret-add --expire soon word=a', 2, 'expire time or duration "soon" not valid'),
        ('secret-add --expire -1h word=a', 2, 'expire time or duration "-1h" not valid'),
        ('secret-add --owner me word=a', 2, 'secret owner "me" not valid'),
        ('secret-add --file empty', 2, 'empty secret value not valid'),
        ('secret-add --file list', 2, 'cannot read secret content: it is not a map of keys to values'),
        ('secret-add --file broken', 2, 'cannot read secret content: it is not valid YAML'),
        ('secret-get', 2, 'require either a secret URI or label'),
        ('secret-get x', 2, 'secret URI "x" not valid'),
        (f'secret-get {ID} --peek --refresh', 2, 'specify one of --peek or --refresh but not both'),
        (f'secret-get {ID}', 1, f'secret "{ID}" not found'),
        ('secret-get --label x', 1, 'consumer label "x" not found'),
        (f'secret-get {ID} a b', 2, 'unrecognized args: ["b"]'),
        (f'secret-info-get {ID}', 1, f'secret "{ID}" not found'),
        ('secret-info-get --label x', 1, 'secret "x" not found'),
        (f'secret-info-get {ID} --label x', 2, 'specify either a secret URI or label but not both'),
        ('secret-info-get', 2, 'require either a secret URI or label'),
        ('secret-set', 2, 'missing secret URI'),
        (f'secret-set {ID} word=a', 1, f'secret "{ID}" not found'),
        ('secret-remove', 2, 'missing secret URI'),
        (f'secret-remove {ID}', 1, f'secret "{ID}" not found'),
        ('secret-grant', 2, 'missing secret URI'),
        (f'secret-grant {ID}', 2, 'missing relation id'),
        (f'secret-grant {ID} -r 0', 1, f'secret "{ID}" not found'),
        (f'secret-grant {ID} -r 9', 2, 'invalid value "9" for option -r: relation not found'),
        (
            f'secret-grant {ID} -r 0 --unit mysql/1',
            1,
            'cannot specify unit "mysql/1" in relation to application "wiki"',
        ),
        (f'secret-revoke {ID}', 2, 'missing relation or application or unit'),
        (f'secret-revoke {ID} --app wiki', 1, f'secret "{ID}" not found'),
    ],
)
def test_how_the_secret_tools_fail(office: Office, line: str, code: int, error: str) -> None:
    files = {'empty': b'{}', 'list': b'[a]', 'broken': b'{s3cret'}
    assert office.error('mysql/0', *line.split(), **files) == (code, error)


def test_followers_and_strangers_change_nothing(office: Office) -> None:
    uri = office.call('mysql/0', 'secret-add', '--label', 'door', 'word=one')
    office.call('mysql/0', 'secret-grant', uri, '-r', str(office.relation))
    office.commit('mysql/0')
    assert office.error('mysql/1', 'secret-add', 'word=one') == (1, 'this unit is not the leader')
    assert office.error('mysql/1', 'secret-set', uri, 'word=x') == (1, 'this unit is not the leader')
    assert office.error('mysql/1', 'secret-remove', uri) == (1, 'this unit is not the leader')
    assert office.error('wiki/0', 'secret-set', uri, 'word=x') == (1, 'permission denied')
    assert office.error('mysql/1', 'secret-grant', uri, '-r', str(office.relation))[1].endswith('not found')
    assert office.json('mysql/1', 'secret-ids') is None


def test_no_message_and_no_trace_holds_a_value(office: Office) -> None:
    office.call('mysql/0', 'secret-add', 'word=hush')
    assert 'hush' not in repr(office.context('mysql/0').secrets)
    assert 'aHVzaA' not in repr(office.context('mysql/0').changes())
    request = tools.Request(tool='secret-add', args=('key#file=f',), files={'f': b'hush'})
    assert 'hush' not in repr(request)
    for line in ('=hush', 'word#base64=hush!'):
        assert 'hush' not in office.error('mysql/0', 'secret-add', line)[1]


def test_what_a_hook_tells_survives_a_crash() -> None:
    event = SecretEvent(kind='secret-remove', id=ID, label='door', revision=2)
    hook = local.Hook(kind=event.kind, secret=event)
    state = local.decode(local.encode(local.begun(LocalState(), hook)))
    assert state.hook == hook
