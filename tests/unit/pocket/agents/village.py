"""A model with its agents in one thread: real services, the real resolver, hooks that only end somehow.

Each step of an agent is what `pocket.agents.unit` does in one turn, cut where a crash could come between:
after the state says that a hook has begun, and before or after the hook's commit.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from pocket.agents import local as local_state
from pocket.agents import operations, resolver
from pocket.agents.local import Hook, Kind, LocalState, Step
from pocket.model import ActionResult, HookChanges, Life, UnitView, application_of
from pocket.services import uniter
from pocket.services.errors import CANNOT_ENTER_SCOPE, CANNOT_ENTER_SCOPE_YET, HAS_SUBORDINATES, JujuError
from pocket.state import Tx


@dataclass
class Past:
    """What one unit's charm has seen: the hooks that were committed, in order."""

    committed: list[Hook] = field(default_factory=list[Hook])
    begun: Counter[str] = field(default_factory=Counter[str])
    joined: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set[str]))
    created: set[int] = field(default_factory=set[int])
    broken: set[int] = field(default_factory=set[int])
    after_join: dict[int, str] = field(default_factory=dict[int, str])
    dead: bool = False


class Village:
    """All agents of one model."""

    def __init__(self, tx: Tx, uuid: str) -> None:
        self.tx = tx
        self.uuid = uuid
        self.past: dict[str, Past] = {}
        self.agents: dict[str, LocalState] = {}
        """Agents that run; one that crashed is started again from what it saved."""

    def turn(self, unit: str, chance: random.Random, *, trouble: bool) -> bool:
        """Let the agent of *unit* do one thing; False when it had nothing to do."""
        view = uniter.view(self.tx, self.uuid, unit)
        if view is None:
            self.agents.pop(unit, None)
            return False
        if unit not in self.agents:
            self.agents[unit] = replace(local_state.decode(view.agent_state), leader_settings_version=-1)
        local = self.agents[unit]
        if not view.leader and view.life is Life.ALIVE and uniter.claim_leadership(self.tx, self.uuid, unit):
            view = self.view(unit)
        operation = resolver.next_operation(local, view, retry_due=True)
        if isinstance(operation, operations.Wait):
            self._show(unit, local, view)
            return False
        if trouble and chance.random() < 0.1:
            del self.agents[unit]  # crash: nothing of the operation was begun
            return True
        return self._perform(unit, operation, view, chance, trouble=trouble)

    def view(self, unit: str) -> UnitView:
        view = uniter.view(self.tx, self.uuid, unit)
        assert view is not None
        return view

    def _show(self, unit: str, local: LocalState, view: UnitView) -> None:
        assert local.kind is Kind.CONTINUE, 'no unit is idle while a hook is queued or under way'
        uniter.set_agent_status(self.tx, self.uuid, unit, 'idle')

    def _save(self, unit: str, local: LocalState) -> None:
        uniter.save_state(self.tx, self.uuid, unit, local_state.encode(local))
        self.agents[unit] = local

    def _perform(
        self,
        unit: str,
        operation: operations.Operation,
        view: UnitView,
        chance: random.Random,
        *,
        trouble: bool,
    ) -> bool:
        tx, uuid, local = self.tx, self.uuid, self.agents[unit]
        try:
            match operation:
                case operations.Deploy():
                    if local.charm_url:
                        self._save(unit, local_state.upgrading(local))
                        if trouble and chance.random() < 0.3:
                            del self.agents[unit]
                            return True
                    self._save(unit, local_state.deployed(self.agents[unit], view))
                    uniter.set_charm(tx, uuid, unit, view.charm_url)
                case operations.RunHook(hook=hook, resolved=resolved):
                    if resolved:
                        uniter.clear_resolved(tx, uuid, unit)
                    self._run_hook(unit, hook, view, chance, trouble=trouble)
                case operations.SkipHook(hook=hook):
                    uniter.clear_resolved(tx, uuid, unit)
                    self._commit(unit, hook, HookChanges(), ran=False)
                case operations.RunAction(action=action):
                    uniter.start_action(tx, uuid, action.id)
                    self._save(unit, local_state.acting(local, action.id))
                    if trouble and chance.random() < 0.3:
                        del self.agents[unit]
                        return True
                    uniter.finish_action(tx, uuid, action.id, ActionResult(status='completed'), HookChanges())
                    self._save(unit, local_state.acted(self.agents[unit]))
                case operations.EndAction(action_id=action_id, status=status, message=message):
                    uniter.finish_action(tx, uuid, action_id, ActionResult(status=status, message=message))
                    self._save(unit, local_state.acted(local))
                case operations.EnterScope(relation_id=relation_id):
                    uniter.enter_scope(tx, uuid, unit, relation_id)
                case operations.LeaveScope(relation_id=relation_id):
                    known = local.relations.get(relation_id)
                    assert known is None or not known.members, 'who leaves has been told that all departed'
                    uniter.leave_scope(tx, uuid, unit, relation_id)
                case operations.Resign():
                    uniter.resign_leadership(tx, uuid, unit)
                    self._save(unit, local_state.deposed(local))
                case operations.ClearResolved():
                    uniter.clear_resolved(tx, uuid, unit)
                case operations.Die():
                    uniter.set_dead(tx, uuid, unit)
                    self.past_of(unit).dead = True
                case operations.Remove():
                    uniter.remove_unit(tx, uuid, unit)
                    del self.agents[unit]
                case _:
                    raise AssertionError(operation)
        except JujuError as error:
            if error.code not in (CANNOT_ENTER_SCOPE, CANNOT_ENTER_SCOPE_YET, HAS_SUBORDINATES):
                raise
            return False
        return True

    def _run_hook(
        self, unit: str, hook: Hook, view: UnitView, chance: random.Random, *, trouble: bool
    ) -> None:
        past = self.past_of(unit)
        self._check_may_run(past, hook, view)
        self._save(unit, local_state.begun(self.agents[unit], hook))
        past.begun[hook.name] += 1
        fate = chance.random() if trouble else 1.0
        if fate < 0.15:  # the daemon dies with the hook
            del self.agents[unit]
            uniter.set_agent_status(self.tx, self.uuid, unit, 'executing')
            return
        if fate < 0.3:  # it fails
            uniter.set_agent_status(self.tx, self.uuid, unit, 'error')
            return
        if fate < 0.35:  # somebody kills it
            self._save(unit, replace(self.agents[unit], step=Step.QUEUED, hook=hook))
            return
        uniter.set_agent_status(self.tx, self.uuid, unit, 'executing')
        self._commit(unit, hook, self._changes(hook, view, chance), ran=True)
        if fate < 0.4:  # the daemon dies just after the commit
            del self.agents[unit]

    def _changes(self, hook: Hook, view: UnitView, chance: random.Random) -> HookChanges:
        entered = [relation.id for relation in view.relations if relation.in_scope]
        if not entered or chance.random() < 0.7:
            return HookChanges()
        settings = {chance.choice(entered): {'word': str(chance.randint(0, 3))}}
        leads = view.leader and chance.random() < 0.5
        return HookChanges(unit_settings=settings, application_settings=settings if leads else {})

    def _commit(self, unit: str, hook: Hook, changes: HookChanges, *, ran: bool) -> None:
        local = local_state.committed(self.agents[unit], hook)
        uniter.commit(self.tx, self.uuid, unit, changes, local_state.encode(local))
        self.agents[unit] = local
        self._note(self.past_of(unit), hook)

    def past_of(self, unit: str) -> Past:
        """What *unit* has seen so far."""
        return self.past.setdefault(unit, Past())

    def _check_may_run(self, past: Past, hook: Hook, view: UnitView) -> None:
        """The rules of order, from what was committed before."""
        kinds = [one.kind for one in past.committed]
        assert not past.dead, 'no hook after the end'
        assert view.life is not Life.DEAD
        if hook.kind == 'install':
            assert not kinds, 'install is the first hook, and runs once'
            return
        assert 'install' in kinds, f'{hook.name} before install'
        assert 'remove' not in kinds, 'remove is the last hook'
        if hook.kind == 'remove':
            assert view.life is Life.DYING
            assert 'stop' in kinds or 'start' not in kinds
        elif 'stop' in kinds:
            raise AssertionError(f'{hook.name} after stop')
        if hook.kind == 'start':
            runs = [one.boot_id for one in past.committed if one.kind == 'start']
            assert hook.boot_id not in runs, 'start runs once in each run of the machine'
            assert runs or kinds[-1] == 'config-changed', 'start follows config-changed'
        if hook.kind == 'leader-elected':
            assert view.leader
        if hook.kind in ('relation-joined', 'relation-changed', 'relation-departed', 'config-changed'):
            assert hook.kind == 'config-changed' or 'start' in kinds or view.life is Life.DYING
        if hook.in_relation:
            self._check_relation(past, hook, view)

    def _check_relation(self, past: Past, hook: Hook, view: UnitView) -> None:
        about, unit = hook.relation_id, hook.remote_unit
        assert unit != view.unit, 'a unit never sees itself'
        assert about not in past.broken, 'nothing after broken'
        if hook.kind == 'relation-created':
            assert about not in past.created
            assert view.life is Life.ALIVE or past.begun[hook.name], 'only one that failed while alive'
            return
        assert about in past.created, 'created comes first'
        pending = past.after_join.get(about)
        if pending:
            assert (hook.kind, unit) == ('relation-changed', pending), 'changed follows joined'
        if hook.kind == 'relation-joined':
            assert unit not in past.joined[about]
        elif hook.kind == 'relation-changed' and unit:
            assert unit in past.joined[about], 'joined before changed'
        elif hook.kind == 'relation-departed':
            assert unit in past.joined[about]
        elif hook.kind == 'relation-broken':
            assert not past.joined[about], 'departed before broken'
            assert next(r.role for r in view.relations if r.id == about) != 'peer', 'peers are never broken'

    def _note(self, past: Past, hook: Hook) -> None:
        past.committed.append(hook)
        about = hook.relation_id
        match hook.kind:
            case 'relation-created':
                past.created.add(about)
            case 'relation-joined':
                past.joined[about].add(hook.remote_unit)
                past.after_join[about] = hook.remote_unit
            case 'relation-changed':
                if past.after_join.get(about) == hook.remote_unit:
                    del past.after_join[about]
            case 'relation-departed':
                past.joined[about].discard(hook.remote_unit)
            case 'relation-broken':
                past.broken.add(about)
            case _:
                pass

    def check(self) -> None:
        """What holds whenever nobody is in the middle of something."""
        leaders: dict[str, str] = {}
        for unit in self.past:
            view = uniter.view(self.tx, self.uuid, unit)
            if view is not None and view.leader:
                assert leaders.setdefault(application_of(unit), unit) == unit, 'one leader'
