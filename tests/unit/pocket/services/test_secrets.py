from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocket.model import HookChanges
from pocket.model.secrets import (
    RETRY_MS,
    OwnerKind,
    Rotate,
    SecretAccess,
    SecretChanges,
    SecretCreation,
    SecretDraft,
    SecretEvent,
    new_id,
)
from pocket.services import applications, life, relations, uniter
from pocket.services.errors import JujuError
from pocket.services.secrets import events, operator, records, tracking

if TYPE_CHECKING:
    from .conftest import World

HOUR_MS = 3_600_000


def content(word: str) -> dict[str, str]:
    return {'word': base64.b64encode(word.encode()).decode()}


@dataclass
class Desk:
    """Two related applications, ``mysql`` and ``wiki``, of two units each; mysql/0 leads."""

    world: World
    relation: int = 0
    ids: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        world = self.world
        world.deploy('mysql', world.make_charm('mysql', provides={'db': 'sql'}), units=2)
        world.deploy('wiki', world.make_charm('wiki', requires={'db': 'sql'}), units=2)
        world.start('mysql/0', 'mysql/1', 'wiki/0', 'wiki/1')
        self.relation = world.relate('wiki', 'mysql')
        world.enter(self.relation, *world.units)
        for leader in ('mysql/0', 'wiki/0'):
            uniter.claim_leadership(world.tx, world.uuid, leader)

    def commit(self, unit: str, **changes: Any) -> None:
        """A hook of *unit* ends well."""
        uniter.commit(self.world.tx, self.world.uuid, unit, HookChanges(secrets=SecretChanges(**changes)), '')

    def add(
        self, unit: str = 'mysql/0', kind: OwnerKind = OwnerKind.APPLICATION, word: str = 'one', **draft: Any
    ) -> str:
        creation = SecretCreation(
            id=new_id(), owner_kind=kind, draft=SecretDraft(content=content(word), **draft)
        )
        self.commit(unit, creations=(creation,))
        return creation.id

    def put(self, secret: str, word: str, unit: str = 'mysql/0') -> None:
        self.commit(unit, updates={secret: SecretDraft(content=content(word))})

    def grant(self, secret: str, subject: str = 'wiki', kind: OwnerKind = OwnerKind.APPLICATION) -> None:
        access = SecretAccess(kind=kind, subject=subject, relation_id=self.relation)
        self.commit('mysql/0', grants=((secret, access),))

    def get(
        self, unit: str, secret: str, *, refresh: bool = False, peek: bool = False, label: str = ''
    ) -> str:
        """Read as secret-get does, and end the hook."""
        tx, uuid = self.world.tx, self.world.uuid
        reading = tracking.read(tx, uuid, unit, secret, latest=refresh or peek)
        if reading.first or label:
            tracking.begin(tx, uuid, unit, secret, revision=reading.revision, label=label)
        if refresh:
            self.commit(unit, tracked={secret: reading.revision})
        return base64.b64decode(reading.content['word']).decode()

    def due(self, unit: str) -> list[tuple[str, int]]:
        """What *unit* is to be told of, as hooks with their revisions."""
        return [(event.kind.removeprefix('secret-'), event.revision) for event in self._events(unit)]

    def tell(self, unit: str) -> SecretEvent:
        """Run the first hook that is due, to a good end without changes."""
        event = self._events(unit)[0]
        self.commit(unit)
        events.told(self.world.tx, self.world.uuid, unit, event)
        return event

    def numbers(self, secret: str) -> list[int]:
        """The revisions that are there."""
        found = [r for r in records.list_(self.world.tx, self.world.uuid) if r.metadata.id == secret]
        return [revision.number for record in found for revision in record.revisions]

    def wait(self, ms: int) -> None:
        self.world.tx.now_ms += ms

    def _events(self, unit: str) -> tuple[SecretEvent, ...]:
        return self.world.view(unit).secrets.due


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(JujuError) as caught:
        work()
    return caught.value.message


@pytest.mark.parametrize(
    ('kind', 'readers'),
    [(OwnerKind.APPLICATION, {'mysql/0', 'mysql/1'}), (OwnerKind.UNIT, {'mysql/0'})],
)
def test_who_reads_a_secret_without_a_grant(desk: Desk, kind: OwnerKind, readers: set[str]) -> None:
    secret = desk.add(kind=kind)
    for unit in desk.world.units:
        if unit in readers:
            assert desk.get(unit, secret) == 'one'
        else:
            assert refused(lambda unit=unit: desk.get(unit, secret)) == 'permission denied'


