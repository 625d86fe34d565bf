"""Recipes: what is understood, how one extends another, and that all that is wrong is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.images import recipe

TOP = Path(__file__).parents[4]


def _written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / recipe.FILE).write_text(text)
    return folder


@pytest.mark.parametrize('name', ['mariadb', 'wordpress'])
def test_our_own_recipes_are_understood(name: str) -> None:
    found = recipe.load(TOP / 'images' / name)
    assert found.name == name
    for channel in found.channels:
        assert recipe.load(TOP / 'images' / name, channel).lock_file.is_file()


def test_a_fork_adds_to_what_it_extends(tmp_path: Path) -> None:
    _written(
        tmp_path / 'one',
        'name: one\npackages: [a1]\nfiles: [files]\nlabels: {x: "1", y: "1"}\nuser: www-data\n'
        'channels: {stable: {packages: [s1]}, latest: {packages: [l1]}}\ndefault_channel: latest\n',
    )
    fork = _written(
        tmp_path / 'two', 'name: two\nextends: ../one\npackages: [b2]\nfiles: [mine]\nlabels: {y: "2"}'
    )
    found = recipe.load(fork)
    assert found.name == 'two'
    assert found.packages == ('a1', 'b2', 'l1')
    assert found.files == (tmp_path / 'one/files', fork / 'mine')
    assert (found.labels, found.user) == ({'x': '1', 'y': '2'}, 'www-data')
    assert found.lock_file == fork / 'lock.latest.json'
    assert recipe.load(fork, 'stable').packages == ('a1', 'b2', 's1')


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('packges: [a1]', '"packges" is unknown'),
        ('packages: a1', '"packages" is not a list'),
        ('packages: ["--x"]', 'holds "--x"'),
        ('base: {realease: x}', '"base.realease" is unknown'),
        ('unpack: [{release: sid}]', '"unpack[0].package" is missing'),
        ('tarballs: [{url: u, sha256: short, path: /x}]', '"tarballs[0].sha256" is not what it should be'),
        ('folders: [{path: run}]', '"folders[0].path" is no absolute path'),
        ('folders: [{path: /run, mode: "9"}]', 'is no mode'),
        ('labels: [x]', '"labels" is not a map'),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(errors.Problems) as caught:
        recipe.load(_written(tmp_path, text))
    assert any(said in problem.message for problem in caught.value.problems)


@pytest.mark.parametrize(
    ('text', 'channel', 'said'),
    [
        ('[', '', 'is not YAML'),
        ('x', '', 'is no map'),
        ('extends: .', '', 'extend each other'),
        ('{}', 'x', 'channel "x"'),
    ],
)
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str, channel: str, said: str) -> None:
    with pytest.raises(errors.UsageFault, match=said):
        recipe.load(_written(tmp_path, text), channel)


def test_modes_are_read_as_chmod_does(tmp_path: Path) -> None:
    text = "folders: [{path: /a, mode: '0750', owner: 33}, {path: /b, mode: 01777}, {path: /c}]"
    found = recipe.load(_written(tmp_path, text)).folders
    assert [one.mode for one in found] == [0o750, 0o1777, 0o755]
    assert [(one.owner, one.group) for one in found] == [(33, 33), (0, 0), (0, 0)]
