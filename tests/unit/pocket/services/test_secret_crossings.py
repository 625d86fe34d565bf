"""Secrets that one model shares with another through an offer."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from pocket.agents import secrets as hooks
from pocket.model import HookChanges
from pocket.model.secrets import OwnerKind, SecretAccess, SecretChanges, SecretCreation, SecretDraft, new_id
from pocket.services import crossings, models, relations, uniter
from pocket.services.errors import NOT_SUPPORTED, UNAUTHORIZED, JujuError
from pocket.services.secrets import events, records, tracking
from tests.unit.pocket.services.pair import Pair

if TYPE_CHECKING:
    from tests.unit.pocket.services.conftest import World


class Shared:
    """mysql/0 of the offering model has granted a secret to the application of the other one."""

    def __init__(self, pair: Pair, *, subject: str = '') -> None:
        self.pair, self.tx = pair, pair.tx
        pair.enter()
        uniter.claim_leadership(self.tx, pair.source.uuid, 'mysql/0')
        self.id = new_id()
        creation = SecretCreation(
            id=self.id, owner_kind=OwnerKind.APPLICATION, draft=SecretDraft(content=content('one'))
        )
        self.commit('mysql/0', creations=(creation,))
        self.access = SecretAccess(
            kind=OwnerKind.UNIT if '/' in subject else OwnerKind.APPLICATION,
            subject=subject or pair.proxy,
            relation_id=pair.there,
        )
        self.commit('mysql/0', grants=((self.id, self.access),))

    def commit(self, unit: str, **changes: Any) -> None:
        world = self.pair.source if unit.startswith('mysql') else self.pair.sink
        uniter.commit(self.tx, world.uuid, unit, HookChanges(secrets=SecretChanges(**changes)), '')

    def put(self, word: str) -> None:
        self.commit('mysql/0', updates={self.id: SecretDraft(content=content(word))})

    def get(self, unit: str, *, refresh: bool = False, label: str = '') -> str:
        of = (self.tx, self.pair.sink.uuid, unit, self.id)
        reading = tracking.read(*of, latest=refresh)
        if reading.first or label:
            tracking.begin(*of, revision=reading.revision, label=label)
        if refresh:
            self.commit(unit, tracked={self.id: reading.revision})
        return base64.b64decode(reading.content['word']).decode()

    def refused(self, unit: str = 'wp/0') -> str:
        with pytest.raises(JujuError) as caught:
            self.get(unit)
        assert caught.value.code == UNAUTHORIZED
        return caught.value.message

    def due(self, unit: str) -> list[str]:
        world = self.pair.source if unit.startswith('mysql') else self.pair.sink
        return [f'{event.kind} {event.revision}' for event in world.view(unit).secrets.due]

    def readers(self) -> int:
        return len(self.tx.db.execute('SELECT * FROM secret_consumer').fetchall())


def content(word: str) -> dict[str, str]:
    return {'word': base64.b64encode(word.encode()).decode()}


@pytest.fixture
def pair(world: World) -> Pair:
    return Pair(world)


def test_units_of_the_other_model_read_what_was_granted_to_their_application(pair: Pair) -> None:
    shared = Shared(pair)
    assert (shared.get('wp/0'), shared.get('wp/1')) == ('one', 'one')
    stranger = pair.sink.deploy('nosy', pair.sink.make_charm('nosy'))[0]
    assert shared.refused(stranger) == 'permission denied'


def test_a_grant_may_be_for_one_unit_of_the_other_model(world: World) -> None:
    pair = Pair(world)
    shared = Shared(pair, subject=f'{pair.proxy}/1')
    assert shared.get('wp/1') == 'one'
    assert shared.refused('wp/0') == 'permission denied'
    unknown = SecretAccess(kind=OwnerKind.UNIT, subject=f'{pair.proxy}/7', relation_id=pair.there)
    with pytest.raises(JujuError, match=f'unit "{pair.proxy}/7" not found'):
        shared.commit('mysql/0', grants=((shared.id, unknown),))


def test_each_unit_stays_at_its_revision_and_is_told_of_new_ones_once(pair: Pair) -> None:
    shared = Shared(pair)
    shared.get('wp/0', label='lent')
    shared.put('two')
    assert shared.due('wp/1') == [], 'it has never read the secret'
    assert shared.due('wp/0') == ['secret-changed 2']
    assert (shared.get('wp/0'), shared.get('wp/1')) == ('one', 'two')
    event = pair.sink.view('wp/0').secrets.due[0]
    assert hooks.environment(event) == {
        'JUJU_SECRET_ID': f'secret://{pair.source.uuid}/{shared.id}',
        'JUJU_SECRET_LABEL': 'lent',
    }
    events.told(pair.tx, pair.sink.uuid, 'wp/0', event)
    assert shared.due('wp/0') == []
    shared.put('three')
    assert shared.due('wp/0') == ['secret-changed 3']
    assert shared.get('wp/0', refresh=True) == 'three'
    assert shared.due('wp/0') == []
    assert tracking.find_labelled(pair.tx, pair.sink.uuid, 'wp/0', 'lent') == shared.id
    assert tracking.find_labelled(pair.tx, pair.sink.uuid, 'wp/1', 'lent') is None


def test_a_new_revision_wakes_the_agents_of_both_models(pair: Pair) -> None:
    shared = Shared(pair)
    shared.get('wp/0')
    pair.tx._touched['model'].clear()  # pyright: ignore[reportPrivateUsage]
    shared.put('two')
    assert pair.tx.touched('model') == {pair.source.uuid, pair.sink.uuid}
    pair.tx._touched['model'].clear()  # pyright: ignore[reportPrivateUsage]
    shared.get('wp/0', refresh=True)
    assert pair.source.uuid in pair.tx.touched('model')


def test_the_owner_may_drop_a_revision_once_no_unit_anywhere_tracks_it(pair: Pair) -> None:
    shared = Shared(pair)
    shared.get('wp/0')
    shared.get('wp/1')
    shared.put('two')
    shared.get('wp/0', refresh=True)
    assert shared.due('mysql/0') == []
    shared.get('wp/1', refresh=True)
    assert shared.due('mysql/0') == ['secret-remove 1']


def test_a_unit_that_goes_holds_no_revision_of_another_model_back(pair: Pair) -> None:
    shared = Shared(pair)
    shared.get('wp/1')
    shared.put('two')
    pair.tx._touched['model'].clear()  # pyright: ignore[reportPrivateUsage]
    relations.destroy_by_id(pair.tx, pair.sink.uuid, 0)
    pair.sink.finish('wp/1')
    assert pair.source.uuid in pair.tx.touched('model')
    assert shared.due('mysql/0') == ['secret-remove 1']


def test_what_is_revoked_is_neither_read_nor_told_of(pair: Pair) -> None:
    shared = Shared(pair)
    shared.get('wp/0')
    shared.commit('mysql/0', revocations=((shared.id, shared.access),))
    assert shared.refused() == 'permission denied'
    shared.put('two')
    assert (shared.due('wp/0'), shared.due('mysql/0')) == ([], ['secret-remove 1'])


def test_a_suspended_relation_keeps_secrets_until_it_is_resumed(pair: Pair) -> None:
    shared = Shared(pair)
    shared.get('wp/0')
    crossings.set_suspended(pair.tx, pair.source.uuid, pair.there, True)
    assert shared.refused() == 'permission denied'
    crossings.set_suspended(pair.tx, pair.source.uuid, pair.there, False)
    assert shared.get('wp/0') == 'one'


@pytest.mark.parametrize('end', ['source', 'sink', 'force', 'model'])
def test_the_end_of_the_relation_ends_the_grant(pair: Pair, end: str) -> None:
    shared = Shared(pair)
    shared.get('wp/0')
    if end == 'model':
        models.destroy(pair.tx, pair.sink.uuid, force=True)
    else:
        world, relation = (pair.sink, pair.here) if end == 'sink' else (pair.source, pair.there)
        relations.destroy_by_id(pair.tx, world.uuid, relation, force=end == 'force')
    if end in ('source', 'sink'):
        for unit in ('mysql/0', 'wp/0', 'wp/1'):
            pair.leave(unit)
    if end == 'model':
        pair.leave('mysql/0')
    else:
        assert shared.refused() == 'permission denied'
    assert shared.readers() == 0
    (record,) = records.list_(pair.tx, pair.source.uuid)
    assert record.metadata.access == ()


def test_only_the_model_that_offers_shares(pair: Pair) -> None:
    pair.enter()
    uniter.claim_leadership(pair.tx, pair.sink.uuid, 'wp/0')
    creation = SecretCreation(
        id=new_id(), owner_kind=OwnerKind.UNIT, draft=SecretDraft(content=content('mine'))
    )
    access = SecretAccess(kind=OwnerKind.APPLICATION, subject='db', relation_id=pair.here)
    changes = SecretChanges(creations=(creation,), grants=((creation.id, access),))
    with pytest.raises(JujuError, match='sharing consumer secrets across a cross model relation') as caught:
        uniter.commit(pair.tx, pair.sink.uuid, 'wp/0', HookChanges(secrets=changes), '')
    assert caught.value.code == NOT_SUPPORTED