@pytest.mark.parametrize(
    ('subject', 'kind', 'readers'),
    [('wiki', OwnerKind.APPLICATION, {'wiki/0', 'wiki/1'}), ('wiki/1', OwnerKind.UNIT, {'wiki/1'})],
)
def test_a_grant_is_for_an_application_or_one_unit_and_goes_with_its_relation(
    desk: Desk, subject: str, kind: OwnerKind, readers: set[str]
) -> None:
    secret = desk.add()
    desk.grant(secret, subject, kind)
    readable = {unit for unit in ('wiki/0', 'wiki/1') if _reads(desk, unit, secret)}
    assert readable == readers
    relations.destroy_by_id(desk.world.tx, desk.world.uuid, desk.relation)
    assert {unit for unit in readers if _reads(desk, unit, secret)} == readers, 'hooks still run'
    for unit in desk.world.units:
        uniter.leave_scope(desk.world.tx, desk.world.uuid, unit, desk.relation)
    assert not any(_reads(desk, unit, secret) for unit in readers)
    desk.grant(secret, subject, kind)
    assert not any(_reads(desk, unit, secret) for unit in readers), 'too late'


def _reads(desk: Desk, unit: str, secret: str) -> bool:
    try:
        desk.get(unit, secret)
    except JujuError:
        return False
    return True


def test_the_first_look_pins_what_later_ones_see_until_a_refresh(desk: Desk) -> None:
    secret = desk.add()
    desk.grant(secret)
    assert desk.get('wiki/0', secret, label='door') == 'one'
    desk.put(secret, 'two')
    assert desk.get('wiki/0', secret) == 'one'
    assert desk.get('wiki/0', secret, peek=True) == 'two'
    assert desk.get('wiki/0', secret) == 'one'
    assert desk.get('wiki/1', secret) == 'two', 'another unit looks for the first time'
    assert desk.get('wiki/0', secret, refresh=True) == 'two'
    assert desk.get('wiki/0', secret) == 'two'
    assert tracking.find_labelled(desk.world.tx, desk.world.uuid, 'wiki/0', 'door') == secret
    assert tracking.find_labelled(desk.world.tx, desk.world.uuid, 'wiki/1', 'door') is None


def test_the_same_content_is_no_new_revision(desk: Desk) -> None:
    secret = desk.add()
    desk.put(secret, 'one')
    assert desk.numbers(secret) == [1]
    desk.put(secret, 'two')
    desk.put(secret, 'one')
    assert desk.numbers(secret) == [1, 2, 3]


def test_a_change_is_told_once_to_those_who_track_an_older_revision_and_not_to_its_author(desk: Desk) -> None:
    secret = desk.add(label='mine')
    desk.grant(secret)
    for unit in ('mysql/0', 'mysql/1', 'wiki/0'):
        desk.get(unit, secret)
    desk.put(secret, 'two')
    assert [desk.due(unit) for unit in desk.world.units] == [
        [],
        [('changed', 2)],
        [('changed', 2)],
        [],
    ]
    desk.tell('wiki/0')
    assert desk.due('wiki/0') == []
    desk.put(secret, 'three')
    assert desk.due('wiki/0') == [('changed', 3)]
    desk.get('wiki/0', secret, refresh=True)
    assert desk.due('wiki/0') == []


def test_a_revision_that_nobody_tracks_is_told_to_the_leader_once_each(desk: Desk) -> None:
    secret = desk.add()
    desk.grant(secret)
    desk.get('wiki/0', secret)
    desk.put(secret, 'two')
    assert desk.due('mysql/0') == []
    desk.get('wiki/0', secret, refresh=True)
    assert desk.due('mysql/0') == [('remove', 1)]
    assert desk.due('mysql/1') == []
    desk.tell('mysql/0')
    assert desk.due('mysql/0') == []
    uniter.resign_leadership(desk.world.tx, desk.world.uuid, 'mysql/0')
    uniter.claim_leadership(desk.world.tx, desk.world.uuid, 'mysql/1')
    assert desk.due('mysql/1') == [('remove', 1)], 'a new leader does not know'
    desk.commit('mysql/1', removals=((secret, 1),))
    assert (desk.due('mysql/1'), desk.numbers(secret)) == ([], [2])


def test_whoever_cannot_read_any_more_holds_no_revision_back(desk: Desk) -> None:
    secret = desk.add()
    desk.grant(secret)
    desk.get('wiki/0', secret)
    desk.put(secret, 'two')
    access = SecretAccess(kind=OwnerKind.APPLICATION, subject='wiki')
    desk.commit('mysql/0', revocations=((secret, access),))
    assert desk.due('mysql/0') == [('remove', 1)]
    assert desk.due('wiki/0') == []


