from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pocket.agents import local as local_state
from pocket.agents import operations, resolver
from pocket.agents.local import LocalState
from pocket.model import Life, PendingAction, RelationView, Surroundings, UnitView


@dataclass
class Unit:
    """A unit and the little of a model that its agent acts upon: operations succeed unless told otherwise."""

    view: UnitView
    local: LocalState = field(default_factory=LocalState)
    failing: frozenset[str] = frozenset()
    removed: bool = False
    trace: list[str] = field(default_factory=list[str])
    committed: list[str] = field(default_factory=list[str])

    def step(self, **due: Any) -> operations.Operation:
        """Do the next operation and return it."""
        # What is saved is what the next agent knows.
        self.local = local_state.decode(local_state.encode(self.local))
        operation = resolver.next_operation(self.local, self.view, **due)
        self._apply(operation)
        return operation

    def settle(self, **due: Any) -> list[str]:
        """Work until nothing can be done; return the operations since the last call, as words."""
        for _ in range(200):
            if self.removed or isinstance(self.step(**due), operations.Wait):
                break
            due = {}  # a timer is due once
        else:
            pytest.fail(f'never settles: {self.trace[-10:]}')
        trace, self.trace = self.trace, []
        return trace

    def change(self, **fields: Any) -> None:
        self.view = replace(self.view, **fields)

    def relate(self, relation: RelationView, **fields: Any) -> None:
        """Add *relation* or, when the unit knows it, change it."""
        others = tuple(known for known in self.view.relations if known.id != relation.id)
        current = next((known for known in self.view.relations if known.id == relation.id), relation)
        self.change(relations=(*others, replace(current, **fields)))

    def _apply(self, operation: operations.Operation) -> None:
        match operation:
            case operations.RunCommand():
                self.trace.append('command')
            case operations.SeeReboot():
                self.local = replace(self.local, boot_id=self.view.surroundings.boot_id)
            case operations.Deploy():
                self.trace.append('deploy')
                if self.local.charm_url:
                    self.local = local_state.upgrading(self.local)
                self.local = local_state.deployed(self.local, self.view)
            case operations.RunHook(hook=hook):
                self.trace.append(' '.join(filter(None, (hook.name, hook.remote_unit))))
                self.local = local_state.begun(self.local, hook)
                if operation.resolved:
                    self.change(resolved='')
                if hook.name not in self.failing:
                    self.local = local_state.committed(self.local, hook)
                    self.committed.append(hook.name)
            case operations.SkipHook(hook=hook):
                self.trace.append(' '.join(filter(None, ('skip', hook.name, hook.remote_unit))))
                self.change(resolved='')
                self.local = local_state.committed(self.local, hook)
            case operations.ReleaseStorage(storage_id=storage_id):
                self.trace.append(f'release {storage_id}')
                left = tuple(each for each in self.view.storage if each.id != storage_id)
                self.change(storage=left)
            case operations.RunAction(action=action):
                self.trace.append(f'action {action.id}')
                self.local = local_state.acted(local_state.acting(self.local, action.id))
                self.change(actions=self.view.actions[1:])
            case operations.EndAction(action_id=action_id, status=status):
                self.trace.append(f'{status} {action_id}')
                self.local = local_state.acted(self.local)
                self.change(actions=tuple(a for a in self.view.actions if a.id != action_id))
            case operations.EnterScope(relation_id=relation_id):
                self._in_scope(relation_id, inside=True)
            case operations.LeaveScope(relation_id=relation_id):
                self.trace.append(f'leave {relation_id}')
                self._in_scope(relation_id, inside=False)
            case operations.Resign():
                self.trace.append('resign')
                self.local = local_state.deposed(self.local)
                self.change(leader=False)
            case operations.ClearResolved():
                self.change(resolved='')
            case operations.Die():
                self.trace.append('die')
                self.change(life=Life.DEAD)
            case operations.Remove():
                self.removed = True
            case operations.Wait():
                pass

    def _in_scope(self, relation_id: int, *, inside: bool) -> None:
        kept = [known for known in self.view.relations if known.id != relation_id]
        relation = next(known for known in self.view.relations if known.id == relation_id)
        if inside or relation.life is Life.ALIVE:
            kept.append(replace(relation, in_scope=inside))
        self.change(relations=tuple(kept))


