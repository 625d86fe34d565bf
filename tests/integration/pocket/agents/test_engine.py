"""What a hook, an action or a program of the machine can do, by real programs: ops, a shell, juju-exec."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock import process
from pocket.model import Base
from pocket.services import actions, applications, modelconfig, models

if TYPE_CHECKING:
    from .conftest import Town

OPS_CHARM = """\
    import json
    import pathlib

    import ops
    from ops import hookcmds as tool

    class Charm(ops.CharmBase):
        def __init__(self, framework):
            super().__init__(framework)
            framework.observe(self.on.start, self._start)
            framework.observe(self.on.look_action, self._look)

        def _start(self, event):
            self.unit.set_ports(80, ops.Port('udp', 53), ops.Port('icmp', None))
            tool.open_port('tcp', 8000, to_port=8100)
            tool.close_port('tcp', 80)
            tool.state_set({'one': '1', 'two': ''})
            tool.state_set({'three': '3'})
            tool.state_delete('three')
            cluster = self.model.get_relation('cluster')
            cluster.data[self.unit]['mine'] = 'x'
            cluster.data[self.app]['ours'] = 'y'
            self.app.status = ops.BlockedStatus('of the application')
            self.unit.set_workload_version('3.1')
            self.unit.status = ops.ActiveStatus('up')

        def _look(self, event):
            relation = self.model.get_relation('cluster')
            network = self.model.get_binding('cluster').network
            found = {
                'config': dict(self.config),
                'leader': tool.is_leader(),
                'ports': sorted(f'{one.protocol} {one.port} {one.to_port}' for one in tool.opened_ports()),
                'state': [tool.state_get(None), tool.state_get('one')],
                'bags': [dict(relation.data[self.unit])['mine'], dict(relation.data[self.app])],
                'ids': tool.relation_ids('cluster'),
                'list': tool.relation_list(relation.id),
                'remote': tool.relation_list(relation.id, app=True),
                'model': tool.relation_model_get(relation.id).uuid == self.model.uuid,
                'goal': sorted(tool.goal_state().units),
                'planned': self.app.planned_units(),
                'network': [str(network.bind_address), str(network.ingress_address)],
                'status': [self.unit.status.message, self.app.status.message],
                'cloud': tool.credential_get().type,
                'parameters': event.params,
            }
            event.log('looked')
            event.set_results({'found': {'all': json.dumps(found)}})

    ops.main(Charm)
    """


def _ops_files() -> dict[str, str]:
    return {
        'metadata.yaml': 'name: looker\npeers: {cluster: {interface: x}}\n',
        'config.yaml': 'options: {port: {type: int, default: 80}, title: {type: string}}\n',
        'actions.yaml': (
            'look: {params: {deep: {type: object, properties: {n: {type: integer, default: 3}}}}}\n'
        ),
        '+dispatch': f'#!/bin/sh\nexec {sys.executable} src/charm.py\n',
        'src/charm.py': OPS_CHARM,
    }


async def _act(town: Town, unit: str, name: str, **parameters: Any) -> actions.ActionRecord:
    request = actions.ActionRequest(receiver=unit, name=name, parameters=parameters)
    action = (await town.state.write(actions.enqueue, town.model, [request])).actions[0].action
    assert action is not None

    def get() -> actions.ActionRecord:
        return town.state.read(actions.get, town.model, action.id)

    await town.until(lambda: get().completed_ms, f'action {name} ends')
    return get()


async def test_ops_reaches_every_hook_tool(town: Town) -> None:
    url = await town.upload('looker', _ops_files())
    await town.state.write(
        applications.deploy,
        town.model,
        name='looker',
        charm_url=url,
        num_units=1,
        base=Base(name='ubuntu', channel='24.04'),
        trust=True,
    )
    await town.until(lambda: town.shows('looker/0', 'active', 'up'), 'the unit starts')
    done = await _act(town, 'looker/0', 'look')
    assert done.status == 'completed', done
    assert [text for _, text in done.log] == ['looked']
    assert json.loads(done.results['found']['all']) == {
        'config': {'port': 80},
        'leader': True,
        'ports': ['icmp None None', 'tcp 8000 8100', 'udp 53 None'],
        'state': [{'one': '1', 'two': ''}, '1'],
        'bags': ['x', {'ours': 'y'}],
        'ids': ['cluster:0'],
        'list': [],
        'remote': 'looker',
        'model': True,
        'goal': ['looker/0'],
        'planned': 1,
        'network': ['127.0.0.1', '127.0.0.1'],
        'status': ['up', 'of the application'],
        'cloud': 'pocket',
        'parameters': {'deep': {'n': 3}},
    }
    snapshot = town.snapshot()
    assert snapshot.units['looker/0'].workload_version == '3.1'


CALLS = (
    ('config-get', 'mode: plain\n'),
    ('config-get --format=json --all', '{"mode":"plain","none":null}\n'),
    ('config-get mode', 'plain\n'),
    ('unit-get private-address', '127.0.0.1\n'),
    ('is-leader', 'True\n'),
    ('leader-set a=1 b=', ''),
    ('leader-get a', '1\n'),
    ('relation-ids cluster', 'cluster:0\n'),
    ('relation-list -r cluster:0 --format=json', '[]\n'),
    ('relation-set -r 0 k=v', ''),
    ('relation-get -r 0 k tool/0', 'v\n'),
    ('relation-set --app -r 0 k=w', ''),
    ('relation-get --app -r 0 - tool --format=json', '{"k":"w"}\n'),
    ('relation-model-get -r 0 --format=json | cut -c1-8', '{"uuid":\n'),
    ('printf "x: 1\\ny: two\\n" | state-set --file - z=3', ''),
    ('state-get --format=json', '{"x":"1","y":"two","z":"3"}\n'),
    ('state-delete x; state-get x', ''),
    ('open-port 80; open-port 8000-8010/udp --endpoints cluster; opened-ports', '80/tcp\n8000-8010/udp\n'),
    ('close-port 80/tcp; opened-ports --endpoints', '8000-8010/udp (cluster)\n'),
    ('network-get cluster --ingress-address', '127.0.0.1\n'),
    ('network-get -r 0 --primary-address cluster', '127.0.0.1\n'),
    ('status-set maintenance busy; status-get --include-data --format=json',
     '{"message":"busy","status":"maintenance","status-data":{}}\n'),
    ('status-set --application waiting; status-get --application | head -1', 'application-status:\n'),
    ('application-version-set 9.9', ''),
    ('goal-state --format=json | grep -c tool/0', '1\n'),
    ('juju-log -l WARNING careful', ''),
    ('config-get mode -o written; cat written', 'plain\n'),
    ('payload-register a b c', ''),
    ('config-get --nope 2>&1; echo $?', 'ERROR option provided but not defined: --nope\n2\n'),
    ('credential-get 2>&1; echo $?', 'ERROR cannot access cloud credentials: permission denied\n1\n'),
    ('action-get 2>&1; echo $?', 'ERROR not running an action\n1\n'),
    ('relation-list 2>&1; echo $?', 'ERROR no relation id specified\n2\n'),
    ('state-get --strict none 2>&1; echo $?', 'ERROR "none" not found\n1\n'),
    ('juju-exec tool/0 true 2>&1 | cut -d, -f1', 'ERROR juju-exec cannot be called from within a hook\n'),
)  # fmt: skip
"""Shell text that the classic charm's start hook runs, and what it prints."""


