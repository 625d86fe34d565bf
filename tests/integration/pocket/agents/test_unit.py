from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pocket.agents import unit as unit_agent
from pocket.services import actions, applications, refresh, relations, status, uniter

if TYPE_CHECKING:
    from .conftest import Town

OpsCharm = Callable[..., dict[str, str]]

PROVIDER = 'provides: {db: {interface: mysql}}'
REQUIRER = 'requires: {db: {interface: mysql}}'


async def test_an_ops_charm_lives_from_install_to_removal(town: Town, ops_charm: OpsCharm) -> None:
    await town.deploy('store', ops_charm('store', PROVIDER))
    await town.deploy('wiki', ops_charm('wiki', REQUIRER))
    await town.until(lambda: town.shows('wiki/0', 'active', 'started'), 'wiki starts')
    await town.until(lambda: town.shows('store/0', 'active', 'started'), 'store starts')
    unit = town.unit('wiki/0')
    assert unit
    assert (unit.workload_version, [str(port) for port in unit.ports]) == ('1.2', ['80/tcp'])

    await town.state.write(relations.add, town.model, ['wiki', 'store'])
    await town.until(lambda: town.shows('wiki/0', 'active', 'hunter2 of store'), 'wiki gets the password')
    hooks = (town.charm_dir('wiki/0') / 'hooks.log').read_text().splitlines()
    assert hooks[:4] == ['hooks/install', 'hooks/leader-elected', 'hooks/config-changed', 'hooks/start']
    assert hooks[4] == 'hooks/db-relation-created'
    assert 'hooks/db-relation-joined store/0' in hooks

    await town.state.write(applications.destroy, town.model, 'wiki')
    await town.until(lambda: 'wiki/0' not in town.snapshot().units, 'wiki goes')
    await town.until(lambda: len(town.snapshot().machines) == 1, 'its machine goes')
    assert not town.charm_dir('wiki/0').exists()
    store = (town.charm_dir('store/0') / 'hooks.log').read_text().splitlines()
    assert store[-2:] == ['hooks/db-relation-departed wiki/0', 'hooks/db-relation-broken']


async def _act(town: Town, unit: str, action_name: str, /, **parameters: Any) -> str:
    request = actions.ActionRequest(receiver=unit, name=action_name, parameters=parameters)
    enqueued = await town.state.write(actions.enqueue, town.model, [request])
    action = enqueued.actions[0].action
    assert action is not None, enqueued
    return action.id


async def _ended(town: Town, action_id: str) -> actions.ActionRecord:
    def get() -> actions.ActionRecord:
        return town.state.read(actions.get, town.model, action_id)

    await town.until(lambda: get().completed_ms, f'action {action_id} ends')
    return get()


async def test_an_ops_action_logs_answers_and_fails(town: Town, ops_charm: OpsCharm) -> None:
    await town.deploy('wiki', ops_charm('wiki', REQUIRER))
    await town.until(lambda: town.shows('wiki/0', 'active', 'started'), 'wiki starts')
    done = await _ended(town, await _act(town, 'wiki/0', 'greet', name='you'))
    assert (done.status, done.results, [text for _, text in done.log]) == (
        'completed',
        {'said': 'hello you', 'return-code': 0},
        ['greeting'],
    )
    done = await _ended(town, await _act(town, 'wiki/0', 'greet', name='nobody'))
    assert (done.status, done.message) == ('failed', 'nobody is there')


SCRIPTS = {
    'metadata.yaml': 'name: tool\n',
    'config.yaml': 'options: {mode: {type: string, default: good}}\n',
    'actions.yaml': 'slow: {}\nbroken: {}\nmissing: {}\n',
    '+hooks/start': '#!/bin/sh\nstatus-set active up\n',
    '+hooks/config-changed': """\
        #!/bin/sh
        [ "$(config-get mode)" = good ] && exit 0
        echo "that is bad" >&2
        open-port 81
        exit 3
        """,
    '+actions/slow': '#!/bin/sh\naction-set begun=yes\naction-log begun\nexec sleep 60\n',
    '+actions/broken': '#!/bin/sh\nopen-port 82\naction-fail "my words"\necho out\nexit 4\n',
    'data/old': 'old',
    'data/both': 'old',
}


async def _tool(town: Town, **files: str) -> None:
    await town.deploy('tool', {**SCRIPTS, **files})
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit starts')