FIRST = ['deploy', 'install', 'leader-elected', 'config-changed', 'start']


@pytest.fixture
def unit(view: UnitView) -> Unit:
    """A unit that has not begun."""
    return Unit(view)


@pytest.fixture
def started(unit: Unit) -> Unit:
    """A unit whose first hooks are done."""
    unit.settle()
    return unit


def test_a_first_start_runs_the_hooks_in_jujus_order(unit: Unit) -> None:
    assert unit.settle() == FIRST
    assert unit.settle() == []


def test_a_follower_hears_of_the_leaders_settings_once(unit: Unit) -> None:
    unit.change(leader=False)
    assert unit.settle() == ['deploy', 'install', 'leader-settings-changed', 'config-changed', 'start']
    unit.change(leader_settings_version=1)
    assert unit.settle() == ['leader-settings-changed']


def test_relations_are_created_before_the_first_config_and_joined_after_start(
    unit: Unit, db: RelationView, peer: RelationView
) -> None:
    unit.relate(peer, members={'app/1': 1})
    unit.relate(db, members={'mysql/0': 2}, application_versions={'mysql': 5})
    assert unit.settle() == [
        'deploy',
        'install',
        'cluster-relation-created',
        'db-relation-created',
        'leader-elected',
        'config-changed',
        'start',
        'db-relation-changed',
        'db-relation-joined mysql/0',
        'db-relation-changed mysql/0',
        'cluster-relation-joined app/1',
        'cluster-relation-changed app/1',
    ]


def test_a_unit_is_in_scope_before_it_hears_of_the_relation(started: Unit, db: RelationView) -> None:
    started.relate(db)
    assert started.step() == operations.EnterScope(relation_id=1)
    assert started.settle() == ['db-relation-created']


def test_a_new_relation_comes_before_a_pending_config_change_but_its_members_after(
    started: Unit, db: RelationView
) -> None:
    started.relate(db, members={'mysql/0': 1})
    started.change(settings_hash='h2')
    assert started.settle() == [
        'db-relation-created',
        'config-changed',
        'db-relation-joined mysql/0',
        'db-relation-changed mysql/0',
    ]


def test_changed_follows_joined_even_when_the_unit_is_gone_by_then(started: Unit, db: RelationView) -> None:
    started.relate(db, members={'mysql/0': 1, 'mysql/1': 1})
    while started.trace[-1:] != ['db-relation-joined mysql/0']:
        started.step()
    started.relate(db, members={'mysql/1': 1})
    assert started.settle()[-4:] == [
        'db-relation-changed mysql/0',
        'db-relation-departed mysql/0',
        'db-relation-joined mysql/1',
        'db-relation-changed mysql/1',
    ]


def test_members_report_only_versions_that_moved(started: Unit, db: RelationView) -> None:
    started.relate(db, members={'mysql/0': 1, 'mysql/1': 1})
    started.settle()
    started.relate(db, members={'mysql/0': 1, 'mysql/1': 4})
    assert started.settle() == ['db-relation-changed mysql/1']


def test_a_removed_relation_departs_in_order_then_breaks_and_leaves(started: Unit, db: RelationView) -> None:
    started.relate(db, members={'mysql/1': 1, 'mysql/0': 1})
    started.settle()
    started.relate(db, life=Life.DYING)
    assert started.settle() == [
        'db-relation-departed mysql/0',
        'db-relation-departed mysql/1',
        'db-relation-broken',
        'leave 1',
    ]