def _classic_files(town: Town) -> dict[str, str]:
    lines = ''.join(f"{{ {text}\n}} >'{number}.out'\n" for number, (text, _) in enumerate(CALLS))
    return {
        'metadata.yaml': 'name: tool\npeers: {cluster: {interface: x}}\n',
        'config.yaml': 'options: {mode: {type: string, default: plain}, none: {type: string}}\n',
        'actions.yaml': 'answer: {params: {to: {type: string, default: you}}}\n',
        '+hooks/install': '#!/bin/sh\nenv >environment\n',
        '+hooks/start': f'#!/bin/bash\nPATH=$PATH:{town.site.paths.programs}\n{lines}status-set active up\n',
        '+actions/answer': (
            '#!/bin/sh\naction-log working\naction-set a.b="$(action-get to)" c=1\naction-fail "as asked"\n'
            'relation-set -r 0 told=yes\n'
        ),
    }


async def test_a_classic_charm_calls_every_hook_tool(town: Town) -> None:
    await town.deploy('tool', _classic_files(town))
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit starts')
    folder = town.charm_dir('tool/0')
    printed = {text: (folder / f'{number}.out').read_text() for number, (text, _) in enumerate(CALLS)}
    assert printed == dict(CALLS)
    assert 'WARNING unit.tool/0.juju-log careful' in town.log()
    done = await _act(town, 'tool/0', 'answer')
    assert (done.status, done.message) == ('failed', 'as asked')
    assert done.results == {'a': {'b': 'you'}, 'c': '1', 'return-code': 0}
    assert (await _exec(town, 'tool/0', 'relation-get -r 0 told tool/0')) == (0, 'yes\n', '')


