"""What an adopted spec needs under LOCAL."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.inventory import localfiles


def test_each_project_has_its_folder(tmp_path: Path) -> None:
    found = localfiles.folders(tmp_path, ('blog', 'other', 'blog'), 'staging')
    assert found == tuple(tmp_path / 'LOCAL' / name / 'staging' for name in ('blog', 'other'))


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    folders = (tmp_path / 'one' / 'ci', tmp_path / 'two' / 'ci')
    localfiles.write(folders, {'a.yaml': 'x', 'more/b.yaml': 'y'})
    for folder in folders:
        assert ((folder / 'a.yaml').read_text(), (folder / 'more' / 'b.yaml').read_text()) == ('x', 'y')
        assert (folder / 'more' / 'b.yaml').stat().st_mode & 0o777 == 0o600
        assert (folder / 'more').stat().st_mode & 0o777 == 0o700


def test_what_an_operator_keeps_is_not_replaced(tmp_path: Path) -> None:
    texts = {'a.yaml': 'mine', 'more/b.yaml': 'too'}
    localfiles.check((tmp_path,), texts)
    localfiles.write((tmp_path,), texts)
    localfiles.check((tmp_path,), texts)
    for name in texts:
        with pytest.raises(errors.UsageFault, match=f'{name} is there already, and holds something else'):
            localfiles.check((tmp_path,), {**texts, name: 'other'})


def test_a_foreseen_file_is_read_like_one_and_leaves_nothing(tmp_path: Path) -> None:
    with localfiles.foreseen(tmp_path, ('blog',), 'ci', 's.yaml', 'a: b\n') as root:
        (folder,) = localfiles.folders(root, ('blog',), 'ci')
        place = folder / 's.yaml'
        assert place.is_file()
        assert [place.read_text(), place.read_text()] == ['a: b\n', 'a: b\n']
    assert not place.exists()
    assert place.is_symlink()