async def test_a_hook_that_fails_shows_it_keeps_nothing_and_is_resolved(town: Town) -> None:
    await _tool(town)
    await town.state.write(applications.set_config, town.model, 'tool', {'mode': 'bad'})

    def failed() -> bool:
        unit = town.unit('tool/0')
        assert unit
        return unit.workload.value == 'error'

    await town.until(failed, 'the hook fails')
    unit = town.unit('tool/0')
    assert unit
    assert unit.workload.message == 'hook failed: "config-changed"'
    assert unit.workload.data == {'hook': 'config-changed'}
    assert unit.agent.value == 'idle'
    assert unit.ports == ()
    assert 'WARNING unit.tool/0.config-changed that is bad' in town.log()

    await town.state.write(applications.set_config, town.model, 'tool', {'mode': 'good'})
    await town.state.write(applications.resolve, town.model, 'tool/0', retry=True)
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the hook runs again')


async def test_a_missing_hook_is_no_failure_and_is_noted(town: Town) -> None:
    await _tool(town)
    assert 'INFO juju.worker.uniter.operation skipped "install" hook (missing)' in town.log()


async def test_an_action_that_exits_badly_keeps_its_results_but_not_its_changes(town: Town) -> None:
    await _tool(town)
    done = await _ended(town, await _act(town, 'tool/0', 'broken'))
    assert (done.status, done.message) == ('failed', 'exit status 4')
    assert done.results == {'return-code': 4, 'stdout': 'out\n'}
    unit = town.unit('tool/0')
    assert unit
    assert unit.ports == ()


async def test_an_action_without_a_script_is_not_implemented(town: Town) -> None:
    await _tool(town)
    done = await _ended(town, await _act(town, 'tool/0', 'missing'))
    assert (done.status, done.message) == ('failed', 'action not implemented on unit "tool/0"')


async def test_a_running_action_is_cancelled(town: Town) -> None:
    await _tool(town)
    slow = await _act(town, 'tool/0', 'slow')
    await town.until(lambda: town.state.read(actions.get, town.model, slow).log, 'the action runs')
    await town.state.write(actions.cancel, town.model, slow)
    assert (await _ended(town, slow)).status == 'aborted'
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit goes on')


async def test_a_command_runs_in_the_charms_folder_with_hook_tools(town: Town) -> None:
    await _tool(town)
    enqueued = await town.state.write(
        actions.run_commands,
        town.model,
        'pwd; unit-get private-address; open-port 90; echo "$JUJU_DISPATCH_PATH" >&2; exit 5',
        units=['tool/0'],
    )
    action = enqueued.actions[0].action
    assert action
    done = await _ended(town, action.id)
    assert done.status == 'completed'
    assert done.results == {
        'return-code': 5,
        'stdout': f'{town.charm_dir("tool/0")}\n127.0.0.1\n',
        'stderr': '\n',
    }
    unit = town.unit('tool/0')
    assert unit
    assert [str(port) for port in unit.ports] == ['90/tcp']


async def test_a_refresh_replaces_the_charms_files_and_keeps_those_it_made(town: Town) -> None:
    await _tool(town, **{'+hooks/install': '#!/bin/sh\necho mine > data/made\n'})
    newer = {**SCRIPTS, 'data/both': 'new', '+hooks/upgrade-charm': '#!/bin/sh\nstatus-set active new\n'}
    del newer['data/old']
    url = await town.upload('tool', newer)
    await town.state.write(refresh.set_charm, town.model, 'tool', charm_url=url)
    await town.until(lambda: town.shows('tool/0', 'active', 'new'), 'the upgrade ends')
    data = town.charm_dir('tool/0') / 'data'
    assert {path.name: path.read_text().strip() for path in data.iterdir()} == {'both': 'new', 'made': 'mine'}


async def test_a_hook_that_the_daemons_stop_interrupts_runs_again_without_an_error(town: Town) -> None:
    gate = town.folder / 'gate'
    install = f'#!/bin/sh\n[ -e {gate} ] && exit 0\njuju-log waiting\nexec sleep 60\n'
    await town.deploy('tool', {**SCRIPTS, '+hooks/install': install})
    await town.until(lambda: any('waiting' in line for line in town.log()), 'install runs')
    await town.stop()
    gate.touch()
    town.start()
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit starts')
    assert not any('failed' in line for line in town.log())


