"""From the first hook to a site that serves, seen from Juju and from the pod."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import ops
import pytest
from kit import (
    ANSWERS,
    VERSION_PHP,
    Context,
    MakeState,
    app_secrets,
    asked,
    make_context,
    peer_data,
    refusal,
    site,
    with_answers,
)
from ops import testing

INSTALLED = {'installed': 'db:3306/wordpress', 'origin': 'charm', 'schema': '60421'}
UNREACHABLE = refusal('database-unreachable', 'connection refused')
DONE = 'Wordpress configured and initialised'


def php_boots(context: Context) -> int:
    return sum(call.command[0] == '/usr/bin/wpctl' for call in context.exec_history.get('wordpress', []))


def done_lines(context: Context) -> list[str]:
    return [line.level for line in context.juju_log if line.message == DONE]


def answers_now(
    context: Context, state: testing.State, key: str = 'wordpress.charm/database-answers'
) -> testing.State:
    """Have Pebble tell that the database answers."""
    notice = testing.Notice(key)
    there = dataclasses.replace(state.get_container('wordpress'), notices=[notice])
    told = dataclasses.replace(state, containers=[there])
    return context.run(context.on.pebble_custom_notice(there, notice), told)


def ready(context: Context, state: testing.State) -> testing.State:
    return context.run(context.on.pebble_ready(state.get_container('wordpress')), state)


def test_with_a_database_the_site_is_installed_in_one_hook(
    context: Context, state: MakeState, image: Path
) -> None:
    out = ready(context, state())
    assert out.unit_status == ops.ActiveStatus('http://wordpress-k8s:8080 (6.8.12), no TLS')
    assert out.workload_version == '6.8.12'
    assert peer_data(out)['installed'] == 'db:3306/wordpress'
    assert site(image)['database']['password'] == 'planted-db-password'
    assert [call['user'] for call in asked(context, 'install')] == ['admin']
    # Nothing beyond the installation is wanted: there is one start of PHP.
    assert php_boots(context) == 1
    assert done_lines(context) == ['INFO']
    services = out.get_container('wordpress').service_statuses
    assert services['apache'] is ops.pebble.ServiceStatus.ACTIVE
    assert services['cron'] is ops.pebble.ServiceStatus.ACTIVE
    assert out.opened_ports == {testing.TCPPort(8080)}


def test_an_idle_hook_starts_no_php_and_changes_nothing(context: Context, state: MakeState) -> None:
    out = ready(context, state())
    before = php_boots(context)
    again = context.run(context.on.config_changed(), out)
    assert php_boots(context) == before
    assert peer_data(again) == peer_data(out)
    assert again.get_container('wordpress').layers == out.get_container('wordpress').layers
    assert done_lines(context) == ['INFO']
    context.run(context.on.update_status(), again)
    assert php_boots(context) == before + 1


def test_the_first_hooks_make_the_secrets_and_wait_for_the_pod(context: Context, state: MakeState) -> None:
    start = state(secrets=[])
    away = dataclasses.replace(start.get_container('wordpress'), can_connect=False)
    out = context.run(context.on.leader_elected(), dataclasses.replace(start, containers=[away]))
    assert out.unit_status == ops.WaitingStatus('for the workload container')
    content = {secret.label: secret.latest_content or {} for secret in out.secrets}
    assert len(set(content['keys'].values())) == 8
    assert len(content['admin']['password']) == 24


def test_nothing_is_installed_with_a_password_that_is_not_kept(context: Context, state: MakeState) -> None:
    out = ready(context, state(secrets=[]))
    assert asked(context, 'install') == []
    services = out.get_container('wordpress').service_statuses
    assert services['await-database'] is ops.pebble.ServiceStatus.ACTIVE
    assert out.unit_status == ops.WaitingStatus('keeping the first password')
    out = answers_now(context, out)
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert len(asked(context, 'install')) == 1


def test_the_hook_after_the_password_is_kept_asks_the_database(context: Context, state: MakeState) -> None:
    out = ready(context, state(secrets=[]))
    out = context.run(context.on.start(), with_answers(out, install=UNREACHABLE))
    assert out.unit_status == ops.WaitingStatus('database db:3306: connection refused; retrying by itself')
    assert isinstance(answers_now(context, with_answers(out)).unit_status, ops.ActiveStatus)


def test_a_database_that_does_not_answer_is_awaited_outside_of_hooks(
    context: Context, state: MakeState
) -> None:
    out = ready(context, with_answers(state(), install=UNREACHABLE))
    why = 'database db:3306: connection refused; retrying by itself'
    assert out.unit_status == ops.WaitingStatus(why)
    services = out.get_container('wordpress').service_statuses
    assert services['await-database'] is ops.pebble.ServiceStatus.ACTIVE
    assert 'apache' not in services
    assert 'alive' not in out.get_container('wordpress').plan.checks
    before = php_boots(context)
    out = context.run(context.on.update_status(), out)
    assert out.unit_status == ops.WaitingStatus(why)
    assert php_boots(context) == before
    out = answers_now(context, with_answers(out))
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert done_lines(context) == ['INFO']


def test_another_database_is_tried_at_once(context: Context, state: MakeState) -> None:
    out = ready(context, with_answers(state(), install=UNREACHABLE))
    config = {**out.config, 'db_host': 'other:3307'}
    out = context.run(context.on.config_changed(), dataclasses.replace(with_answers(out), config=config))
    assert peer_data(out)['installed'] == 'other:3307/wordpress'


@pytest.mark.parametrize('code', ['access-denied', 'no-such-database'])
def test_a_database_that_refuses_the_options_needs_a_person(
    context: Context, state: MakeState, code: str
) -> None:
    out = ready(context, with_answers(state(), install=refusal(code, 'no')))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'juju config wordpress-k8s db_user=' in out.unit_status.message
    assert 'planted' not in out.unit_status.message
    # Granting it later is noticed without a hand.
    services = out.get_container('wordpress').service_statuses
    assert services['await-database'] is ops.pebble.ServiceStatus.ACTIVE


@pytest.mark.parametrize(
    ('code', 'word'), [('locked', 'another unit'), ('wordpress-error', 'retrying with the next event')]
)
def test_other_failures_of_installing_are_told_and_tried_again(
    context: Context, state: MakeState, code: str, word: str
) -> None:
    out = ready(context, with_answers(state(), install=refusal(code, 'no')))
    assert isinstance(out.unit_status, ops.WaitingStatus)
    assert word in out.unit_status.message


def test_a_helper_that_says_nothing_is_no_hook_error(context: Context, state: MakeState) -> None:
    start = state()
    broken = {
        testing.Exec(['/usr/bin/wpctl'], return_code=255, stdout='PHP Fatal error: planted-db-password'),
    }
    there = dataclasses.replace(start.get_container('wordpress'), execs=broken)
    out = ready(context, dataclasses.replace(start, containers=[there]))
    assert isinstance(out.unit_status, ops.WaitingStatus)
    assert 'planted' not in out.unit_status.message


def test_a_site_that_was_there_before_is_kept_and_known_as_such(context: Context, state: MakeState) -> None:
    there = {'ok': True, 'result': 'already-installed'}
    out = ready(context, with_answers(state(), install=there, check_password={'ok': True, 'valid': False}))
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert peer_data(out)['origin'] == 'earlier'
    # Its schema may be an older one, so it is looked at.
    assert len(asked(context, 'status')) == 1


def test_a_hook_killed_after_installing_finds_its_own_site(context: Context, state: MakeState) -> None:
    out = ready(context, with_answers(state(), install={'ok': True, 'result': 'already-installed'}))
    assert peer_data(out)['origin'] == 'charm'
    assert asked(context, 'check-password') == [{'user': 'admin', 'password': 'planted-admin-password'}]


def test_a_database_that_lost_its_site_gets_a_new_one(context: Context, state: MakeState) -> None:
    out = ready(context, state(peer=INSTALLED))
    assert asked(context, 'install') == []
    gone = {'ok': True, 'installed': False, 'upgrade_needed': False}
    context.run(context.on.update_status(), with_answers(out, status=gone))
    assert len(asked(context, 'install')) == 1


def test_a_pod_that_comes_back_serves_without_asking_php(context: Context, state: MakeState) -> None:
    out = ready(context, state())
    before = php_boots(context)
    there = dataclasses.replace(
        out.get_container('wordpress'), layers={}, service_statuses={}, check_infos=frozenset()
    )
    out = ready(context, dataclasses.replace(out, containers=[there]))
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert php_boots(context) == before


def test_followers_wait_for_the_leader_and_then_serve(context: Context, state: MakeState) -> None:
    out = ready(context, state(leader=False))
    assert out.unit_status == ops.WaitingStatus('for the leader to install')
    assert 'apache' not in out.get_container('wordpress').service_statuses
    peer = dataclasses.replace(
        next(iter(out.get_relations('replicas'))), local_app_data=INSTALLED, peers_data={1: {}}
    )
    out = context.run(
        context.on.relation_changed(peer, remote_unit=1),
        dataclasses.replace(out, relations=[peer], leader=False),
    )
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert php_boots(context) == 0
    services = out.get_container('wordpress').service_statuses
    assert services['apache'] is ops.pebble.ServiceStatus.ACTIVE
    assert 'cron' not in services


def test_a_follower_without_the_keys_waits(context: Context, state: MakeState) -> None:
    out = ready(context, state(leader=False, secrets=[]))
    assert out.unit_status == ops.WaitingStatus('for the leader to make the keys')


def test_a_leader_that_is_none_any_more_stops_the_scheduled_work(context: Context, state: MakeState) -> None:
    out = ready(context, state())
    out = context.run(context.on.update_status(), dataclasses.replace(out, leader=False))
    services = out.get_container('wordpress').service_statuses
    assert services['cron'] is ops.pebble.ServiceStatus.INACTIVE


def test_new_code_upgrades_the_schema_after_an_export(
    context: Context, state: MakeState, image: Path
) -> None:
    out = ready(context, state())
    version = image / 'code/wp-includes/version.php'
    version.write_text(version.read_text().replace('60421', '61000').replace('6.8.12', '7.1.4'))
    old = {'ok': True, 'installed': True, 'version': '7.1.4', 'upgrade_needed': True}
    out = ready(context, with_answers(out, status=old))
    verbs = [call.command[1] for call in context.exec_history['wordpress']]
    assert verbs[-4:] == ['status', 'rehearse', 'export', 'upgrade']
    assert asked(context, 'export') == [{'path': '/tmp/before-schema-61000.sql.gz'}]
    assert peer_data(out)['schema'] == '61000'
    assert out.workload_version == '7.1.4'


def test_older_code_serves_and_says_that_it_is_older(context: Context, state: MakeState, image: Path) -> None:
    out = ready(context, state())
    version = image / 'code/wp-includes/version.php'
    version.write_text(version.read_text().replace('60421', '53496').replace('6.8.12', '6.1.9'))
    older = {**ANSWERS['status'], 'version': '6.1.9', 'code_db_version': 53496}
    out = ready(context, with_answers(out, status=older))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'the schema 60421 of the database is newer than WordPress 6.1.9' in out.unit_status.message
    assert out.get_container('wordpress').service_statuses['apache'] is ops.pebble.ServiceStatus.ACTIVE
    assert asked(context, 'upgrade') == []
    # What newer code then finds needs no upgrade, and the word is gone.
    version.write_text(VERSION_PHP)
    out = ready(context, with_answers(out))
    assert isinstance(out.unit_status, ops.ActiveStatus)


def test_a_name_server_that_is_silent_keeps_no_hook(context: Context, state: MakeState) -> None:
    ready(context, state())
    patience = {call.environment.get('RES_OPTIONS') for call in context.exec_history['wordpress']}
    assert patience == {'timeout:1 attempts:2'}


def test_an_upgrade_that_goes_wrong_on_a_copy_is_not_done(context: Context, state: MakeState) -> None:
    old = {'ok': True, 'installed': True, 'upgrade_needed': True}
    bad = {**ANSWERS['rehearse'], 'good': False, 'errors': ['Duplicate entry']}
    start = state(peer={**INSTALLED, 'schema': '1'})
    out = ready(context, with_answers(start, status=old, rehearse=bad))
    assert asked(context, 'upgrade') == []
    assert out.unit_status.name == 'blocked'
    assert 'the database said: Duplicate entry' in out.unit_status.message
    assert out.get_container('wordpress').service_statuses['apache'] is ops.pebble.ServiceStatus.ACTIVE


def test_without_an_export_there_is_no_upgrade(context: Context, state: MakeState) -> None:
    old = {'ok': True, 'installed': True, 'upgrade_needed': True}
    full = refusal('wordpress-error', 'disk full')
    start = with_answers(state(peer={**INSTALLED, 'schema': '1'}), status=old, export=full)
    out = ready(context, start)
    assert asked(context, 'upgrade') == []
    # The old schema serves the new code's pages, so readers notice nothing.
    assert out.get_container('wordpress').service_statuses['apache'] is ops.pebble.ServiceStatus.ACTIVE
    assert 'disk full' in out.unit_status.message


def test_without_a_database_the_unit_says_how_to_give_one(context: Context, state: MakeState) -> None:
    out = ready(context, state(has_database=False))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'juju integrate wordpress-k8s' in out.unit_status.message
    assert out.get_container('wordpress').plan.checks.keys() == {'site'}


def test_a_second_unit_without_object_storage_refuses_with_the_reason(state: MakeState) -> None:
    second = make_context(1)
    start = state(leader=False, peer=INSTALLED, planned_units=2)
    out = ready(second, start)
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert out.unit_status.message.startswith('uploads would exist on one unit only; ')
    assert 'apache' not in out.get_container('wordpress').service_statuses
    allowed = dataclasses.replace(out, config={**out.config, 'allow_local_uploads': True})
    out = second.run(second.on.config_changed(), allowed)
    assert isinstance(out.unit_status, ops.ActiveStatus)
    out = second.run(second.on.config_changed(), dataclasses.replace(out, config=start.config))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert not [call for call in second.exec_history.get('wordpress', []) if 'install' in call.command]


def test_uploads_that_nothing_keeps_are_told(context: Context, state: MakeState) -> None:
    out = ready(context, state(storages=[]))
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert 'uploads are lost with the pod' in out.unit_status.message
    known = dataclasses.replace(out, config={**out.config, 'allow_local_uploads': True})
    out = context.run(context.on.config_changed(), known)
    assert 'uploads' not in out.unit_status.message


def test_a_database_that_hangs_is_noticed_in_15_seconds(context: Context, state: MakeState) -> None:
    out = ready(context, state())
    check = out.get_container('wordpress').plan.checks['site']
    period_s, ping_s = float((check.period or '').rstrip('s')), 3
    assert check.threshold
    assert period_s * check.threshold + ping_s <= 15
    assert period_s > float((check.timeout or '').rstrip('s'))


def test_a_failing_check_is_explained_and_passes_by_itself(context: Context, state: MakeState) -> None:
    out = ready(context, state())
    check = testing.CheckInfo(
        'site', level=ops.pebble.CheckLevel.READY, status=ops.pebble.CheckStatus.DOWN, failures=2, threshold=2
    )
    there = with_answers(out, ping=UNREACHABLE).get_container('wordpress')
    others = {info for info in there.check_infos if info.name != 'site'}
    failing = dataclasses.replace(there, check_infos=frozenset({check, *others}))
    out = context.run(
        context.on.pebble_check_failed(failing, check), dataclasses.replace(out, containers=[failing])
    )
    assert out.unit_status == ops.WaitingStatus('database db:3306: connection refused; retrying by itself')


def test_files_that_apache_reads_once_lead_to_a_graceful_restart_only(
    context: Context, state: MakeState, image: Path
) -> None:
    out = ready(context, state())
    config = {**out.config, 'upload_max_filesize': '64M', 'post_max_size': '64M'}
    before = (image / 'run/site.json').stat().st_mtime_ns
    context.run(context.on.config_changed(), dataclasses.replace(out, config=config))
    assert 'upload_max_filesize = 64M' in (image / 'run/php/charm.ini').read_text()
    assert (image / 'run/site.json').stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ('given', 'options', 'plugins'),
    [
        (
            {'wp_plugin_akismet_key': 'abc123'},
            ['akismet_show_user_comments_approved', 'akismet_strictness'],
            ['akismet'],
        ),
        ({'plugins': 'akismet'}, [], ['akismet']),
    ],
)
def test_options_follow_and_go_again(
    context: Context, state: MakeState, given: dict[str, str], options: list[str], plugins: list[str]
) -> None:
    out = ready(context, state(config=given))
    last = asked(context, 'apply')[-1]
    assert (sorted(last['options']), last['plugins']['activate']) == (options, plugins)
    plain = {key: value for key, value in out.config.items() if key not in given}
    context.run(context.on.config_changed(), dataclasses.replace(out, config=plain))
    last = asked(context, 'apply')[-1]
    assert (sorted(last['remove_options']), last['plugins']['deactivate']) == (options, plugins)
    assert last['options'] == {}


def test_a_changed_key_of_akismet_changes_one_file_and_is_never_applied(
    context: Context, state: MakeState, image: Path
) -> None:
    out = ready(context, state(config={'wp_plugin_akismet_key': 'first1'}))
    before = php_boots(context)
    config = {**out.config, 'wp_plugin_akismet_key': 'second2'}
    context.run(context.on.config_changed(), dataclasses.replace(out, config=config))
    assert site(image)['akismet_key'] == 'second2'
    assert php_boots(context) == before


@pytest.mark.parametrize('kind', ['plugins', 'themes'])
def test_what_the_image_lacks_is_named(context: Context, state: MakeState, kind: str) -> None:
    out = ready(context, state(config={kind: 'jetpack'}))
    assert out.unit_status == ops.BlockedStatus(
        f'{kind}: not in this image: jetpack; add them to its recipe, '
        'or juju config wordpress-k8s allow_downloads=true'
    )
    assert done_lines(context) == ['INFO']


@pytest.mark.parametrize(
    ('image_option', 'resource', 'is_same'),
    [
        ('wordpress:6.8', 'docker.io/library/wordpress:6.8', True),
        ('me/wp', 'docker.io/me/wp:latest', True),
        ('registry.example.com:5000/wp:1', 'registry.example.com:5000/wp:1', True),
        ('registry.example.com/wp:2', 'registry.example.com/wp:1', False),
    ],
)
def test_another_image_leads_to_the_command_that_changes_it(
    context: Context, state: MakeState, tmp_path: Path, image_option: str, resource: str, is_same: bool
) -> None:
    path = tmp_path / 'image.yaml'
    path.write_text(f'registrypath: {resource}\nusername: x\npassword: planted\n')
    held = testing.Resource(name='wordpress-image', path=path)
    out = ready(context, state(config={'image': image_option}, resources=[held]))
    assert isinstance(out.unit_status, ops.ActiveStatus) == is_same
    if not is_same:
        command = f'juju refresh wordpress-k8s --resource wordpress-image={image_option}'
        assert command in out.unit_status.message


def test_the_secrets_of_the_application_are_made_once(context: Context, state: MakeState) -> None:
    out = ready(context, state())
    assert {secret.label for secret in out.secrets} == {secret.label for secret in app_secrets()}
    assert all(secret.latest_content == secret.tracked_content for secret in out.secrets)


def test_the_web_user_may_write_to_new_volumes(
    context: Context, state: MakeState, container: testing.Container, tmp_path: Path
) -> None:
    (tmp_path / 'volume').mkdir()
    place = '/var/lib/wordpress/uploads'
    volume = testing.Mount(location=place, source=tmp_path / 'volume')
    chown = ['chown', 'www-data:www-data', place]
    there = dataclasses.replace(
        container,
        execs={*container.execs, testing.Exec(chown)},
        mounts={**container.mounts, 'uploads': volume},
    )
    context.run(context.on.pebble_ready(there), state(containers=[there]))
    assert chown in [call.command for call in context.exec_history['wordpress']]


def test_apache_that_does_not_start_is_started_again_later(
    context: Context, state: MakeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: ops.Container) -> None:
        change = ops.pebble.Change.from_dict(
            {'id': '7', 'kind': 'replan', 'summary': '', 'status': 'Error', 'tasks': [], 'ready': True,
             'err': 'exited quickly', 'spawn-time': '2026-11-23T00:00:00Z', 'ready-time': None}
        )  # fmt: skip
        raise ops.pebble.ChangeError('exited quickly', change)

    with monkeypatch.context() as patched:
        patched.setattr(ops.Container, 'replan', failing)
        out = ready(context, state())
    assert out.unit_status == ops.WaitingStatus(
        'apache, cron, exporter did not start; trying again after 10 s, see juju debug-log'
    )
    services = out.get_container('wordpress').service_statuses
    assert services['start-again'] is ops.pebble.ServiceStatus.ACTIVE
    out = answers_now(context, out, 'wordpress.charm/start-again')
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert len(asked(context, 'install')) == 1
