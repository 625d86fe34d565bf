from __future__ import annotations

from dataclasses import replace

import pytest

from pocket.agents import local as local_state
from pocket.agents import operations, resolver
from pocket.agents.local import LocalState, WorkloadState
from pocket.agents.workloads import events
from pocket.agents.workloads.events import Seen
from pocket.model import Life, StorageView, Surroundings, UnitView
from pocket.model.pods import WorkloadEvent

NOTICE = WorkloadEvent(
    container='web',
    kind='pebble-custom-notice',
    boot_id='b1',
    notice_id='3',
    notice_type='custom',
    notice_key='example.com/backup',
    at='2026-01-01T00:00:01.5Z',
)
FAILED = replace(
    NOTICE, kind='pebble-check-failed', notice_id='4', check_name='up', at='2026-01-01T00:00:01.52Z'
)
UP = Seen(boots={'web': 'b1'})


class Pod:
    """A unit in a pod and what its agent has done."""

    def __init__(self, view: UnitView) -> None:
        self.view = replace(
            view, pod=True, leader=False, leader_settings_version=-1, surroundings=Surroundings(boot_id='p1')
        )
        self.local = LocalState()
        self.seen = UP
        self.leaving = False
        self.failing = ''

    def settle(self) -> list[str]:
        """Work until nothing can be done; return the names of what was done."""
        done: list[str] = []
        for _ in range(50):
            self.local = local_state.decode(local_state.encode(self.local))
            operation = resolver.next_operation(self.local, self.view, seen=self.seen, leaving=self.leaving)
            match operation:
                case operations.Deploy():
                    done.append('deploy')
                    self.local = local_state.deployed(self.local, self.view)
                case operations.RunHook(hook=hook):
                    done.append(hook.name)
                    self.local = local_state.begun(self.local, hook)
                    if hook.name != self.failing:
                        self.local = local_state.committed(self.local, hook)
                case operations.SkipHook(hook=hook):
                    done.append(f'skip {hook.name}')
                    self.local = local_state.committed(self.local, hook)
                case _:
                    return [*done, 'wait'] if operation != operations.Wait() else done
        pytest.fail(f'never settles: {done}')

    def move(self, boot_id: str) -> None:
        """Go on in another run of the pod."""
        self.view = replace(self.view, surroundings=Surroundings(boot_id=boot_id))
        self.leaving = False


@pytest.fixture
def pod(view: UnitView) -> Pod:
    """A pod that has not begun, whose container is up."""
    return Pod(view)


@pytest.fixture
def started(pod: Pod) -> Pod:
    """A pod whose first hooks are done."""
    pod.settle()
    return pod


def test_a_container_that_is_up_early_is_ready_between_the_first_hooks(pod: Pod) -> None:
    assert pod.settle() == [
        'deploy',
        'install',
        'web-pebble-ready',
        'config-changed',
        'start',
    ]
    assert pod.settle() == []


def test_a_container_that_is_up_late_is_ready_after_start(pod: Pod) -> None:
    pod.seen = events.NOTHING
    assert pod.settle() == ['deploy', 'install', 'config-changed', 'start']
    pod.seen = UP
    assert pod.settle() == ['web-pebble-ready']


def test_each_run_of_a_container_is_ready_once(started: Pod) -> None:
    started.seen = events.NOTHING
    assert started.settle() == []
    started.seen = Seen(boots={'web': 'b2'})
    assert started.settle() == ['web-pebble-ready']
    assert started.settle() == []


def test_notices_come_in_their_order_after_ready_and_once(started: Pod) -> None:
    started.seen = replace(UP, notices=(NOTICE, FAILED))
    assert started.settle() == ['web-pebble-custom-notice', 'web-pebble-check-failed']
    assert started.settle() == []
    assert started.local.workloads['web'] == WorkloadState(boot_id='b1', notice_at=FAILED.at, notice_id='4')


