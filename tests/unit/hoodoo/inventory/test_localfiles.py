"""What an adopted spec needs under LOCAL."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.inventory import localfiles


def test_each_project_has_its_place(tmp_path: Path) -> None:
    found = localfiles.places(tmp_path, ('blog', 'other', 'blog'), 'staging', 's.yaml')
    assert found == tuple(tmp_path / 'LOCAL' / name / 'staging' / 's.yaml' for name in ('blog', 'other'))


def test_what_an_operator_keeps_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / 's.yaml'
    localfiles.check((file,), 'mine')
    file.write_text('mine')
    localfiles.check((file,), 'mine')
    for other in ('', 'other'):
        with pytest.raises(errors.UsageFault, match='holds something else'):
            localfiles.check((file,), other)


def test_a_foreseen_file_is_read_like_one_and_leaves_nothing(tmp_path: Path) -> None:
    with localfiles.foreseen(tmp_path, ('blog',), 'ci', 's.yaml', 'a: b\n') as root:
        (place,) = localfiles.places(root, ('blog',), 'ci', 's.yaml')
        assert place.is_file()
        assert [place.read_text(), place.read_text()] == ['a: b\n', 'a: b\n']
    assert not place.exists()
    assert place.is_symlink()
