"""What coming-from-mojo.md promises to those who type ``alias mojo=hoodoo``, where that needs no model."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import hoodoo.cli
from hoodoo.phases import registry

PAGE = (Path(__file__).parents[3] / 'docs' / 'howto' / 'coming-from-mojo.md').read_text()
# As Mojo's README lists them.
PHASES = (
    *('secrets', 'collect', 'builddeps', 'script', 'build', 'repo'),
    *('deploy', 'bundle', 'sleep', 'verify', 'nagios-check'),
    *('juju-check-wait', 'stop-on'),
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a spec at path/to/spec, and a root of its own."""
    spec = tmp_path / 'path/to/spec'
    (spec / 'production').mkdir(parents=True)
    (spec / 'manifest').write_text('secrets\nsleep config=${SECONDS:-0}\n')
    monkeypatch.chdir(tmp_path)
    for name in ('PROJECT', 'SERIES', 'WORKSPACE', 'SPEC', 'STAGE', 'CONTAINER_CLASS', 'LOGFILE'):
        monkeypatch.delenv(f'MOJO_{name}', raising=False)
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'root'))
    monkeypatch.setenv('JUJU_DATA', str(tmp_path / 'juju'))
    return tmp_path


def mojo(line: str) -> int:
    """The exit code of the command."""
    return hoodoo.cli.invoke(shlex.split(line))


def test_the_commands_of_the_page_are_as_it_says() -> None:
    block = re.search(r'```sh\n(.*?)```', PAGE, re.DOTALL)
    assert block is not None
    asked = [shlex.split(line, comments=True)[1:] for line in block[1].splitlines()]
    assert [words[0] for words in asked] == ['check', 'plan', 'run']
    for words in (asked[0], asked[2]):
        assert mojo(shlex.join(words)) == 0, words


def test_every_phase_of_mojo_is_there_and_a_command() -> None:
    assert sorted(registry.phases()) == sorted(PHASES)
    for phase in PHASES:
        assert mojo(f'{phase} --help') == 0


@pytest.mark.parametrize('container', ['lxc', 'lxd', 'containerless'])
def test_projects_of_any_series_and_of_mojos_containers_can_be_made(here: Path, container: str) -> None:
    assert mojo(f'--break_everything project-new mojo-x -s anything -c {container}') == 0
    kept = json.loads((here / 'root/mojo-x/anything/.project').read_text())
    assert kept['container_class'] == container
    assert mojo('project-destroy mojo-x --no-prompt') == 0


def test_variables_alone_and_a_project_written_by_hand_are_enough(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = here / 'root/mojo-x/focal'
    project.mkdir(parents=True)
    facts = {'container_class': 'containerless', 'container_root': str(project)}
    (project / '.project').write_text(json.dumps({**facts, 'project_root': str(project.parent)}))
    secret = here / 'root/LOCAL/mojo-x/production/creds'
    secret.parent.mkdir(parents=True)
    secret.write_text('abcdefgh')
    for name, value in (
        ('PROJECT', 'mojo-x'),
        ('SERIES', 'focal'),
        ('WORKSPACE', 'w1'),
        ('SPEC', str(here / 'path/to/spec')),
        ('STAGE', 'production'),
    ):
        monkeypatch.setenv(f'MOJO_{name}', value)
    assert mojo('run') == 0
    assert (project / 'w1/local/creds').read_text() == 'abcdefgh'


def test_options_may_stand_between_positionals(here: Path) -> None:
    assert mojo('workspace-new --project p path/to/spec --stage production w -s focal') == 0
    assert (here / 'root/p/focal/w/spec/manifest').is_file()
