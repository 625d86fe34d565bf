"""Private client directories: one controller and one account, for their owner alone, gone in time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from bedrock import alive, errors, jujulock, process
from hoodoo import settings as settings_module
from hoodoo.fleet import clientdir
from hoodoo.inventory.environment import Credentials, Kind
from hoodoo.juju import clientfiles
from tests.unit.hoodoo.fleet.conftest import Make


def test_it_knows_one_controller_and_selects_the_model(
    settings: settings_module.Settings, environment: Make
) -> None:
    with clientdir.prepared(settings, environment()) as made:
        assert clientfiles.names(made.path) == ('aws-tokyo',)
        assert clientfiles.current(made.path) == 'aws-tokyo'
        assert clientfiles.current_model(made.path, 'aws-tokyo') == 'ada/mirror'
        found = clientfiles.find(made.path, 'aws-tokyo')
        assert found is not None
        assert (found.user, found.password) == ('ada', 'usual-password')
        assert made.env['JUJU_MODEL'] == 'aws-tokyo:mirror'
        assert made.uuid.startswith('c0ffee')
        for folder, _, names in os.walk(made.folder):
            assert Path(folder).stat().st_mode & 0o077 == 0
            assert all(Path(folder, name).stat().st_mode & 0o077 == 0 for name in names)
    assert not made.folder.exists()


def test_two_have_nothing_in_common(settings: settings_module.Settings, environment: Make) -> None:
    with (
        clientdir.prepared(settings, environment()) as one,
        clientdir.prepared(settings, environment()) as two,
    ):
        assert one.path != two.path
        assert jujulock.lock_path(one.path) != jujulock.lock_path(two.path)


def test_the_lock_of_the_client_goes_with_it(settings: settings_module.Settings, environment: Make) -> None:
    with clientdir.prepared(settings, environment()) as made, jujulock.locked(made.path):
        assert jujulock.lock_path(made.path).exists()
    assert not jujulock.lock_path(made.path).exists()


def test_an_account_that_is_not_the_owner_names_the_owner(
    settings: settings_module.Settings, environment: Make, tmp_path: Path
) -> None:
    (tmp_path / 'inventory').mkdir()
    file = tmp_path / 'inventory' / 'reader.yaml'
    file.write_text('{user: eve, password: reading}')
    file.chmod(0o600)
    reader = Credentials(kind=Kind.FILE, path='reader.yaml')
    there = environment(read_credentials=reader)
    with clientdir.prepared(settings, there) as made:
        assert (made.user, made.model) == ('eve', 'ada/mirror')
        assert 'usual-password' not in (made.path / 'accounts.yaml').read_text()
    with clientdir.prepared(settings, there, write=True) as made:
        assert (made.user, made.model) == ('ada', 'mirror')


def test_without_an_account_it_says_what_to_do(settings: settings_module.Settings, environment: Make) -> None:
    (settings.juju_data / 'accounts.yaml').write_text(yaml.safe_dump({'controllers': {}}))
    with pytest.raises(errors.Fault, match='no account is known'):
        clientdir.prepared(settings, environment())
    assert not list((settings.state / 'clients').glob('*/*'))


def test_what_a_killed_session_left_is_swept_unless_its_shell_lives(
    settings: settings_module.Settings, environment: Make
) -> None:
    beside = settings.state / 'clients' / clientdir.environment_name(environment().name)
    dead, held = beside / '999999999-1-abcdef', beside / '999999999-2-abcdef'
    for folder in (dead, held):
        (folder / 'juju').mkdir(parents=True)
    (held / 'holder').write_text(alive.me())
    with clientdir.prepared(settings, environment()) as made:
        assert sorted(beside.iterdir()) == sorted((held, made.folder))


def test_a_link_to_the_keys_is_removed_and_not_the_keys(
    settings: settings_module.Settings, environment: Make
) -> None:
    key = settings.juju_data / 'ssh' / 'juju_id_rsa'
    key.parent.mkdir()
    key.write_text('key')
    with clientdir.prepared(settings, environment()) as made:
        assert (made.path / 'ssh' / 'juju_id_rsa').read_text() == 'key'
    assert key.read_text() == 'key'


@pytest.mark.parametrize(
    ('name', 'folder'),
    [('a/b/c', 'a+b+c'), ('plain', 'plain'), ('a-b.c_d/e', 'a-b.c_d+e')],
)
def test_names_are_those_of_folders(name: str, folder: str) -> None:
    assert clientdir.environment_name(name) == folder


def test_no_two_names_are_of_one_folder() -> None:
    names = ['a/b', 'a+b', 'a b', 'a//b', '/a/b', 'a/b/', '../a', '+', 'ä', 'a/ b']
    folders = {clientdir.environment_name(name) for name in names}
    assert len(folders) == len(names)
    assert not [folder for folder in folders if '/' in folder or folder.startswith('.')]


def test_the_guard_runs_what_reads_and_refuses_what_does_not(
    settings: settings_module.Settings, environment: Make, tmp_path: Path
) -> None:
    from hoodoo.fleet import session

    program = tmp_path / 'bin' / 'juju'
    program.write_text('#!/bin/sh\necho "$JUJU_MODEL $JUJU_DATA $*"\nexit 3\n')
    asked = session.Asked(environment=environment(), kind='exec')
    with session.opened(settings, asked, note=print) as opened:
        guard = opened.bin / 'juju'
        strange = {**opened.env, 'JUJU_DATA': '/elsewhere', 'PYTHONPATH': '/elsewhere'}
        read = process.run([guard, 'status', '--format', 'json'], env=strange, check=False)
        assert read.returncode == 3
        assert read.stdout == f'aws-tokyo:mirror {opened.client.path} status --format json\n'
        for words in (['deploy', 'x'], ['status', '-m', 'gce:mirror'], ['switch', 'other']):
            refused = process.run([guard, *words], env=opened.env, check=False)
            assert (refused.returncode, refused.stdout) == (2, '')
        moved = {**opened.env, 'JUJU_MODEL': 'gce:mirror'}
        assert process.run([guard, 'status'], env=moved, check=False).returncode == 2
        assert 'usual-password' not in repr(dict(opened.env))
        inner, outer = session.outside(settings_module.load(opened.env))
        assert (inner.juju_data, inner.environ['PATH']) == (settings.juju_data, settings.environ['PATH'])
        assert outer == session.Outer(environment='mirror/aws/tokyo/production', mode='read')
        assert settings_module.load(opened.env).read_only == 'mirror/aws/tokyo/production'
    asked = session.Asked(environment=environment(), kind='exec', write=True, reason='ticket')
    with session.opened(settings, asked, note=print) as opened:
        written = process.run([opened.bin / 'juju', 'deploy', 'x'], env=opened.env, check=False)
        assert written.returncode == 3
        assert settings_module.load(opened.env).read_only == ''
