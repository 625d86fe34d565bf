"""Private files, and whose they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bedrock import files

_SOMEBODY = 65534


def test_a_private_file_is_written_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / 'a' / 'b' / 'secret'
    files.write_private(path, 'one')
    files.write_private(path, 'two')
    assert path.read_text() == 'two'
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ['secret']


@pytest.mark.nspawn
def test_what_root_writes_into_a_home_belongs_to_whose_home_it_is(tmp_path: Path) -> None:
    os.chown(tmp_path, _SOMEBODY, _SOMEBODY)
    files.write_private(tmp_path / 'share' / 'juju' / 'accounts.yaml', 'x')
    for path in ('share', 'share/juju', 'share/juju/accounts.yaml'):
        assert (tmp_path / path).stat().st_uid == _SOMEBODY


def test_under_sudo_the_home_is_that_of_the_person_who_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    nobody = {'HOME': '/root', 'SUDO_UID': str(os.getuid())}
    assert files.home_of_invoker(nobody) == Path(os.path.expanduser(f'~{_name()}'))
    assert files.home_of_invoker({'HOME': '/root'}) == Path('/root')
    assert files.home_of_invoker({'HOME': '/root', 'SUDO_UID': '4294967294'}) == Path('/root')
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    assert files.home_of_invoker(nobody) == Path('/root')


def _name() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def test_a_file_is_replaced_whole_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'note'
    files.write(path, 'one')
    with path.open() as reader:
        files.write(path, 'two')
        assert reader.read() == 'one'
    assert path.read_text() == 'two'
    assert [entry.name for entry in path.parent.iterdir()] == ['note']