async def _exec(town: Town, *words: str) -> tuple[int, str, str]:
    """Run juju-exec as a program of the machine does."""
    program = f'{town.site.paths.programs}/juju-exec'
    child = await process.start([program, *words], env={'PATH': '/usr/bin:/bin'})
    out, err = await child.communicate()
    return child.returncode or 0, out.decode(), err.decode()


async def test_juju_exec_runs_as_a_hook_would(town: Town) -> None:
    await town.deploy('tool', _classic_files(town), units=2)
    for unit in ('tool/0', 'tool/1'):
        await town.until(lambda unit=unit: town.shows(unit, 'active', 'up'), f'{unit} starts')
    # Which of the two asked first to lead is not settled.
    told = [await _exec(town, unit, 'is-leader; exit 3') for unit in ('tool/0', 'tool/1')]
    assert sorted(told) == [(3, 'False\n', ''), (3, 'True\n', '')]
    assert await _exec(town, '-u', 'tool/0', '--', 'config-get', 'mode') == (0, 'plain\n', '')
    assert await _exec(town, 'unit-tool-0', 'printf \'%s\' "$JUJU_UNIT_NAME$JUJU_DISPATCH_PATH"') == (
        0,
        'tool/0',
        '',
    )
    shown = 'echo "$JUJU_RELATION_ID $JUJU_REMOTE_UNIT $JUJU_HOOK_NAME"; relation-set mark=1'
    assert await _exec(town, '-r', 'cluster:0', 'tool/0', shown) == (0, 'cluster:0 tool/1 \n', '')
    assert await _exec(town, 'tool/1', 'relation-get -r 0 mark tool/0') == (0, '1\n', '')
    assert await _exec(town, '-r', '7', 'tool/0', 'true') == (
        1,
        '',
        'ERROR invalid value "7" for option -r: relation not found\n',
    )
    assert await _exec(town, 'tool/9', 'true') == (1, '', 'ERROR unit "tool/9" not found on this machine\n')
    assert await _exec(town, '--no-context', 'echo plain') == (0, 'plain\n', '')
    assert (await _exec(town, 'tool/0'))[::2] == (2, 'ERROR missing commands\n')