async def test_a_subordinate_comes_with_its_principal_and_goes_before_it(town: Town) -> None:
    sub = {
        'metadata.yaml': 'name: sub\nsubordinate: true\n'
        'requires: {host: {interface: juju-info, scope: container}}\n',
        '+hooks/start': '#!/bin/sh\nstatus-set active "with $JUJU_PRINCIPAL_UNIT"\n',
    }
    await _tool(town)
    await town.deploy('sub', sub, units=0)
    await town.state.write(relations.add, town.model, ['sub', 'tool'])
    await town.until(lambda: town.shows('sub/0', 'active', 'with tool/0'), 'the subordinate starts')
    await town.state.write(applications.destroy, town.model, 'tool')
    await town.until(lambda: not town.snapshot().units, 'both go')
    await town.until(lambda: not town.snapshot().machines, 'their machine goes')


async def test_peers_find_each_other_and_follow_one_leader(town: Town) -> None:
    peer = {
        'metadata.yaml': 'name: ring\npeers: {cluster: {interface: ring}}\n',
        '+hooks/leader-elected': '#!/bin/sh\nrelation-set -r "$(relation-ids cluster)" --app token=abc\n',
        '+hooks/cluster-relation-changed': """\
            #!/bin/sh
            set -e
            token=$(relation-get -r "$JUJU_RELATION_ID" --app token "$JUJU_UNIT_NAME")
            status-set active "$token $(relation-list | tr '\\n' ' ')"
            """,
    }
    await town.deploy('ring', peer, units=2)
    await town.until(lambda: town.shows('ring/0', 'active', 'abc ring/1 '), 'the first knows the second')
    await town.until(lambda: town.shows('ring/1', 'active', 'abc ring/0 '), 'the second knows the first')
    assert [unit.leader for unit in town.snapshot().units.values()].count(True) == 1


async def test_a_hook_that_was_under_way_when_the_daemon_was_killed_has_failed(town: Town) -> None:
    """The operator sees an error and may resolve it; by itself the hook is tried again after a while."""
    gate = town.folder / 'gate'
    install = f'#!/bin/sh\n[ -e {gate} ] && exit 0\njuju-log waiting\nexec sleep 60\n'
    await town.deploy('tool', {**SCRIPTS, '+hooks/install': install})
    await town.until(lambda: any('waiting' in line for line in town.log()), 'install runs')
    pending = town.state.read(uniter.view, town.model, 'tool/0')
    assert pending
    await town.stop()
    gate.touch()
    await town.state.write(uniter.save_state, town.model, 'tool/0', pending.agent_state)
    town.start()
    await town.until(lambda: _shows_error(town, 'hook failed: "install"'), 'the hook has failed')
    await town.state.write(applications.resolve, town.model, 'tool/0', retry=True)
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit starts')


def _shows_error(town: Town, message: str) -> bool:
    unit = town.unit('tool/0')
    return unit is not None and (unit.workload.value, unit.workload.message) == ('error', message)


async def test_a_hook_that_something_kills_runs_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_agent, 'RETRY_FIRST_S', 0.05)
    gate = town.folder / 'gate'
    install = f'#!/bin/sh\n[ -e {gate} ] && exit 0\ntouch {gate}\nkill -KILL $$\n'
    await town.deploy('tool', {**SCRIPTS, '+hooks/install': install})
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit starts')


async def test_a_unit_is_never_idle_between_two_hooks(town: Town) -> None:
    await _tool(town)
    history = town.state.read(status.history, town.model, 'agent', 'tool/0', limit=50)
    values = [(entry.status.value, entry.status.message) for entry in history]
    begun = values.index(('executing', 'running install hook'))
    assert values[begun:] == [
        ('executing', 'running install hook'),
        ('executing', 'running leader-elected hook'),
        ('executing', 'running config-changed hook'),
        ('executing', 'running start hook'),
        ('idle', ''),
    ]


@pytest.mark.parametrize('hook', ['stop', 'config-changed'])
async def test_force_removes_a_unit_whose_hooks_fail(town: Town, hook: str) -> None:
    await _tool(town, **{'+hooks/stop': '#!/bin/sh\nexit 1\n'})
    if hook == 'config-changed':
        await town.state.write(applications.set_config, town.model, 'tool', {'mode': 'bad'})
        await town.until(lambda: _shows_error(town, 'hook failed: "config-changed"'), 'the hook fails')
    await town.state.write(applications.destroy_unit, town.model, 'tool/0', force=True)
    await town.until(lambda: not town.snapshot().units, 'the unit goes')


async def test_the_operator_passes_over_a_failed_hook(town: Town) -> None:
    await _tool(town)
    await town.state.write(applications.set_config, town.model, 'tool', {'mode': 'bad'})
    await town.until(lambda: _shows_error(town, 'hook failed: "config-changed"'), 'the hook fails')
    await town.state.write(applications.resolve, town.model, 'tool/0', retry=False)
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit goes on')
