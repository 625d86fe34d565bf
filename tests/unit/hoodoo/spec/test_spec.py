"""Stage lookup, layout and spec copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import settings
from hoodoo.projects import layout
from hoodoo.review import request
from hoodoo.spec import lookup, sources, stages


def test_the_nearest_file_up_to_the_root_is_found(tmp_path: Path) -> None:
    view = lookup.SpecView(root=tmp_path, stage='lp/qastaging')
    (tmp_path / 'lp/qastaging').mkdir(parents=True)
    for place, name in (('', 'a'), ('', 'b'), ('lp', 'b'), ('lp/qastaging', 'c')):
        (tmp_path / place / name).touch()
    assert view.find('a') == tmp_path / 'a'
    assert view.find('b') == tmp_path / 'lp' / 'b'
    assert view.find('c') == tmp_path / 'lp/qastaging' / 'c'
    assert view.find('d') is None
    assert view.find('lp') is None
    assert view.stage_name == 'qastaging'


@pytest.mark.parametrize('stage', ['../x', '/etc', 'a/../../b'])
def test_a_stage_cannot_lead_out_of_the_spec(tmp_path: Path, stage: str) -> None:
    with pytest.raises(errors.UsageFault, match='leads out'):
        stages.check(lookup.SpecView(root=tmp_path, stage=stage), 'manifest')


def test_projects_and_workspaces_are_listed_once_made(tmp_path: Path) -> None:
    project = layout.Project(root=tmp_path, name='p', series='noble')
    space = layout.Workspace(project=project, name='w')
    assert list(layout.projects(tmp_path)) == []
    space.ensure(spec='/s', stage='ci')
    assert list(layout.projects(tmp_path)) == [project]
    assert list(layout.workspaces(project)) == [space]
    assert space.facts() == {'spec': '/s', 'stage': 'ci'}
    assert space.local.stat().st_mode & 0o077 == 0


def test_the_workspaces_copy_follows_the_spec_and_keeps_links(tmp_path: Path) -> None:
    spec = tmp_path / 'spec'
    spec.mkdir()
    (spec / 'file').write_text('1')
    (spec / 'link').symlink_to('../elsewhere')
    origin = sources.find(str(spec), clones=tmp_path / 'clones')
    sources.refresh(origin, tmp_path / 'copy')
    (spec / 'file').unlink()
    (spec / 'new').touch()
    sources.refresh(origin, tmp_path / 'copy')
    assert sorted(path.name for path in (tmp_path / 'copy').iterdir()) == ['link', 'new']
    assert (tmp_path / 'copy/link').readlink() == Path('../elsewhere')


def _complete(tmp_path: Path, given: request.Given, environ: dict[str, str]) -> request.Request:
    return request.complete(given, settings.load({'HOME': str(tmp_path), **environ}))


def test_defaults_come_from_the_spec_and_the_stage(tmp_path: Path) -> None:
    (tmp_path / 'mirror').mkdir()
    asked = _complete(tmp_path, request.Given(spec=str(tmp_path / 'mirror'), stage='lp/CI'), {})
    root = tmp_path / '.local/share/mojo'
    assert asked.workspace.path == root / 'mirror' / settings.DEFAULT_SERIES / 'lp-CI'
    assert (asked.default_model, asked.manifest) == ('mirror-lp-ci', 'manifest')
    assert asked.variables['MOJO_STAGE'] == 'lp/CI'
    assert asked.variables['MOJO_SPEC_DIR'] == str(asked.workspace.spec)


def test_the_environment_names_what_the_command_line_does_not(tmp_path: Path) -> None:
    (tmp_path / 'mirror').mkdir()
    environ = {
        'MOJO_ROOT': str(tmp_path / 'root'),
        'MOJO_PROJECT': 'p',
        'MOJO_SERIES': 'jammy',
        'MOJO_WORKSPACE': 'w',
        'MOJO_SPEC': str(tmp_path / 'mirror'),
        'MOJO_STAGE': 'ci',
    }
    asked = _complete(tmp_path, request.Given(project='other'), environ)
    assert asked.workspace.path == tmp_path / 'root/other/jammy/w'
    assert asked.stage == 'ci'


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        (request.Given(), 'no spec is named'),
        (request.Given(spec='gone'), 'no such directory'),
        (request.Given(spec='.', project='a/b'), 'name of a project'),
        (request.Given(spec='.', workspace='..'), 'name of a workspace'),
    ],
)
def test_what_cannot_be_run_is_a_usage_fault(tmp_path: Path, given: request.Given, message: str) -> None:
    with pytest.raises(errors.UsageFault, match=message):
        _complete(tmp_path, given, {})


def test_a_directory_with_a_file_that_only_an_included_manifest_names_is_a_stage(tmp_path: Path) -> None:
    for name, text in {
        'manifest': 'include config=rest\n',
        'rest': 'include config=rest\nverify config=checks\n',
        'ci/checks': '',
        'lp/deep/production/checks': '',
        'other/file': '',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert stages.find(tmp_path, 'manifest') == ('ci', 'lp/deep/production')


def test_a_stage_below_a_stage_needs_no_directory_of_its_own(tmp_path: Path) -> None:
    (tmp_path / 'lp').mkdir()
    (tmp_path / 'lp/manifest').write_text('')
    (tmp_path / 'lp/loop').symlink_to('loop')
    view = lookup.SpecView(root=tmp_path, stage='lp/production')
    stages.check(view, 'manifest')
    assert view.find('manifest') == tmp_path / 'lp/manifest'
    with pytest.raises(errors.UsageFault, match='cannot find stage "pl/production"'):
        stages.check(lookup.SpecView(root=tmp_path, stage='pl/production'), 'manifest')


def test_many_stages_are_not_all_listed() -> None:
    text = stages.listed(tuple(f's{number}' for number in range(15)))
    assert text.endswith('s11 and 3 more.')


def test_a_stage_full_of_links_is_looked_up_alike_in_the_spec_and_in_its_copy(tmp_path: Path) -> None:
    spec = tmp_path / 'spec'
    for name, text in {'helper/checks': '1', 'full/queens/bundle': '2', 'full/common/late': '3'}.items():
        (spec / name).parent.mkdir(parents=True, exist_ok=True)
        (spec / name).write_text(text)
    (spec / 'full/queens/checks').symlink_to('../../helper/checks')
    (spec / 'full/queens/scripts').symlink_to('../common')
    (spec / 'full/rocky').symlink_to('queens')
    (spec / 'manifest').write_text('deploy config=bundle\n')
    sources.refresh(sources.find(str(spec), clones=tmp_path), tmp_path / 'root/p/s/w/spec')
    assert stages.find(spec, 'manifest') == ('full/queens', 'full/rocky')
    for root in (spec, tmp_path / 'root/p/s/w/spec'):
        for stage in ('full/queens', 'full/rocky'):
            view = lookup.SpecView(root=root, stage=stage)
            for name, text in {'checks': '1', 'bundle': '2', 'scripts/late': '3'}.items():
                assert view.get(name).read_text() == text
            assert view.get('manifest') == root / 'manifest'


def test_a_run_root_inside_the_spec_is_not_copied_into_itself(tmp_path: Path) -> None:
    (tmp_path / 'manifest').touch()
    copy = tmp_path / 'mojo/p/noble/w/spec'
    copy.parent.mkdir(parents=True)
    (tmp_path / 'mojo/LOCAL').mkdir()
    origin = sources.find(str(tmp_path), clones=tmp_path / 'mojo/.specs')
    sources.refresh(origin, copy)
    sources.refresh(origin, copy)
    assert [path.name for path in copy.iterdir()] == ['manifest']
