"""Commands against a small controller: what they ask, print and return."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pocket.client import flags, registry

if TYPE_CHECKING:
    from .conftest import Client, FakeController

Json = dict[str, Any]

UUID = '0a2e3f96-9521-43c4-9bcf-ae7a5415477f'
EMPTY: Json = {
    'model': {'name': 'm1', 'type': 'iaas', 'cloud-tag': 'cloud-pocket', 'version': '3.6.12'},
    'machines': {},
    'applications': {},
    'relations': [],
}


def _action(number: int, receiver: str, **fields: Any) -> Json:
    return {'action': {'tag': f'action-{number}', 'receiver': receiver, 'name': 'juju-exec'}, **fields}


def _scheduled(controller: FakeController, request: str, *results: Json) -> None:
    """Let *request* schedule the tasks that end as *results*."""
    enqueued = {'operation': 'operation-1', 'actions': [{'action': item['action']} for item in results]}
    controller.answers[f'Action.{request}'] = lambda params: enqueued
    controller.answers['Action.Actions'] = lambda params: {'results': list(results)}


# --- the program as a whole


def test_an_unknown_command_is_wrong_usage_and_a_close_one_is_named(client: Client) -> None:
    done = client.run('statsu')
    assert done.code == 2
    assert done.err.startswith('ERROR juju: "statsu" is not a juju command. See "juju --help".\n')
    assert 'Did you mean:\n\tstatus' in done.err


def test_an_unknown_flag_is_wrong_usage(client: Client) -> None:
    done = client.run('status', '--bogus')
    assert (done.code, done.err) == (2, 'ERROR option provided but not defined: --bogus\n')


def test_without_a_controller_the_error_says_how_to_start_one(client: Client) -> None:
    (client.folder / 'controllers.yaml').unlink()
    done = client.run('status')
    assert done.code == 1
    assert done.err == 'ERROR No controllers registered.\n  Start one with "pocket up".\n'


def test_a_controller_that_does_not_answer_is_named(client: Client) -> None:
    document = client.read('controllers.yaml')
    document['controllers']['ctl']['api-endpoints'] = ['127.0.0.1:1']
    client.write('controllers.yaml', document)
    done = client.run('status')
    assert done.code == 1
    assert done.err.startswith('ERROR cannot connect to controller "ctl" at 127.0.0.1:1\n')


def test_a_certificate_of_another_authority_is_not_trusted(
    client: Client, certificate_of_another: str
) -> None:
    document = client.read('controllers.yaml')
    document['controllers']['ctl']['ca-cert'] = certificate_of_another
    client.write('controllers.yaml', document)
    done = client.run('status')
    assert done.code == 1
    assert 'certificate verify failed' in done.err


def test_a_wrong_password_is_an_error_that_does_not_show_it(client: Client) -> None:
    client.write('accounts.yaml', {'controllers': {'ctl': {'user': 'admin', 'password': 'hunter2'}}})
    done = client.run('status')
    assert (done.code, done.err) == (1, 'ERROR invalid entity name or password\n')


def test_every_command_has_help_and_unique_flags() -> None:
    for name in registry.COMMANDS:
        command = registry.load(name)
        assert command.name == name
        assert command.summary.endswith('.')
        spellings = [spelling for flag in command.all_flags for spelling in flag.spellings]
        assert len(spellings) == len(set(spellings)), name
        for example in command.examples:
            assert example.split()[1] == name


def test_help_is_shown_by_flag_and_by_command(client: Client) -> None:
    assert client.run('deploy', '--help').out == client.run('help', 'deploy').out
    assert client.run('--help').out == client.run('help').out
    assert 'Usage: juju deploy' in client.run('help', 'deploy').out


# --- which model


@pytest.mark.parametrize(
    ('environ', 'words'),
    [
        ({}, []),
        ({'JUJU_MODEL': 'm1'}, []),
        ({'JUJU_MODEL': 'ctl:admin/m1', 'JUJU_CONTROLLER': 'nobody'}, []),
        ({'JUJU_MODEL': 'other'}, ['--model', 'ctl:m1']),
        ({}, ['-m', UUID[:6]]),
    ],
)
def test_the_model_is_named_by_flag_environment_or_selection(
    client: Client, controller: FakeController, environ: dict[str, str], words: list[str]
) -> None:
    controller.answers['Client.FullStatus'] = lambda params: EMPTY
    client.environ = environ
    assert client.run('status', *words).code == 0
    assert controller.paths == [f'/model/{UUID}/api']


def test_a_model_that_the_files_do_not_know_is_looked_up_and_remembered(
    client: Client, controller: FakeController
) -> None:
    found = {'name': 'new', 'uuid': UUID, 'type': 'iaas', 'owner-tag': 'user-admin'}
    controller.answers['ModelManager.ListModels'] = lambda params: {'user-models': [{'model': found}]}
    controller.answers['Client.FullStatus'] = lambda params: EMPTY
    assert client.run('status', '-m', 'new').code == 0
    assert list(client.read('models.yaml')['controllers']['ctl']['models']) == ['admin/new']


def test_a_model_that_is_nowhere_is_an_error(client: Client, controller: FakeController) -> None:
    controller.answers['ModelManager.ListModels'] = lambda params: {'user-models': None}
    assert client.run('status', '-m', 'new').err == 'ERROR model admin/new not found\n'


def test_a_removed_model_is_forgotten(client: Client, controller: FakeController) -> None:
    models = {'admin/m1': {'uuid': 'gone', 'type': 'iaas'}}
    client.write('models.yaml', {'controllers': {'ctl': {'models': models, 'current-model': 'admin/m1'}}})
    controller.answers['ModelManager.ListModels'] = lambda params: {'user-models': []}
    done = client.run('status')
    assert done.code == 1
    assert 'model "admin/m1" has been removed from the controller' in done.err
    assert client.read('models.yaml')['controllers']['ctl'] == {'models': {}}


def test_a_model_that_was_made_anew_is_found_again(client: Client, controller: FakeController) -> None:
    models = {'admin/m1': {'uuid': 'gone', 'type': 'iaas'}}
    client.write('models.yaml', {'controllers': {'ctl': {'models': models, 'current-model': 'admin/m1'}}})
    found = {'name': 'm1', 'uuid': UUID, 'type': 'iaas', 'owner-tag': 'user-admin'}
    controller.answers['ModelManager.ListModels'] = lambda params: {'user-models': [{'model': found}]}
    controller.answers['Client.FullStatus'] = lambda params: EMPTY
    assert client.run('status').code == 0
    assert client.read('models.yaml')['controllers']['ctl']['current-model'] == 'admin/m1'


def test_no_selected_model_is_an_error_with_advice(client: Client) -> None:
    client.write('models.yaml', {'controllers': {'ctl': {'models': {}}}})
    done = client.run('status')
    assert done.code == 1
    assert done.err.startswith('ERROR No selected model.\n\nTo see a list')


# --- status


def test_status_of_an_empty_model_says_so_on_stderr(client: Client, controller: FakeController) -> None:
    controller.answers['Client.FullStatus'] = lambda params: EMPTY
    done = client.run('status', '--format', 'json')
    assert json.loads(done.out)['model']['name'] == 'm1'
    assert done.err == '\nModel "m1" is empty.\n'
    assert controller.asked('Client.FullStatus') == [{'patterns': [], 'include-storage': True}]


def test_selectors_that_match_nothing_are_told(client: Client, controller: FakeController) -> None:
    controller.answers['Client.FullStatus'] = lambda params: EMPTY
    done = client.run('status', 'mysql', 'error')
    assert done.err == 'Nothing matched specified filter(s).\n'
    assert controller.asked('Client.FullStatus') == [{'patterns': ['mysql', 'error']}]


def test_an_unknown_format_is_wrong_usage(client: Client, controller: FakeController) -> None:
    controller.answers['Client.FullStatus'] = lambda params: EMPTY
    done = client.run('status', '--format', 'xml')
    assert done.code == 2
    assert done.out == ''


# --- exec and run


def test_exec_prints_what_the_command_printed(client: Client, controller: FakeController) -> None:
    output = {'return-code': 0, 'stdout': 'host\n', 'stderr': 'careful\n'}
    _scheduled(controller, 'Run', _action(2, 'unit-app-0', status='completed', output=output))
    done = client.run('exec', '--unit', 'app/0', '--wait', '2s', '--', 'hostname', '-f a')
    assert (done.code, done.out) == (0, 'host\n')
    assert done.err == (
        'Running operation 1 with 1 task\n  - task 2 on unit-app-0\n\nWaiting for task 2...\ncareful\n'
    )
    asked = controller.asked('Action.Run')[0]
    assert (asked['commands'], asked['timeout'], asked['units']) == ("hostname '-f a'", 2 * 10**9, ['app/0'])


def test_one_word_of_exec_is_shell(client: Client, controller: FakeController) -> None:
    _scheduled(controller, 'Run', _action(2, 'machine-0', status='completed'))
    assert client.run('exec', '--machine', '0', 'a | b; c').code == 0
    assert controller.asked('Action.Run')[0]['commands'] == 'a | b; c'


def test_exec_json_has_a_task_for_each_target_and_numbers_stay_numbers(
    client: Client, controller: FakeController
) -> None:
    output = {'return-code': 0, 'stdout': 'x'}
    times = {'enqueued': '2026-11-22T09:20:00Z', 'started': '0001-01-01T00:00:00Z'}
    _scheduled(controller, 'Run', _action(2, 'machine-0', status='completed', output=output, **times))
    done = client.run('exec', '--format', 'json', '--machine', '0', 'x')
    assert json.loads(done.out) == {
        '0': {
            'id': '2',
            'status': 'completed',
            'results': {'return-code': 0, 'stdout': 'x'},
            'timing': {'enqueued': '2026-11-22 09:20:00 +0000 UTC'},
            'machine': '0',
        }
    }


def test_a_failed_program_exits_1_after_its_result(client: Client, controller: FakeController) -> None:
    output = {'return-code': 3, 'stdout': 'x\n'}
    _scheduled(controller, 'Run', _action(2, 'unit-app-0', status='completed', output=output))
    done = client.run('exec', '-q', '--unit', 'app/0', 'false')
    assert (done.code, done.out) == (1, 'x\n')
    assert done.err == (
        'ERROR the following task failed:\n - id "2" with return code 3\n\n'
        "use 'juju show-task' to inspect the failure\n"
    )


def test_a_failed_action_with_return_code_0_exits_0(client: Client, controller: FakeController) -> None:
    failed = _action(2, 'unit-app-0', status='failed', message='no disk', output={'return-code': 0})
    _scheduled(controller, 'EnqueueOperation', failed)
    done = client.run('run', 'app/0', 'backup')
    assert (done.code, done.out) == (0, 'Action id 2 failed: no disk\n')


def test_a_task_that_does_not_end_in_time_is_named(client: Client, controller: FakeController) -> None:
    _scheduled(controller, 'Run', _action(2, 'unit-app-0', status='running'))
    done = client.run('exec', '-q', '--unit', 'app/0', '--wait', '1ms', 'sleep 9')
    assert (done.code, done.out) == (1, '')
    assert done.err == 'ERROR timed out waiting for results from: unit app/0\n'


def test_an_action_that_cannot_be_scheduled_leaves_stdout_empty(
    client: Client, controller: FakeController
) -> None:
    error = {'message': 'action "x" not defined on unit "app/0"', 'code': ''}
    refused = {'operation': 'operation-1', 'actions': [{'error': error}]}
    controller.answers['Action.EnqueueOperation'] = lambda params: refused
    done = client.run('run', 'app/0', 'x')
    assert (done.code, done.out) == (0, '')
    assert done.err == ('Operation 1 failed to schedule any tasks:\naction "x" not defined on unit "app/0"\n')


def test_parameters_are_yaml_and_nest_at_dots(client: Client, controller: FakeController) -> None:
    (client.folder / 'p.yaml').write_text('a: {b: 1}\nc: old\n')
    _scheduled(controller, 'EnqueueOperation', _action(2, 'unit-app-0', status='completed'))
    words = ['run', 'app/0', 'app/leader', 'go', 'a.d=true', 'c.e=x', f'--params={client.folder}/p.yaml']
    assert client.run(*words).code == 0
    asked = controller.asked('Action.EnqueueOperation')[0]['actions']
    assert [item['receiver'] for item in asked] == ['unit-app-0', 'app/leader']
    assert asked[0]['parameters'] == {'a': {'b': 1, 'd': True}, 'c': {'e': 'x'}}


def test_background_tells_the_task_and_does_not_wait(client: Client, controller: FakeController) -> None:
    _scheduled(controller, 'EnqueueOperation', _action(2, 'unit-app-0', status='pending'))
    done = client.run('run', 'app/0', 'go', '--background')
    assert done.err.startswith('Scheduled operation 1 with task 2\n')
    assert controller.asked('Action.Actions') == []


# --- models


def test_add_model_selects_it_unless_told_not_to(client: Client, controller: FakeController) -> None:
    def create(params: Json) -> Json:
        tag = 'cloudcred-pocket_admin_default'
        made = {
            'uuid': f'u-{params["name"]}',
            'type': 'iaas',
            'cloud-tag': 'cloud-pocket',
            'cloud-region': 'r',
        }
        return {'name': params['name'], **made, 'cloud-credential-tag': tag}

    controller.answers['ModelManager.CreateModel'] = create
    done = client.run('add-model', 'one', '--config', 'a=1', '--config', 'authorized-keys=k')
    assert done.err == "Added 'one' model on pocket/r with credential 'default' for user 'admin'\n"
    assert client.run('add-model', '--no-switch', 'two', '--config', 'authorized-keys=k').code == 0
    known = client.read('models.yaml')['controllers']['ctl']
    assert known['current-model'] == 'admin/one'
    assert known['models']['admin/two'] == {'uuid': 'u-two', 'type': 'iaas', 'branch': ''}
    assert controller.asked('ModelManager.CreateModel')[0] == {
        'name': 'one',
        'owner-tag': 'user-admin',
        'config': {'a': 1, 'authorized-keys': 'k'},
    }


def test_destroy_model_waits_for_the_end_and_tells_what_is_left(
    client: Client, controller: FakeController
) -> None:
    left = [{'hosted-machine-count': 2, 'application-count': 1}, {'hosted-machine-count': 1}, {}]
    gone = {'error': {'message': 'model not found', 'code': 'not found'}}
    statuses = iter([{'life': 'alive'}, *left, gone])
    found = {'name': 'm1', 'uuid': UUID, 'type': 'iaas', 'owner-tag': 'user-admin'}
    controller.answers |= {
        'ModelManager.ListModels': lambda params: {'user-models': [{'model': found}]},
        'ModelManager.ModelStatus': lambda params: {'models': [next(statuses)]},
        'ModelManager.DestroyModels': lambda params: {'results': [{}]},
    }
    done = client.run('destroy-model', 'm1', '--no-prompt', '--force', '--destroy-storage')
    assert done.code == 0
    assert done.err.splitlines() == [
        'Destroying model',
        'Waiting for model to be removed, 2 machines, 1 application...',
        'Waiting for model to be removed, 1 machine...',
        'Waiting for model to be removed...',
        'Model destroyed.',
    ]
    assert controller.asked('ModelManager.DestroyModels')[0]['models'] == [
        {'model-tag': f'model-{UUID}', 'force': True, 'destroy-storage': True}
    ]
    assert client.read('models.yaml')['controllers']['ctl'] == {'models': {}}


def test_destroy_model_asks_for_the_name(client: Client, controller: FakeController) -> None:
    found = {'name': 'm1', 'uuid': UUID, 'type': 'iaas', 'owner-tag': 'user-admin'}
    controller.answers['ModelManager.ListModels'] = lambda params: {'user-models': [{'model': found}]}
    client.stdin = 'm2\n'
    done = client.run('destroy-model', 'm1')
    assert done.code == 1
    assert done.err.endswith('ERROR model destruction: aborted\n')
    assert controller.asked('ModelManager.DestroyModels') == []


def test_switch_changes_the_model_and_tells_it(client: Client, controller: FakeController) -> None:
    found = [
        {'model': {'name': name, 'uuid': name, 'type': 'iaas', 'owner-tag': 'user-admin'}}
        for name in ('m1', 'm2')
    ]
    controller.answers['ModelManager.ListModels'] = lambda params: {'user-models': found}
    assert client.run('switch').out == 'ctl:admin/m1\n'
    assert client.run('switch', 'm2').err == 'ctl:admin/m1 -> ctl:admin/m2\n'
    assert client.run('switch', 'ctl:m2').err == 'ctl:admin/m2 (no change)\n'
    assert (
        client.run('whoami', '--format', 'json').out == '{"controller":"ctl","model":"m2","user":"admin"}\n'
    )


# --- applications


def test_a_removal_that_fails_is_told_for_each_item(client: Client, controller: FakeController) -> None:
    error = {'error': {'message': 'unit "x/9" does not exist', 'code': 'not found'}}
    controller.answers['Application.DestroyUnit'] = lambda params: {'results': [{'info': {}}, error]}
    done = client.run('remove-unit', '--no-prompt', 'x/0', 'x/9', '--force')
    assert (done.code, done.out) == (1, 'will remove unit x/0\n')
    assert done.err == 'ERROR removing unit x/9 failed: unit "x/9" does not exist\n'


def test_a_removal_asks_first_where_the_model_wants_it(client: Client, controller: FakeController) -> None:
    info = {'destroyed-units': [{'tag': 'unit-my-app-0'}]}
    mode = {'value': 'requires-prompts', 'source': 'default'}
    controller.answers |= {
        'ModelConfig.ModelGet': lambda params: {'config': {'mode': mode}},
        'Application.DestroyApplication': lambda params: {'results': [{'info': info}]},
    }
    client.stdin = 'n\n'
    done = client.run('remove-application', 'my-app')
    assert (done.code, done.out) == (1, 'will remove application my-app\n- will remove unit my-app/0\n')
    client.stdin = 'y\n'
    assert client.run('remove-application', 'my-app').code == 0
    asked = controller.asked('Application.DestroyApplication')
    assert [call['applications'][0]['dry-run'] for call in asked] == [True, True, False]


def test_config_sets_and_resets_in_one_go_and_gets_one_value(
    client: Client, controller: FakeController
) -> None:
    settings = {'port': {'value': 80, 'source': 'user'}, 'debug': {'value': True, 'source': 'user'}}
    controller.answers |= {
        'Application.Get': lambda params: {'application': 'app', 'charm': 'c', 'config': settings},
        'Application.SetConfigs': lambda params: {'results': [{}]},
        'Application.UnsetApplicationsConfig': lambda params: {'results': [{}]},
    }
    assert client.run('config', 'app', 'port=81', '--reset', 'a,b').code == 0
    assert controller.asked('Application.SetConfigs')[0]['Args'][0]['config'] == {'port': '81'}
    assert controller.asked('Application.UnsetApplicationsConfig')[0]['Args'][0]['options'] == ['a', 'b']
    assert client.run('config', 'app', 'port').out == '80\n'
    assert client.run('config', 'app', 'debug').out == 'true\n'
    assert client.run('config', 'app', 'x').err == (
        'ERROR key "x" not found in "app" application config or charm settings.\n'
    )


def test_an_error_of_the_server_is_shown_as_it_is(client: Client, controller: FakeController) -> None:
    controller.answers['Application.AddRelation'] = lambda params: controller.reject('no relations found')
    done = client.run('integrate', 'a', 'b')
    assert (done.code, done.err) == (1, 'ERROR no relations found\n')


@pytest.mark.parametrize('word', ['Ubuntu!', './nothing', 'bundle.yaml'])
def test_what_cannot_be_deployed_is_refused_before_anything_is_asked(
    client: Client, controller: FakeController, word: str
) -> None:
    done = client.run('deploy', word)
    assert done.code == 1
    assert done.err.startswith(f'ERROR cannot deploy "{word}": ')
    assert controller.calls == []


def test_the_log_is_printed_and_the_query_is_juju_s(client: Client, controller: FakeController) -> None:
    record = {
        'tag': 'unit-app-0',
        'ts': '2026-11-22T09:20:00.25Z',
        'sev': 'INFO',
        'mod': 'juju',
        'loc': 'a:1',
    }
    controller.log = [{**record, 'msg': 'one', 'lab': None}, {**record, 'msg': 'two', 'lab': ['x', 'y']}]
    done = client.run('debug-log', '--limit', '0', '--date', '--ms', '--utc', '--location', '-i', 'app/0')
    assert done.out.splitlines() == [
        'unit-app-0: 2026-11-22 09:20:00.250 INFO juju a:1 one',
        'unit-app-0: 2026-11-22 09:20:00.250 INFO juju a:1 x,y two',
    ]
    query = 'includeEntity=unit-app-0&maxLines=10000&noTail=true'
    assert controller.paths == [f'/model/{UUID}/log?{query}']


def test_off_a_terminal_the_log_ends_by_itself(client: Client, controller: FakeController) -> None:
    assert client.run('debug-log').code == 0
    assert controller.paths == [f'/model/{UUID}/log?backlog=10&noTail=true']


#: What jubilant 1.14 issues: every command takes these flags, before and after its arguments.
JUBILANT = (
    'add-machine --model m lxd:0 --base ubuntu@24.04 --constraints mem=1G --disks x -n 2 --private-key a',
    'add-model --no-switch m pocket/default --controller ctl --config a=b --config c=d --credential x',
    'add-secret --model m name --info text --file f',
    'add-unit --model m app --attach-storage a/0,b/0 --num-units 2 --to 0,lxd',
    'config --model m --format json app',
    'config --model m app a=b --reset c,d',
    'debug-log --model m --limit 0',
    (
        'deploy --model m ./c app --attach-storage a/0 --base ubuntu@24.04 --bind x --channel y --config a=b '
        '--constraints mem=1G --force --num-units 2 --overlay f --resource a=b --revision 1 --storage a=b '
        '--to 0,1 --trust'
    ),
    'destroy-model m --no-prompt --destroy-storage --force --no-wait --release-storage --timeout 600.0s',
    'exec --model m --format json --unit app/0 --wait 0.5s -- ls -la',
    'grant-secret --model m secret:9m4e2mr0ui3e8a215n4g a,b',
    'integrate --model m a:x b:y --via 10.0.0.0/8',
    'model-config --model m --format json',
    'model-config --model m a=b --reset c',
    'model-constraints --model m --format json',
    'set-model-constraints --model m mem=1G cores=2',
    (
        'refresh --model m app --base ubuntu@24.04 --channel x --config a=b --force --force-base '
        '--force-units --path ./c --resource a=b --revision 1 --storage a=b --trust'
    ),
    'remove-application --model m --no-prompt a b --destroy-storage --force',
    'remove-relation --model m a b --force',
    'remove-secret --model m secret:9m4e2mr0ui3e8a215n4g --revision 1',
    'remove-unit --model m --no-prompt a/0 --destroy-storage --force --num-units 1',
    'run --model m --format json app/0 go --wait 1.0s --params p.yaml',
    'scp --model m --container c --no-host-key-checks -- -r a app/0:b',
    'secrets --model m --owner app --format json',
    'show-model --format json ctl:admin/m',
    'show-secret --model m name --format json --reveal --revisions --revision 1',
    'show-unit --model m app/0 --format json',
    'ssh --model m --container c --no-host-key-checks ubuntu@app/0 -v ls -la',
    'status --model m --format json',
    'trust --model m app --remove --scope cluster',
    'update-secret --model m name --info text --name new --auto-prune --file f',
    'version --format json --all',
)


@pytest.mark.parametrize('line', JUBILANT, ids=lambda line: str(line).split()[0])
def test_every_flag_that_jubilant_gives_is_understood(line: str) -> None:
    name, *words = line.split()
    command = registry.load(name)
    given = flags.parse(command, words)
    flags.check_count(command, given)
    assert not any(arg.startswith('--') for arg in given.args[:1] if name != 'scp')