def test_a_failed_workload_hook_is_tried_again_as_long_as_its_container_runs(started: Pod) -> None:
    started.failing = 'web-pebble-ready'
    started.seen = Seen(boots={'web': 'b2'})
    assert started.settle() == ['web-pebble-ready', 'wait']
    again = resolver.next_operation(started.local, started.view, seen=started.seen, retry_due=True)
    assert isinstance(again, operations.RunHook)
    assert again.hook.name == 'web-pebble-ready'


def test_a_failed_workload_hook_of_a_run_that_is_gone_is_passed_over(started: Pod) -> None:
    started.failing = 'web-pebble-check-failed'
    started.seen = replace(UP, notices=(FAILED,))
    assert started.settle() == ['web-pebble-check-failed', 'wait']
    started.seen = events.NOTHING  # it may come back yet
    assert started.settle() == ['wait']
    started.seen = Seen(boots={'web': 'b2'})
    assert started.settle() == ['skip web-pebble-check-failed', 'web-pebble-ready']


def test_notices_of_a_run_that_is_gone_are_passed_over(started: Pod) -> None:
    started.seen = Seen(boots={'web': 'b2'}, notices=(NOTICE, replace(FAILED, boot_id='b2')))
    assert started.settle() == ['web-pebble-ready', 'web-pebble-check-failed']


def test_a_pod_that_is_replaced_runs_stop_and_the_next_one_the_hooks_of_an_upgrade(started: Pod) -> None:
    started.leaving = True
    assert started.settle() == ['stop', 'wait']
    started.move('p2')
    started.seen = Seen(boots={'web': 'b2'})
    assert started.settle() == ['deploy', 'upgrade-charm', 'config-changed', 'start', 'web-pebble-ready']
    assert started.settle() == []


def test_a_pod_that_ended_by_itself_is_followed_without_stop(started: Pod) -> None:
    started.failing = 'web-pebble-ready'
    started.seen = Seen(boots={'web': 'b2'})
    started.settle()
    started.move('p2')
    started.failing = ''
    started.seen = Seen(boots={'web': 'b3'})
    assert started.settle() == ['deploy', 'upgrade-charm', 'config-changed', 'start', 'web-pebble-ready']


def test_a_unit_in_error_leaves_its_pod_without_stop(pod: Pod) -> None:
    pod.failing = 'install'
    pod.settle()
    pod.leaving = True
    assert pod.settle() == ['wait']
    pod.move('p2')
    pod.failing = ''
    assert pod.settle()[:2] == ['deploy', 'install']


def test_another_charm_comes_with_another_pod_only(started: Pod) -> None:
    started.view = replace(started.view, charm_url='local:app-1', charm_modified=1)
    assert started.settle() == []
    started.move('p2')
    assert started.settle()[:2] == ['deploy', 'upgrade-charm']


def test_a_dying_unit_hears_no_more_of_its_containers(started: Pod) -> None:
    started.view = replace(started.view, life=Life.DYING)
    started.seen = Seen(boots={'web': 'b2'})
    assert started.settle() == ['stop', 'remove', 'wait']


def test_storage_of_a_pod_waits_for_start_and_keeps_nobody_waiting(pod: Pod) -> None:
    pod.view = replace(
        pod.view,
        storage=(
            StorageView(id='data/0', kind='filesystem', location='/data', dying=False, provisioned=False),
        ),
    )
    assert pod.settle()[-2:] == ['config-changed', 'start']
    pod.view = replace(pod.view, storage=(replace(pod.view.storage[0], provisioned=True),))
    assert pod.settle() == ['data-storage-attached']


@pytest.mark.parametrize(
    ('earlier', 'later'),
    [
        ('2026-01-01T00:00:01Z', '2026-01-01T00:00:01.000000001Z'),
        ('2026-01-01T00:00:01.36Z', '2026-01-01T00:00:01.366Z'),
        ('2026-01-01T00:00:01.9Z', '2026-01-01T00:00:02Z'),
    ],
)
def test_times_are_compared_as_times(earlier: str, later: str) -> None:
    assert events.moment(earlier) < events.moment(later)
    assert events.latest([later, earlier, '']) == later
