"""Trees that are replaced whole, also where the file system cannot exchange."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bedrock import trees


def _cannot(one: Path, other: Path) -> bool:
    del one, other
    return False


@pytest.fixture(params=[True, False], ids=['exchange', 'no exchange'])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if not request.param:
        monkeypatch.setattr(trees, '_exchange', _cannot)
    folder = tmp_path / 'target'
    (folder / 'inner').mkdir(parents=True)
    (folder / 'old').touch()
    return folder


def test_a_tree_is_replaced_and_what_is_to_be_kept_moves_over(target: Path) -> None:
    with trees.replacing(target, keep=['inner', 'none']) as new:
        new.mkdir()
        (new / 'new').touch()
    assert sorted(os.listdir(target)) == ['inner', 'new']
    assert os.listdir(target.parent) == ['target']


def test_a_failure_leaves_what_was_there(target: Path) -> None:
    with pytest.raises(ValueError), trees.replacing(target) as new:  # noqa: PT011, PT012 (ours)
        new.mkdir()
        raise ValueError
    assert sorted(os.listdir(target)) == ['inner', 'old']
    assert os.listdir(target.parent) == ['target']


def test_a_tree_a_file_and_a_link_replace_each_other(target: Path) -> None:
    with trees.replacing(target) as new:
        new.symlink_to('/nowhere')
    assert target.readlink() == Path('/nowhere')
    with trees.replacing(target) as new:
        new.write_text('x')
    assert target.read_text() == 'x'
    with trees.replacing(target) as new:
        new.mkdir()
    assert target.is_dir()


def test_what_a_killed_process_left_is_undone(tmp_path: Path) -> None:
    (tmp_path / '.a.hoodoo-old').mkdir()
    (tmp_path / '.b.hoodoo-old').mkdir()
    (tmp_path / 'b').mkdir()
    (tmp_path / '.c.hoodoo-new/x').mkdir(parents=True)
    (tmp_path / '.mine').touch()
    trees.sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ['.mine', 'a', 'b']
    trees.sweep(tmp_path / 'none')


def test_a_linked_copy_keeps_links_and_is_its_own_tree(target: Path) -> None:
    (target / 'link').symlink_to('old')
    copy = target.parent / 'copy'
    trees.copied(target, copy, link=True)
    (copy / 'old').unlink()
    (copy / 'old').write_text('changed')
    assert (target / 'old').read_text() == ''
    assert (copy / 'link').readlink() == Path('old')