def test_a_rotation_comes_at_its_time_and_again_soon_when_nothing_was_done(desk: Desk) -> None:
    secret = desk.add(rotate=Rotate.HOURLY)
    assert desk.world.view('mysql/0').secrets.next_due_s == 3600.0
    assert desk.world.view('mysql/1').secrets.next_due_s is None
    desk.wait(HOUR_MS)
    assert desk.due('mysql/0') == [('rotate', 1)]
    desk.tell('mysql/0')
    assert (desk.due('mysql/0'), desk.world.view('mysql/0').secrets.next_due_s) == ([], RETRY_MS / 1000)
    desk.wait(RETRY_MS)
    event = desk.world.view('mysql/0').secrets.due[0]
    desk.put(secret, 'two')
    events.told(desk.world.tx, desk.world.uuid, 'mysql/0', event)
    assert desk.world.view('mysql/0').secrets.next_due_s == 3600.0
    desk.commit('mysql/0', updates={secret: SecretDraft(rotate=Rotate.NEVER)})
    assert desk.world.view('mysql/0').secrets.next_due_s is None


def test_rotations_that_were_missed_are_made_up_for_once(desk: Desk) -> None:
    secret = desk.add(rotate=Rotate.HOURLY)
    desk.wait(10 * HOUR_MS)
    event = desk.world.view('mysql/0').secrets.due[0]
    desk.put(secret, 'two')
    events.told(desk.world.tx, desk.world.uuid, 'mysql/0', event)
    assert ('rotate', 2) not in desk.due('mysql/0')
    assert desk.world.view('mysql/0').secrets.next_due_s == 3600.0


def test_an_expiry_is_told_until_the_revision_is_gone_and_before_all_else(desk: Desk) -> None:
    secret = desk.add(rotate=Rotate.HOURLY, expire_ms=desk.world.tx.now_ms + HOUR_MS)
    desk.put(secret, 'two')
    desk.wait(HOUR_MS)
    assert desk.due('mysql/0') == [('expired', 1), ('rotate', 2), ('remove', 1)]
    desk.tell('mysql/0')
    assert desk.due('mysql/0') == [('rotate', 2), ('remove', 1)]
    desk.wait(RETRY_MS)
    assert desk.due('mysql/0')[0] == ('expired', 1)
    desk.commit('mysql/0', removals=((secret, 1),))
    assert desk.due('mysql/0') == [('rotate', 2)]


def test_secrets_go_with_their_owner(desk: Desk) -> None:
    of_unit = desk.add('mysql/1', OwnerKind.UNIT)
    of_application = desk.add()
    applications.destroy_unit(desk.world.tx, desk.world.uuid, 'mysql/1')
    desk.world.finish('mysql/1')
    assert (desk.numbers(of_unit), desk.numbers(of_application)) == ([], [1])
    applications.destroy(desk.world.tx, desk.world.uuid, 'mysql')
    desk.world.finish('mysql/0')
    for unit in ('wiki/0', 'wiki/1'):
        uniter.leave_scope(desk.world.tx, desk.world.uuid, unit, desk.relation)
    assert 'mysql' not in desk.world.applications
    assert records.count(desk.world.tx, desk.world.uuid) == 0


def test_a_unit_that_goes_lets_go_of_what_it_tracked(desk: Desk) -> None:
    secret = desk.add()
    desk.grant(secret)
    desk.get('wiki/1', secret)
    desk.put(secret, 'two')
    life.remove_unit(desk.world.tx, desk.world.uuid, 'wiki/1')
    assert desk.due('mysql/0') == [('remove', 1)]


def test_what_a_hook_may_not_do_is_refused(desk: Desk) -> None:
    secret = desk.add(label='mine')
    draft = SecretDraft(content=content('x'))
    creation = SecretCreation(id=new_id(), owner_kind=OwnerKind.APPLICATION, draft=draft)
    assert refused(lambda: desk.commit('mysql/1', creations=(creation,))) == 'this unit is not the leader'
    assert refused(lambda: desk.put(secret, 'x', 'mysql/1')) == 'permission denied'
    assert refused(lambda: desk.put(secret, 'x', 'wiki/0')) == 'permission denied'
    assert refused(lambda: desk.commit('wiki/0', removals=((secret, None),))) == 'permission denied'
    assert refused(lambda: desk.put('9' * 20, 'x')) == f'secret "{"9" * 20}" not found'
    assert refused(lambda: desk.add(label='mine')) == 'secret with label "mine" already exists'
    desk.add('mysql/0', OwnerKind.UNIT, label='mine')
    nobody = refused(lambda: desk.grant(secret, 'wiki/7', OwnerKind.UNIT))
    assert nobody == 'unit "wiki/7" not found'
    number = refused(lambda: desk.commit('mysql/0', removals=((secret, 7),)))
    assert number == f'secret revision "{secret}/7" not found'