def test_a_relation_that_died_before_it_was_created_runs_no_hook(started: Unit, db: RelationView) -> None:
    started.relate(db, life=Life.DYING, in_scope=True)
    assert started.settle() == ['leave 1']


def test_a_suspended_relation_breaks_and_begins_again_when_it_is_resumed(
    started: Unit, db: RelationView
) -> None:
    started.relate(db, members={'mysql/0': 1})
    started.settle()
    started.relate(db, suspended=True)
    assert started.settle() == ['db-relation-departed mysql/0', 'db-relation-broken', 'leave 1']
    assert isinstance(started.step(), operations.Wait)
    started.relate(db, suspended=False, members={'mysql/0': 2})
    assert started.settle() == [
        'db-relation-created',
        'db-relation-joined mysql/0',
        'db-relation-changed mysql/0',
    ]


def test_a_relation_that_was_suspended_before_it_was_created_is_not_entered(
    started: Unit, db: RelationView
) -> None:
    started.relate(db, suspended=True)
    assert isinstance(started.step(), operations.Wait)


def test_a_leader_hears_of_its_own_peer_application_settings(started: Unit, peer: RelationView) -> None:
    started.relate(peer)
    started.settle()
    started.relate(peer, application_versions={'app': 1})
    operation = started.step()
    assert isinstance(operation, operations.RunHook)
    assert (operation.hook.name, operation.hook.remote_application, operation.hook.remote_unit) == (
        'cluster-relation-changed',
        'app',
        '',
    )
    started.trace.clear()
    assert started.settle() == []


def test_an_implicit_relation_is_entered_and_left_without_hooks(started: Unit, db: RelationView) -> None:
    started.relate(replace(db, endpoint='juju-info', implicit=True), members={'sub/0': 1})
    assert started.settle() == []
    assert started.view.relations[0].in_scope
    started.relate(db, life=Life.DYING)
    assert started.settle() == ['leave 1']


def test_removal_resigns_departs_breaks_stops_and_dies(
    started: Unit, db: RelationView, peer: RelationView
) -> None:
    started.relate(db, members={'mysql/0': 1})
    started.relate(peer, members={'app/1': 1})
    started.settle()
    started.change(life=Life.DYING)
    assert started.settle() == [
        'resign',
        'db-relation-departed mysql/0',
        'db-relation-broken',
        'leave 1',
        'cluster-relation-departed app/1',
        'leave 0',
        'stop',
        'remove',
        'die',
    ]
    assert started.removed


@pytest.mark.parametrize(
    ('life', 'members', 'departing'),
    [(Life.ALIVE, dict[str, int](), 'mysql/0'), (Life.DYING, {'mysql/0': 1}, 'app/0')],
)
def test_a_departing_unit_is_named_by_who_goes(
    started: Unit, db: RelationView, life: Life, members: dict[str, int], departing: str
) -> None:
    started.relate(db, members={'mysql/0': 1})
    started.settle()
    started.relate(db, members=members)
    started.change(life=life)
    operation = started.step()
    if operation == operations.Resign():
        operation = started.step()
    assert isinstance(operation, operations.RunHook)
    assert operation.hook.name == 'db-relation-departed'
    assert operation.hook.departing_unit == departing


@pytest.mark.parametrize(
    ('done', 'expected'),
    [
        pytest.param(LocalState(), ['resign', 'die'], id='not installed'),
        pytest.param(
            LocalState(installed=True, charm_url='local:app-0'), ['resign', 'remove', 'die'], id='not started'
        ),
    ],
)
def test_a_unit_that_goes_early_skips_what_it_never_had(
    view: UnitView, done: LocalState, expected: list[str]
) -> None:
    assert Unit(replace(view, life=Life.DYING), local=done).settle() == expected


