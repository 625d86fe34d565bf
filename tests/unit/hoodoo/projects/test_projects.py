"""Projects and workspaces: what their files may say, how they are made, listed and removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import cli
from hoodoo.projects import layout, removal


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ('PROJECT', 'SERIES', 'SPEC', 'STAGE', 'WORKSPACE', 'LOGFILE', 'CONTAINER_CLASS'):
        monkeypatch.delenv(f'MOJO_{name}', raising=False)
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'root'))
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'root'


def _project(root: Path, text: str = '') -> layout.Project:
    project = layout.Project(root=root, name='p', series='noble')
    if text:
        project.path.mkdir(parents=True)
        (project.path / layout.MARK).write_text(text)
    return project


def _workspace(root: Path, name: str = 'w', *, series: str = 'noble', project: str = 'p') -> layout.Workspace:
    found = layout.Project(root=root, name=project, series=series)
    space = layout.Workspace(project=found, name=name)
    space.ensure(spec='/s', stage='')
    return space


def _spec(tmp_path: Path) -> str:
    (tmp_path / 'mirror').mkdir()
    (tmp_path / 'mirror/manifest').write_text('sleep config=0\n')
    return str(tmp_path / 'mirror')


HAND = {'container_class': 'containerless', 'container_root': '/srv/p/noble', 'project_root': '/srv/p'}


def test_a_project_file_that_was_written_by_hand_is_accepted(root: Path, tmp_path: Path) -> None:
    project = _project(root, json.dumps({**HAND, 'more': 1}))
    assert project.container_class() == 'containerless'
    assert cli.invoke(['run', _spec(tmp_path), 'w', '--project', 'p']) == 0
    assert json.loads((project.path / layout.MARK).read_text()) == {**HAND, 'more': 1}


@pytest.mark.parametrize(
    ('text', 'why'),
    [
        ('{', 'it is not JSON'),
        ('\xff', 'it is not JSON'),
        ('[]', 'it is not a JSON object'),
        ('{"container_class": "lxc"}', 'it does not say container_root, project_root'),
        (json.dumps({**HAND, 'container_class': 3}), 'it does not say container_class'),
        (json.dumps({**HAND, 'container_class': 'docker'}), 'no container class "docker"'),
    ],
)
def test_a_broken_project_file_is_told_before_anything_is_done(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    project = _project(root)
    project.path.mkdir(parents=True)
    (project.path / layout.MARK).write_bytes(text.encode('latin-1'))
    assert cli.invoke(['run', _spec(tmp_path), 'w', '--project', 'p']) == 2
    err = capsys.readouterr().err
    assert str(project.path / layout.MARK) in err
    assert why in err
    assert [path.name for path in project.path.iterdir()] == [layout.MARK]
    assert cli.invoke(['project-list']) == 0
    out, err = capsys.readouterr()
    assert 'p' in out
    assert why in err


@pytest.mark.parametrize(
    ('asked', 'kind'),
    [('lxc', 'nspawn'), ('lxd', 'nspawn'), ('nspawn', 'nspawn'), ('containerless', 'containerless')],
)
def test_mojos_container_classes_are_accepted_and_noted(
    root: Path, capsys: pytest.CaptureFixture[str], asked: str, kind: str
) -> None:
    assert cli.invoke(['project-new', 'p', '-s', 'noble', '-c', asked]) == 0
    project = _project(root)
    assert project.facts()['container_class'] == asked
    assert project.container_class() == kind
    assert (f'container class {asked} means nspawn here' in capsys.readouterr().err) == (asked != kind)


def test_the_container_class_may_come_from_the_environment(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv('MOJO_CONTAINER_CLASS', 'nspawn')
    assert cli.invoke(['project-new', 'p', '-c', 'containerless']) == 0
    assert cli.invoke(['project-new', 'q']) == 0
    assert cli.invoke(['run', _spec(tmp_path), '--project', 'r']) == 0
    kinds = {project.name: project.container_class() for project in layout.projects(root)}
    assert kinds == {'p': 'containerless', 'q': 'nspawn', 'r': 'nspawn'}
    monkeypatch.setenv('MOJO_CONTAINER_CLASS', 'docker')
    assert cli.invoke(['project-new', 's']) == 2
    assert 'no container class "docker"' in capsys.readouterr().err


@pytest.mark.parametrize('series', ['trusty', '24.04', 'ubuntu@24.04', 'made_up'])
def test_any_series_is_accepted(root: Path, series: str) -> None:
    assert cli.invoke(['project-new', 'p', '-s', series]) == 0
    assert [project.series for project in layout.projects(root)] == [series]


@pytest.mark.parametrize(
    ('kind', 'name'),
    [('series', '../x'), ('series', '.hidden'), ('series', ''), ('series', 'a b'), ('project', 'LOCAL')],
)
def test_names_that_would_lead_elsewhere_are_refused(kind: str, name: str) -> None:
    with pytest.raises(errors.UsageFault):
        layout.check_name(kind, name)


def test_a_workspace_that_mojo_made_is_listed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space = _workspace(root)
    (space.project.path / 'old/spec').mkdir(parents=True)
    (space.project.path / 'ROOTFS/spec').mkdir(parents=True)
    found = list(layout.workspaces(space.project))
    assert [one.name for one in found] == ['old', 'w']
    assert cli.invoke(['workspace-list', '--format', 'json']) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row['workspace'], row['spec']) for row in rows] == [('old', None), ('w', '/s')]


def test_a_destroyed_project_is_gone_with_all_it_had_and_nothing_else_is(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = _workspace(root, 'ci')
    other = _workspace(root, 'ci', project='q')
    (space.project.container_root / 'etc').mkdir(parents=True)
    (space.path / 'link').symlink_to(other.path)
    secret = root / 'LOCAL/p/ci/key'
    secret.parent.mkdir(parents=True)
    secret.touch()
    assert cli.invoke(['project-destroy', 'p', '--no-prompt']) == 0
    out, err = capsys.readouterr()
    assert out == f'removed {space.project.path}\n'
    for said in (
        '1 workspace: ci',
        str(space.project.container_root),
        str(root / 'LOCAL'),
        'Juju models stay',
    ):
        assert said in err
    assert not (root / 'p').exists()
    assert secret.exists()
    assert (other.path / 'spec').parent.is_dir()
    assert cli.invoke(['project-destroy', 'p', '--no-prompt']) == 2
    assert 'there is no project "p"' in capsys.readouterr().err


def test_of_several_series_the_named_one_is_destroyed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for series in ('jammy', 'noble', 'plucky'):
        _workspace(root, series=series)
    assert cli.invoke(['project-destroy', 'p', '-s', 'focal', '-y']) == 2
    assert 'It is there for jammy, noble, plucky.' in capsys.readouterr().err
    assert cli.invoke(['project-destroy', 'p', '-s', 'jammy', '-y']) == 0
    assert [project.series for project in layout.projects(root)] == ['noble', 'plucky']
    assert cli.invoke(['project-destroy', 'p', '-y']) == 0
    assert list(layout.projects(root)) == []


def test_nothing_is_destroyed_while_a_run_is_in_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space, other = _workspace(root), _workspace(root, 'a')
    with space.held():
        assert cli.invoke(['project-destroy', 'p', '-y']) == 1
        assert cli.invoke(['workspace-destroy', 'w', '-y']) == 1
    assert capsys.readouterr().err.count(f'cannot use workspace {space.path}: a run is in it') == 2
    assert space.build.is_dir()
    assert other.build.is_dir()
    assert cli.invoke(['workspace-destroy', 'w', '-y']) == 0
    assert not space.path.exists()
    assert other.build.is_dir()


def test_nothing_is_destroyed_when_nobody_can_be_asked(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = _workspace(root)
    assert cli.invoke(['workspace-destroy', 'w']) == 2
    assert cli.invoke(['project-destroy', 'p']) == 2
    assert capsys.readouterr().err.count('Add --no-prompt.') == 2
    assert space.build.is_dir()


def test_a_workspace_of_several_projects_must_be_told_apart(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _workspace(root, 'ci')
    _workspace(root, 'ci', project='q')
    assert cli.invoke(['workspace-destroy', 'ci', '-y']) == 2
    assert '--project p --series noble, --project q --series noble' in capsys.readouterr().err
    assert cli.invoke(['workspace-destroy', 'cii', '-y']) == 2
    assert 'Did you mean "ci"?' in capsys.readouterr().err
    monkeypatch.setenv('MOJO_PROJECT', 'q')
    monkeypatch.setenv('MOJO_WORKSPACE', 'ci')
    assert cli.invoke(['workspace-destroy', '-y']) == 0
    assert [space.project.name for p in layout.projects(root) for space in layout.workspaces(p)] == ['p']


def test_mounts_below_are_found() -> None:
    points = ('/', '/a/b\\040c/x', '/a/bc')
    lines = ''.join(f'36 35 8:1 / {point} rw - ext4 disk rw\n' for point in points)
    assert removal.mounted_below(Path('/a/b c'), lines) == ['/a/b c/x']
    assert removal.mounted_below(Path('/a/b'), lines) == []