def test_a_label_of_a_reader_names_one_secret(desk: Desk) -> None:
    first, second = desk.add(), desk.add()
    desk.grant(first)
    desk.grant(second)
    desk.get('wiki/0', first, label='door')
    error = refused(lambda: desk.get('wiki/0', second, label='door'))
    assert error == 'secret with label "door" already exists'
    desk.get('wiki/0', first, label='gate')
    desk.get('wiki/0', second, label='door')
    assert tracking.find_labelled(desk.world.tx, desk.world.uuid, 'wiki/0', 'gate') == first


def test_a_secret_of_the_model_is_read_by_whom_it_is_granted_to(desk: Desk) -> None:
    tx, uuid = desk.world.tx, desk.world.uuid
    secret = new_id()
    draft = SecretDraft(label='token', content=content('one'))
    assert operator.add(tx, uuid, secret_id=secret, draft=draft) == f'secret:{secret}'
    assert refused(lambda: desk.get('wiki/0', secret)) == 'permission denied'
    operator.grant(tx, uuid, 'token', 'wiki')
    assert desk.get('wiki/0', secret) == 'one'
    operator.update(tx, uuid, f'secret:{secret}', SecretDraft(content=content('two')), auto_prune=True)
    assert desk.due('wiki/0') == [('changed', 2)]
    assert desk.numbers(secret) == [1, 2]
    desk.get('wiki/0', secret, refresh=True)
    assert desk.numbers(secret) == [2], 'pruned by itself'
    operator.update(tx, uuid, secret, SecretDraft(label='renamed'))
    operator.revoke(tx, uuid, 'renamed', 'wiki')
    assert refused(lambda: desk.get('wiki/0', secret)) == 'permission denied'
    operator.remove(tx, uuid, 'renamed', (2,))
    assert records.count(tx, uuid) == 0


def test_what_an_operator_may_not_do_is_refused(desk: Desk) -> None:
    tx, uuid = desk.world.tx, desk.world.uuid
    draft = SecretDraft(label='token', content=content('one'))
    operator.add(tx, uuid, secret_id=new_id(), draft=draft)
    again = refused(lambda: operator.add(tx, uuid, secret_id=new_id(), draft=draft))
    assert again == 'secret with name "token" already exists'
    empty = refused(lambda: operator.add(tx, uuid, secret_id=new_id(), draft=SecretDraft(label='x')))
    assert empty == 'empty secret value not valid'
    of_charm = desk.add()
    assert refused(lambda: operator.remove(tx, uuid, of_charm)) == 'permission denied'
    assert refused(lambda: operator.grant(tx, uuid, 'token', 'nobody')) == 'application "nobody" not found'
    assert refused(lambda: operator.grant(tx, uuid, 'nothing', 'wiki')) == 'secret "nothing" not found'
    nothing = refused(lambda: operator.update(tx, uuid, 'token', SecretDraft()))
    assert nothing == 'at least one attribute to update must be specified'


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(['put', 'get', 'refresh', 'peek', 'remove', 'tell', 'leave']),
        st.sampled_from(['mysql/0', 'mysql/1', 'wiki/0', 'wiki/1']),
        st.integers(min_value=0, max_value=3),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps=_STEPS)
def test_tracked_latest_and_obsolete_follow_the_rules_for_any_history(
    make_world: Callable[[], World], steps: list[tuple[str, str, int]]
) -> None:
    desk = Desk(make_world())
    secret = desk.add(word='0')
    desk.grant(secret)
    words = {1: '0'}
    """The revisions that are there, by number."""
    latest, tracked, told = 1, dict[str, int](), set[int]()
    for step, unit, number in steps:
        gone = unit not in desk.world.units
        if step == 'put':
            if words[latest] != str(number):
                latest += 1
                words[latest] = str(number)
            desk.put(secret, str(number))
        elif step == 'remove' and number in words and number not in (latest, *tracked.values()):
            desk.commit('mysql/0', removals=((secret, number),))
            del words[number]
        elif step == 'leave' and unit.startswith('wiki') and not gone:
            life.remove_unit(desk.world.tx, desk.world.uuid, unit)
            tracked.pop(unit, None)
        elif step == 'tell' and desk.due('mysql/0'):
            told.add(desk.tell('mysql/0').revision)
        elif step in ('get', 'refresh', 'peek') and not gone:
            if step == 'refresh' or unit not in tracked:
                tracked[unit] = latest
            seen = latest if step == 'peek' else tracked[unit]
            got = desk.get(unit, secret, refresh=step == 'refresh', peek=step == 'peek')
            assert got == words[seen]
        obsolete = sorted(set(words) - {latest, *tracked.values()} - told)
        assert desk.due('mysql/0') == [('remove', number) for number in obsolete]
        assert desk.numbers(secret) == sorted(words)
        for other in set(desk.world.units) - {'mysql/0'}:
            behind = tracked.get(other, latest) < latest
            assert desk.due(other) == ([('changed', latest)] if behind else [])
