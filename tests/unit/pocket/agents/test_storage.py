"""When the hooks of storage run, as Juju has it, and what tools and the environment say of storage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from pocket.agents import environment, operations, resolver, tools
from pocket.agents import local as local_state
from pocket.agents.context import HookContext, Reader
from pocket.agents.local import Hook, Kind, LocalState, Step
from pocket.agents.paths import MachinePaths
from pocket.model import Life, PendingAction, StorageAddition, StorageView, UnitView

DATA = StorageView(id='data/0', kind='filesystem', location='/srv/data', dying=False, provisioned=True)
LOGS = replace(DATA, id='logs/1', location='/var/lib/juju/storage/logs/1')
ABSENT = replace(DATA, provisioned=False)
DYING = replace(DATA, dying=True)

ATTACHED = Hook(kind='storage-attached', endpoint='data', storage_id='data/0')
DETACHING = Hook(kind='storage-detaching', endpoint='data', storage_id='data/0')


def _work(local: LocalState, view: UnitView) -> tuple[list[str], LocalState, operations.Operation]:
    """Do what can be done, every hook succeeding; return it in words, with the state and what is last."""
    trace: list[str] = []
    for _ in range(50):
        local = local_state.decode(local_state.encode(local))
        operation = resolver.next_operation(local, view)
        match operation:
            case operations.Deploy():
                trace.append('deploy')
                local = local_state.deployed(local, view)
            case operations.RunHook(hook=hook):
                trace.append(hook.name)
                local = local_state.committed(local_state.begun(local, hook), hook)
            case operations.SkipHook(hook=hook):
                trace.append(f'skip {hook.name}')
                local = local_state.committed(local, hook)
            case operations.ReleaseStorage(storage_id=storage_id):
                trace.append(f'release {storage_id}')
                left = tuple(each for each in view.storage if each.id != storage_id)
                view = replace(view, storage=left)
            case operations.Resign():
                local = local_state.deposed(local)
                view = replace(view, leader=False)
            case _:
                return trace, local, operation
    pytest.fail(f'never settles: {trace[-10:]}')


def _started(view: UnitView) -> LocalState:
    return _work(LocalState(), view)[1]


def test_all_initial_storage_is_attached_before_install(view: UnitView) -> None:
    trace, local, _ = _work(LocalState(), replace(view, storage=(DATA, LOGS)))
    assert trace[:4] == ['deploy', 'data-storage-attached', 'logs-storage-attached', 'install']
    assert local.storage == ('data/0', 'logs/1')


def test_the_unit_waits_for_all_initial_storage_and_is_not_idle(view: UnitView) -> None:
    trace, local, last = _work(LocalState(), replace(view, storage=(LOGS, ABSENT)))
    assert trace == ['deploy']
    assert last == operations.Wait(idle=False)
    trace, _, last = _work(local, replace(view, storage=(LOGS, DATA)))
    assert trace[:3] == ['logs-storage-attached', 'data-storage-attached', 'install']
    assert last == operations.Wait()


def test_storage_that_is_added_later_is_waited_for_by_nobody(view: UnitView) -> None:
    local = _started(view)
    assert _work(local, replace(view, storage=(ABSENT,)))[2] == operations.Wait()
    assert _work(local, replace(view, storage=(DATA,)))[0] == ['data-storage-attached']


def test_nothing_runs_before_a_restarted_machine_has_its_storage_back(view: UnitView) -> None:
    local = _started(replace(view, storage=(DATA,)))
    action = PendingAction(id='4', name='backup', parameters={})
    gone = replace(view, storage=(ABSENT,), actions=(action,), settings_hash='new')
    assert _work(local, gone)[2] == operations.Wait(idle=False)


def test_added_storage_comes_before_a_config_change_and_after_an_action(view: UnitView) -> None:
    local = _started(view)
    changed = replace(view, storage=(DATA,), settings_hash='new')
    assert _work(local, changed)[0] == ['data-storage-attached', 'config-changed']
    action = PendingAction(id='4', name='backup', parameters={})
    assert resolver.next_operation(local, replace(changed, actions=(action,))) == operations.RunAction(
        action=action
    )


def test_no_storage_hook_comes_between_config_changed_and_start(view: UnitView) -> None:
    queued = local_state.queued(replace(_started(view), started=False), Hook(kind='start'))
    assert _work(queued, replace(view, storage=(DATA,)))[0] == ['start', 'data-storage-attached']


def test_what_goes_is_detached_by_its_hook_and_then_released(view: UnitView) -> None:
    local = _started(replace(view, storage=(DATA, LOGS)))
    trace, local, _ = _work(local, replace(view, storage=(DYING, LOGS)))
    assert trace == ['data-storage-detaching', 'release data/0']
    assert local.storage == ('logs/1',)


def test_what_the_charm_never_heard_of_is_released_without_a_hook(view: UnitView) -> None:
    assert _work(_started(view), replace(view, storage=(DYING,)))[0] == ['release data/0']
    never_mounted = replace(ABSENT, dying=True)
    assert _work(LocalState(), replace(view, storage=(never_mounted,)))[0][0] == 'release data/0'


def test_a_dying_unit_detaches_before_it_stops(view: UnitView) -> None:
    local = _started(replace(view, storage=(DATA,)))
    trace, _, last = _work(local, replace(view, storage=(DYING,), life=Life.DYING))
    assert trace == ['data-storage-detaching', 'release data/0', 'stop', 'remove']
    assert last == operations.Die()


@pytest.mark.parametrize('hook', [ATTACHED, DETACHING])
@pytest.mark.parametrize('step', list(Step))
def test_a_hook_about_storage_that_is_gone_is_passed_over(view: UnitView, hook: Hook, step: Step) -> None:
    half = replace(_started(view), kind=Kind.RUN_HOOK, step=step, hook=hook)
    assert resolver.next_operation(half, view) == operations.SkipHook(hook=hook)


def test_a_failed_storage_hook_is_tried_again_about_the_same_instance(view: UnitView) -> None:
    failed = local_state.begun(_started(view), ATTACHED)
    there = replace(view, storage=(DATA,))
    assert resolver.next_operation(failed, there) == operations.Wait(failed=ATTACHED)
    assert resolver.next_operation(failed, there, retry_due=True) == operations.RunHook(hook=ATTACHED)


def test_storage_hooks_know_what_they_are_about(view: UnitView) -> None:
    context = _context(view, hook=ATTACHED)
    env = environment.build(
        context, paths=MachinePaths(), api_addresses=(), dispatch_path='hooks/data-storage-attached'
    )
    assert {key: value for key, value in env.items() if key.startswith('JUJU_STORAGE')} == {
        'JUJU_STORAGE_ID': 'data/0',
        'JUJU_STORAGE_KIND': 'filesystem',
        'JUJU_STORAGE_LOCATION': '/srv/data',
    }


def _context(view: UnitView, **more: Any) -> HookContext:
    local = LocalState(storage=('logs/1',))
    # No tool of storage reads more than the view.
    return HookContext(
        id='c', view=replace(view, storage=(DATA, LOGS)), local=local, reader=cast('Reader', None), **more
    )


@pytest.mark.parametrize(
    ('line', 'hook', 'stdout'),
    [
        ('storage-list', None, 'logs/1\n'),
        ('storage-list', ATTACHED, 'data/0\nlogs/1\n'),
        ('storage-list data --format=json', ATTACHED, '["data/0"]\n'),
        ('storage-list tapes --format=json', None, '[]\n'),
        ('storage-get', ATTACHED, 'kind: filesystem\nlocation: /srv/data\n'),
        ('storage-get location', ATTACHED, '/srv/data\n'),
        (
            'storage-get -s logs/1 --format=json',
            None,
            '{"kind":"filesystem","location":"' + LOGS.location + '"}\n',
        ),
        ('storage-get -s logs/1 kind', ATTACHED, 'filesystem\n'),
    ],
)
def test_tools_tell_of_the_storage_that_is_attached(
    view: UnitView, line: str, hook: Hook | None, stdout: str
) -> None:
    tool, *args = line.split()
    reply = tools.answer(tools.Request(tool=tool, args=tuple(args)), _context(view, hook=hook))
    assert (reply.code, reply.stdout) == (0, stdout)


@pytest.mark.parametrize(
    ('line', 'stderr'),
    [
        ('storage-get', 'no storage instance specified'),
        ('storage-get -s logs/1 size', 'invalid storage attribute "size"'),
        ('storage-get -s nine', 'invalid value "nine" for option -s: invalid storage ID "nine"'),
        ('storage-get -s data/0', 'invalid value "data/0" for option -s: storage not found'),
        ('storage-add', 'storage add requires a storage directive'),
        ('storage-add logs=1G', 'only count can be specified for "logs"'),
        ('storage-add logs=ebs,2', 'only count can be specified for "logs"'),
        ('storage-add logs=0', 'cannot parse directive for storage "logs": count must be greater than zero'),
    ],
)
def test_tools_refuse_what_makes_no_sense(view: UnitView, line: str, stderr: str) -> None:
    tool, *args = line.split()
    context = _context(view)
    reply = tools.answer(tools.Request(tool=tool, args=tuple(args)), context)
    assert (reply.code, reply.stderr) == (2, f'ERROR {stderr}\n')
    assert context.changes().storage == ()


def test_storage_add_is_kept_with_what_the_hook_leaves_behind(view: UnitView) -> None:
    context = _context(view)
    for args in (('logs',), ('logs=2', 'data=1')):
        assert tools.answer(tools.Request(tool='storage-add', args=args), context).code == 0
    assert context.changes().storage == (
        StorageAddition(name='logs', count=1),
        StorageAddition(name='logs', count=2),
        StorageAddition(name='data', count=1),
    )