def test_a_principal_outlives_its_subordinates(started: Unit) -> None:
    started.change(life=Life.DYING, has_subordinates=True)
    assert started.settle() == ['resign', 'stop', 'remove']
    assert not started.removed
    started.change(has_subordinates=False)
    assert started.settle() == ['die']


def test_a_failed_hook_blocks_everything_but_actions(started: Unit, db: RelationView) -> None:
    started.failing = frozenset({'config-changed'})
    started.change(settings_hash='h2')
    assert started.settle() == ['config-changed']
    started.relate(db, members={'mysql/0': 1})
    started.change(charm_url='local:app-1', actions=(PendingAction(id='4', name='backup', parameters={}),))
    assert started.settle() == ['action 4']
    assert started.local.failed_hook


def test_a_failed_hook_runs_again_when_its_time_has_come(started: Unit) -> None:
    started.failing = frozenset({'config-changed'})
    started.change(settings_hash='h2')
    started.settle()
    started.failing = frozenset()
    assert started.settle() == []
    assert started.settle(retry_due=True) == ['config-changed']
    assert started.local.settings_hash == 'h2'


def test_a_model_may_forbid_retries(started: Unit) -> None:
    started.failing = frozenset({'config-changed'})
    started.change(settings_hash='h2', retry_hooks=False)
    started.settle()
    assert started.settle(retry_due=True) == []


@pytest.mark.parametrize(
    ('resolved', 'expected'),
    [('retry-hooks', ['install', 'leader-elected']), ('no-hooks', ['skip install', 'leader-elected'])],
)
def test_the_operator_resolves_an_error(unit: Unit, resolved: str, expected: list[str]) -> None:
    unit.failing = frozenset({'install'})
    unit.settle()
    unit.failing = frozenset()
    unit.change(resolved=resolved)
    assert unit.settle()[:2] == expected
    assert unit.view.resolved == ''


def test_a_request_to_resolve_nothing_is_dropped(started: Unit) -> None:
    started.change(resolved='retry-hooks')
    assert started.settle() == []
    assert started.view.resolved == ''


def test_a_failed_hook_of_a_vanished_relation_is_skipped(started: Unit, db: RelationView) -> None:
    started.failing = frozenset({'db-relation-created'})
    started.relate(db)
    started.settle()
    started.change(relations=())
    assert started.settle() == ['skip db-relation-created']


def test_an_upgrade_replaces_the_charm_then_configures_it(started: Unit) -> None:
    started.change(charm_url='local:app-1')
    assert started.settle() == ['deploy', 'upgrade-charm', 'config-changed']


def test_an_upgrade_that_was_interrupted_goes_first(started: Unit, db: RelationView) -> None:
    started.local = local_state.upgrading(started.local)
    started.relate(db)
    assert started.settle()[:2] == ['deploy', 'upgrade-charm']


def test_an_upgrade_waits_for_the_end_of_an_error_unless_it_is_forced(started: Unit) -> None:
    started.failing = frozenset({'config-changed'})
    started.change(settings_hash='h2')
    assert started.settle() == ['config-changed']
    started.change(charm_url='local:app-1')
    assert started.settle() == []
    started.change(charm_forced=True)
    assert started.settle() == ['deploy'], 'back in the error: no hook of the upgrade runs'
    started.failing = frozenset()
    started.change(resolved='retry-hooks')
    assert started.settle() == ['config-changed']


def test_a_changed_resource_upgrades_too(started: Unit) -> None:
    started.change(charm_modified=3)
    assert started.settle() == ['deploy', 'upgrade-charm', 'config-changed']


def test_a_lost_leadership_is_silent_and_the_new_leader_is_news(started: Unit) -> None:
    started.change(leader=False)
    assert started.settle() == ['resign', 'leader-settings-changed']
    started.change(leader=True)
    assert started.settle() == ['leader-elected']


def test_an_action_waits_for_its_turn_behind_queued_hooks(unit: Unit) -> None:
    unit.change(actions=(PendingAction(id='4', name='backup', parameters={}),))
    assert unit.settle() == [
        'deploy',
        'install',
        'leader-elected',
        'action 4',
        'config-changed',
        'start',
    ]


