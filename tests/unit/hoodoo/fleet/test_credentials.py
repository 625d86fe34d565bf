"""Accounts from files, commands and keyrings; errors that name the source and no secret."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.fleet import credentials
from hoodoo.inventory.environment import Credentials, Environment, Kind, Place

Printing = Callable[..., Credentials]

_SECRET = 'hunter2-is-secret'
_DOCUMENT = f'user: ada\npassword: {_SECRET}\n'


def _environment(source: Credentials, read: Credentials | None = None) -> Environment:
    return Environment(
        name='mirror/aws/tokyo/production',
        service='mirror',
        cloud='aws',
        region='tokyo',
        stage='production',
        controller='aws-tokyo',
        model='mirror',
        spec='',
        credentials=source,
        read_credentials=read,
        place=Place(file=Path('mirror.yaml'), line=7),
    )


@pytest.fixture
def settings(tmp_path: Path) -> settings_module.Settings:
    return settings_module.load(
        {'HOME': str(tmp_path), 'HOODOO_INVENTORY': str(tmp_path), 'PATH': '/usr/bin:/bin'}
    )


@pytest.fixture
def printing(tmp_path: Path) -> Printing:
    """Make a source that is a program; what it prints is in a file, and so in no argument."""

    def made(text: str, *, end: int = 0, user: str = '') -> Credentials:
        file = tmp_path / f'{len(list(tmp_path.iterdir()))}.txt'
        file.write_text(text)
        command = ('sh', '-c', f'cat {file}; echo sorry >&2; exit {end}')
        return Credentials(kind=Kind.COMMAND, command=command, user=user)

    return made


def _account(settings: settings_module.Settings, source: Credentials) -> tuple[str, str]:
    found = credentials.account(settings, _environment(source), write=True)
    assert found is not None
    return found.user, found.password


def test_of_a_file_in_the_inventory(settings: settings_module.Settings, tmp_path: Path) -> None:
    file = tmp_path / 'account.yaml'
    file.write_text(_DOCUMENT)
    file.chmod(0o600)
    source = Credentials(kind=Kind.FILE, path='account.yaml')
    assert _account(settings, source) == ('ada', _SECRET)

    file.chmod(0o640)
    with pytest.raises(errors.Fault, match='others can read') as caught:
        _account(settings, source)
    assert caught.value.hint == f'Run "chmod 600 {file}".'


@pytest.mark.parametrize(
    ('printed', 'user', 'account'),
    [
        (_DOCUMENT, '', ('ada', _SECRET)),
        (f'{{"password": "{_SECRET}"}}', 'bob', ('bob', _SECRET)),
        (f'{_SECRET}\n', 'bob', ('bob', _SECRET)),
        (f'{_SECRET}: [\n', '', ('', f'{_SECRET}: [')),
        ('0123\n', '', ('', '0123')),
        ('user: 007\npassword: 0123\n', '', ('007', '0123')),
    ],
)
def test_of_a_command(
    settings: settings_module.Settings,
    printing: Printing,
    printed: str,
    user: str,
    account: tuple[str, str],
) -> None:
    assert _account(settings, printing(printed, user=user)) == account


def test_none_is_had_from_elsewhere_by_default(settings: settings_module.Settings) -> None:
    assert credentials.account(settings, _environment(Credentials()), write=True) is None


def test_who_only_reads_gets_the_account_for_it(
    settings: settings_module.Settings, printing: Printing
) -> None:
    environment = _environment(printing(_DOCUMENT), printing('user: eve\npassword: other\n'))
    found = [credentials.account(settings, environment, write=write) for write in (False, True)]
    assert [account and account.user for account in found] == ['eve', 'ada']


@pytest.mark.parametrize(
    ('printed', 'end', 'says'),
    [
        (_DOCUMENT, 3, 'ended with 3: sorry'),
        (f'pass: {_SECRET}\n', 0, 'has no user and no password'),
        (f'a: {_SECRET}: c\nd: [\n', 0, 'gives no YAML'),
        (f'- {_SECRET}\n', 0, 'gives no account'),
        ('', 0, 'gives no account'),
    ],
)
def test_an_error_names_the_command_and_no_secret(
    settings: settings_module.Settings, printing: Printing, printed: str, end: int, says: str
) -> None:
    text = _refused(settings, printing(printed, end=end))
    assert says in text
    assert 'controller "aws-tokyo": command "sh -c' in text
    assert 'mirror.yaml:7' in text
    assert _SECRET not in text


def test_an_error_names_the_file_or_the_missing_program(settings: settings_module.Settings) -> None:
    assert 'none.yaml: No such file' in _refused(settings, Credentials(kind=Kind.FILE, path='none.yaml'))
    missing = Credentials(kind=Kind.COMMAND, command=('nonesuch',))
    assert 'command "nonesuch": cannot start "nonesuch"' in _refused(settings, missing)


def test_a_command_that_does_not_end_is_not_waited_for(settings: settings_module.Settings) -> None:
    hanging = _environment(Credentials(kind=Kind.COMMAND, command=('sleep', '600')))
    with pytest.raises(errors.Fault, match=r'command "sleep 600" did not end within 0\.05 s'):
        credentials.account(settings, hanging, write=False, timeout_s=0.05)


def _refused(settings: settings_module.Settings, source: Credentials) -> str:
    with pytest.raises(errors.Fault) as raised:
        credentials.account(settings, _environment(source), write=True)
    return errors.render(raised.value)


def test_of_a_keyring(settings: settings_module.Settings) -> None:
    keyring: Any = importlib.import_module('keyring')
    kept = {('hoodoo', 'aws-tokyo'): _DOCUMENT, ('hoodoo', 'ada'): _SECRET}

    class Memory(keyring.backend.KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        assert _account(settings, Credentials(kind=Kind.KEYRING, service='hoodoo')) == ('ada', _SECRET)
        one = Credentials(kind=Kind.KEYRING, service='hoodoo', user='ada')
        assert _account(settings, one) == ('ada', _SECRET)
        other = _refused(settings, Credentials(kind=Kind.KEYRING, service='other'))
        assert 'there is no keyring entry "other" of aws-tokyo' in other
        assert 'keyring set other aws-tokyo' in other
    finally:
        keyring.set_keyring(before)


def test_a_keyring_needs_its_package(
    settings: settings_module.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, 'keyring', None)
    with pytest.raises(errors.Fault, match='needs the Python package "keyring"'):
        _account(settings, Credentials(kind=Kind.KEYRING, service='hoodoo'))
