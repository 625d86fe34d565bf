"""Starting the daemon: its command, its environment, its home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bedrock import errors
from pocket import settings
from pocket.daemon import _files, control


def test_under_systemd_the_daemon_gets_a_delegated_scope() -> None:
    plain = control.command(ready_fd=5, systemd=False)
    scoped = control.command(ready_fd=5, systemd=True, unit='pocket-1')
    assert plain[-2:] == ['--ready-fd', '5']
    assert scoped[-len(plain) :] == plain
    assert scoped[:2] == ['systemd-run', '--scope']
    assert '--property=Delegate=yes' in scoped
    assert '--unit=pocket-1' in scoped


def test_the_daemon_sees_settings_and_proxies_and_nothing_else() -> None:
    given = {'PATH': '/bin', 'SECRET': 'x', 'http_proxy': 'http://p', 'POCKET_HOME': '/h', 'JUJU_DATA': '/j'}
    env = control.environment(settings.load(given), given)
    assert 'SECRET' not in env
    assert env['http_proxy'] == 'http://p'
    assert settings.load(env) == settings.load(given)


def test_a_folder_with_something_else_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / 'thesis.odt').touch()
    with pytest.raises(errors.UsageFault, match=r'not empty \(thesis\.odt\)'):
        _files.claim(tmp_path)
    assert not control.owns(settings.load({'POCKET_HOME': str(tmp_path)}))


def test_a_claimed_home_may_be_claimed_again(tmp_path: Path) -> None:
    home = tmp_path / 'home'
    _files.claim(home)
    (home / 'state.db').touch()
    _files.claim(home)
    assert control.owns(settings.load({'POCKET_HOME': str(home)}))


def test_a_daemon_is_found_while_its_process_lives(tmp_path: Path) -> None:
    assert control.find(tmp_path) is None
    info = _files.publish(tmp_path, port=17070)
    assert control.find(tmp_path) == info
    assert info.pid == os.getpid()
    _files.retract(tmp_path)
    assert control.find(tmp_path) is None


def test_the_note_of_a_process_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    info = _files.publish(tmp_path, port=17070)
    note = tmp_path / 'daemon.json'
    note.write_text(note.read_text().replace(f'"start": {info.start}', f'"start": {info.start - 1}'))
    assert control.find(tmp_path) is None


def test_a_home_has_one_daemon(tmp_path: Path) -> None:
    with (
        _files.only_one(tmp_path),
        pytest.raises(errors.Fault, match='another one runs'),
        _files.only_one(tmp_path),
    ):
        raise AssertionError('two daemons at once')
    with _files.only_one(tmp_path):
        assert (tmp_path / 'daemon.lock').exists()