def test_an_action_that_an_agents_death_interrupted_has_failed(started: Unit) -> None:
    started.local = local_state.acting(started.local, '7')
    assert started.settle() == ['failed 7']


def test_an_action_that_is_cancelled_before_it_runs_is_ended(started: Unit) -> None:
    started.change(actions=(PendingAction(id='4', name='backup', parameters={}, cancel=True),))
    assert started.settle() == ['cancelled 4']


@pytest.mark.parametrize(
    ('parallel', 'group', 'lock'), [(False, '', ''), (True, '', None), (True, 'g', 'g'), (False, 'g', 'g')]
)
def test_an_action_holds_a_lock_unless_it_is_parallel_and_in_no_group(
    parallel: bool, group: str, lock: str | None
) -> None:
    action = PendingAction(id='4', name='a', parameters={}, parallel=parallel, execution_group=group)
    assert operations.lock_needed(operations.RunAction(action=action)) == lock


def test_update_status_runs_only_when_nothing_else_is_to_do(started: Unit) -> None:
    started.change(settings_hash='h2')
    assert started.settle(update_status_due=True) == ['config-changed']
    assert started.settle(update_status_due=True) == ['update-status']


def test_a_hook_that_was_under_way_when_its_agent_died_has_failed(unit: Unit) -> None:
    unit.step()
    unit.local = local_state.begun(unit.local, local_state.Hook(kind='install'))
    operation = unit.step()
    assert isinstance(operation, operations.Wait)
    assert operation.failed
    assert operation.failed.kind == 'install'


CHANGES: dict[str, Callable[[Unit, int], None]] = {}


def _change(function: Callable[[Unit, int], None]) -> Callable[[Unit, int], None]:
    CHANGES[function.__name__] = function
    return function


def _relation(unit: Unit, number: int) -> RelationView | None:
    alive = [known for known in unit.view.relations if known.life is Life.ALIVE]
    return alive[number % len(alive)] if alive else None


@_change
def join(unit: Unit, number: int) -> None:
    if relation := _relation(unit, number):
        name = f'{relation.remote_application}/{number + 1}'
        unit.relate(relation, members={**relation.members, name: 1})


@_change
def depart(unit: Unit, number: int) -> None:
    if (relation := _relation(unit, number)) and relation.members:
        gone = sorted(relation.members)[number % len(relation.members)]
        unit.relate(relation, members={name: v for name, v in relation.members.items() if name != gone})


@_change
def write(unit: Unit, number: int) -> None:
    if relation := _relation(unit, number):
        unit.relate(relation, members={name: v + 1 for name, v in relation.members.items()})


@_change
def break_relation(unit: Unit, number: int) -> None:
    relation = _relation(unit, number)
    if relation and relation.role != 'peer':
        unit.relate(relation, life=Life.DYING)


@_change
def configure(unit: Unit, number: int) -> None:
    unit.change(settings_hash=f'h{number}')


@_change
def refresh(unit: Unit, number: int) -> None:
    unit.change(charm_url=f'local:app-{number}')


@_change
def depose(unit: Unit, number: int) -> None:
    unit.change(leader=number % 2 == 0 and unit.view.life is Life.ALIVE)


@_change
def fail(unit: Unit, number: int) -> None:
    kinds = ('install', 'config-changed', 'db-relation-joined', 'db-relation-changed', 'stop')
    unit.failing = frozenset({kinds[number % len(kinds)]})


@_change
def mend(unit: Unit, number: int) -> None:
    unit.failing = frozenset()


@_change
def resolve(unit: Unit, number: int) -> None:
    unit.change(resolved=('retry-hooks', 'no-hooks')[number % 2])