async def test_hooks_are_told_of_the_models_proxies_and_files_say_what_was_logged(town: Town) -> None:
    wanted = {'juju-http-proxy': 'http://a', 'https-proxy': 'http://b', 'no-proxy': 'x'}
    await town.state.write(models.set_config, town.model, wanted)
    etc = Path(town.site.paths.etc)
    await town.deploy('tool', _classic_files(town))
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit starts')
    assert (etc / 'juju-proxy.conf').read_text().startswith('export https_proxy=http://b\n')
    await town.state.write(models.unset_config, town.model, ['https-proxy'])

    async def cleaned() -> None:
        while (etc / 'juju-proxy.conf').exists():  # noqa: ASYNC110 - a program of the machine removes it
            await asyncio.sleep(0.05)

    await asyncio.wait_for(cleaned(), 20)
    lines = (town.charm_dir('tool/0') / 'environment').read_text().splitlines()
    assert {line for line in lines if 'proxy' in line.lower()} == {
        *('JUJU_CHARM_HTTP_PROXY=http://a', 'JUJU_CHARM_HTTPS_PROXY=', 'JUJU_CHARM_FTP_PROXY='),
        f'JUJU_CHARM_NO_PROXY={modelconfig.DEFAULTS["juju-no-proxy"]}',
        *('https_proxy=http://b', 'HTTPS_PROXY=http://b', 'no_proxy=x', 'NO_PROXY=x'),
    }
    conf = (town.charm_dir('tool/0').parent / 'agent.conf').read_text()
    assert 'tag: unit-tool-0\n' in conf
    log = Path(town.site.paths.logs) / 'unit-tool-0.log'

    async def written() -> str:
        # It is written by a program of the machine, which tells nobody.
        while not log.exists() or 'ran "start" hook' not in (text := log.read_text()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return text

    text = await asyncio.wait_for(written(), 20)
    assert 'WARNING unit.tool/0.juju-log careful\n' in text
    assert text.count('ran "install" hook') == 1
    assert log.stat().st_mode & 0o777 == 0o640


async def test_a_reboot_that_a_hook_asks_for_comes_after_it_and_start_runs_again(town: Town) -> None:
    await town.deploy(
        'tool',
        {
            'metadata.yaml': 'name: tool\n',
            'config.yaml': 'options: {mode: {type: string, default: plain}}\n',
            '+hooks/config-changed': (
                '#!/bin/bash\necho changed >>trace\nmode=$(config-get mode)\n'
                '[ $mode = plain ] || [ -e m$mode ] || '
                '{ touch m$mode; juju-reboot $mode; echo on >>trace; }\n'
            ),
            '+hooks/start': '#!/bin/sh\necho start >>trace\nstatus-set active up\n',
        },
    )
    trace = town.charm_dir('tool/0') / 'trace'
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit starts')
    await town.state.write(applications.set_config, town.model, 'tool', {'mode': '--'})
    await town.until(lambda: trace.read_text().count('start') == 2, 'start runs again')
    assert trace.read_text().split() == ['changed', 'start', 'changed', 'on', 'start']
    assert town.substrate.boots == 2
    await town.state.write(applications.set_config, town.model, 'tool', {'mode': '--now'})
    await town.until(lambda: trace.read_text().count('start') == 3, 'start runs once more')
    assert trace.read_text().split()[5:] == ['changed', 'changed', 'start']
    assert town.substrate.boots == 3
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit goes on')


async def test_a_dispatch_that_cannot_be_run_fails_and_nothing_is_tried_instead(town: Town) -> None:
    await town.deploy(
        'tool',
        {
            'metadata.yaml': 'name: tool\n',
            'dispatch': '#!/bin/sh\n',
            '+hooks/install': '#!/bin/sh\ntouch ran\n',
        },
    )
    await town.until(lambda: 'failed: exec:' in '\n'.join(town.log()), 'install fails')
    path = town.charm_dir('tool/0') / 'dispatch'
    text = f'hook "install" (via hook dispatching script: dispatch) failed: exec: "{path}": permission denied'
    assert f'ERROR juju.worker.uniter.operation {text}' in town.log()
    assert not (path.parent / 'ran').exists()


async def test_a_charm_without_its_metadata_is_missing(town: Town) -> None:
    await town.deploy('tool', _classic_files(town))
    await town.until(lambda: town.shows('tool/0', 'active', 'up'), 'the unit starts')
    os.unlink(town.charm_dir('tool/0') / 'metadata.yaml')
    await town.state.write(applications.set_config, town.model, 'tool', {'mode': 'other'})
    await town.until(lambda: 'charm missing from disk' in '\n'.join(town.log()), 'config-changed fails')