@_change
def die(unit: Unit, number: int) -> None:
    if unit.view.life is Life.ALIVE and number > 7:
        unit.change(life=Life.DYING)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixtures are frozen
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 9), st.integers(0, 4)), max_size=40
    )
)
def test_whatever_happens_the_promises_to_charms_hold(
    view: UnitView, db: RelationView, peer: RelationView, steps: list[tuple[str, int, int]]
) -> None:
    unit = Unit(replace(view, relations=(peer, db)))
    for name, number, count in steps:
        if unit.view.life is not Life.DEAD:
            CHANGES[name](unit, number)
        for _ in range(count):
            if not unit.removed:
                unit.step(retry_due=number % 2 == 0)
    unit.failing = frozenset()
    if unit.view.life is Life.ALIVE:
        unit.change(life=Life.DYING)
    trace = unit.settle(retry_due=True)
    assert unit.removed
    _check([word.removeprefix('skip ') for word in trace if not word.startswith(_NO_HOOKS)], unit)


_NO_HOOKS = ('deploy', 'leave', 'resign', 'die')


def _check(hooks: list[str], unit: Unit) -> None:
    if hooks:
        assert hooks[0] == 'install'
        assert hooks[-1] in ('install', 'remove')
    assert 'cluster-relation-broken' not in hooks
    assert all(unit.committed.count(once) <= 1 for once in ('install', 'start', 'stop', 'remove'))
    for relation in ('db', 'cluster'):
        own = [hook for hook in hooks if hook.startswith(f'{relation}-relation-')]
        for hook, after in itertools.pairwise(own):
            if '-joined ' in hook:
                # A failed joined runs again; a committed one is followed by changed for that unit.
                assert after in (hook, hook.replace('-joined ', '-changed ')), own
        assert not own or own[0] == f'{relation}-relation-created'
        assert f'{relation}-relation-broken' not in own[:-1]


def _booted(unit: Unit, boot_id: str, *, rebooting: bool = False) -> None:
    unit.change(surroundings=Surroundings(boot_id=boot_id, rebooting=rebooting))


def test_start_runs_again_after_a_reboot_and_only_then(unit: Unit) -> None:
    _booted(unit, 'first')
    assert unit.settle() == FIRST
    _booted(unit, 'second')
    assert unit.settle() == ['start']
    assert unit.settle() == []


def test_the_first_run_that_is_known_is_no_reboot(started: Unit) -> None:
    _booted(started, 'first')
    assert started.settle() == []
    _booted(started, 'second')
    assert started.settle() == ['start']


def test_nothing_runs_while_a_reboot_is_waited_for(started: Unit) -> None:
    _booted(started, 'first', rebooting=True)
    started.change(settings_hash='h2')
    assert resolver.next_operation(started.local, started.view) == operations.Wait(rebooting=True)
    _booted(started, 'second')
    assert started.settle() == ['config-changed']


def test_a_hook_in_error_is_settled_before_a_reboot_is_told(unit: Unit) -> None:
    _booted(unit, 'first')
    unit.settle()
    unit.failing = frozenset({'config-changed'})
    unit.change(settings_hash='h2')
    unit.settle()
    _booted(unit, 'second')
    assert unit.settle() == []
    unit.failing = frozenset()
    unit.change(resolved='retry-hooks')
    assert unit.settle() == ['config-changed', 'start']


def test_a_command_waits_for_actions_and_comes_before_hooks(started: Unit) -> None:
    started.change(settings_hash='h2', actions=(PendingAction(id='4', name='backup', parameters={}),))
    found = resolver.next_operation(started.local, started.view, commands=True)
    assert isinstance(found, operations.RunAction)
    started.change(actions=())
    assert resolver.next_operation(started.local, started.view, commands=True) == operations.RunCommand()


def test_no_command_runs_before_install(unit: Unit) -> None:
    assert isinstance(resolver.next_operation(unit.local, unit.view, commands=True), operations.Deploy)
