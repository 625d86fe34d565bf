"""``hoodoo ci watch`` with real attempts, and the jobs of docs/ci, which do what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml

from tests import trying
from tests.e2e.conftest import BIN, Site, site_of

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

DOCS = Path(__file__).parents[2] / 'docs' / 'ci'
TINY = {'manifest': 'script config=prove\n', 'ci/prove': '#!/bin/sh\necho proved "$FLAVOUR"\n'}
BAD = {'ci/prove': '#!/bin/sh\necho no cheese >&2\nexit 3\n'}


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    folder = tmp_path_factory.mktemp('watch')
    made = site_of(folder)
    env = {**made.env, 'XDG_STATE_HOME': str(folder / 'state'), 'GITHUB_ACTIONS': ''}
    made = Site(env=env, folder=folder)
    try:
        made.pocket('up')
        yield made
    finally:
        made.pocket('clean', '--yes')


def test_branches_of_a_repository_are_tried_each_once(site: Site, tmp_path: Path) -> None:
    repository = tmp_path / 'repo'
    trying.repository(repository, TINY)
    trying.git(repository, 'checkout', '--quiet', '-b', 'feature/bad')
    trying.commit(repository, BAD)
    trying.git(repository, 'checkout', '--quiet', 'main')
    config = tmp_path / 'ci.yaml'
    config.write_text(
        f'repositories:\n- url: file://{repository}\n  branches: [main, feature/*]\n'
        '  specs: [{path: specs/tried, env: {FLAVOUR: sweet}}]\n'
    )
    done = site.hoodoo('ci', 'watch', str(config), '--once', check=False)
    assert done.returncode == 1, done
    said = site.hoodoo('ci', 'history', 'repo', '--format', 'json').stdout
    rows = {row['branch']: row for row in json.loads(said)}
    assert {branch: row['verdict'] for branch, row in rows.items()} == {
        'main': 'passed',
        'feature/bad': 'failed',
    }
    assert 'no cheese' in Path(rows['feature/bad']['reports'], 'summary.md').read_text()
    good = Path(rows['main']['reports'])
    assert 'proved sweet' in (good / 'output.log').read_text()
    assert rows['main']['commit'] in (good / 'summary.md').read_text()
    models = json.loads(site.juju('models', '--format', 'json').stdout)['models']
    assert [model['short-name'] for model in models if model['short-name'].startswith('ci-')] == []

    again = site.hoodoo('ci', 'watch', str(config), '--once')
    assert (again.stdout, again.returncode) == ('', 0)


def test_the_jobs_in_the_documentation_do_what_they_say(site: Site, tmp_path: Path) -> None:
    jobs = {'jenkins': _jenkins(), 'github': _github(), 'gitlab': _gitlab()}
    # They differ in what they do with the reports, so one run proves all.
    assert len(set(jobs.values())) == 1
    spec, script, results = jobs['github']
    trying.repository(tmp_path, TINY)
    (tmp_path / 'specs' / 'tried').rename(tmp_path / spec)
    env = {**site.env, 'SPEC': spec, 'PATH': f'{BIN}:{os.environ["PATH"]}'}
    done = subprocess.run(
        ['sh', '-e', '-c', script], cwd=tmp_path, env=env, text=True, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done
    assert trying.cases(tmp_path / results / 'junit.xml')
    assert 'passed' in (tmp_path / results / 'summary.md').read_text()
    assert 'nothing to remove' in done.stderr


def _jenkins() -> tuple[str, str, str]:
    """Of a job which spec it tries, what it runs, and where it looks for reports."""
    text = (DOCS / 'Jenkinsfile').read_text()
    (spec,) = re.findall(r"SPEC = '([^']+)'", text)
    steps = re.findall(r"^\s*sh '([^']+)'$", text, re.MULTILINE)
    (junit,) = re.findall(r"junit '([^']+)/junit\.xml'", text)
    (kept,) = re.findall(r"archiveArtifacts artifacts: '([^']+)/\*\*'", text)
    assert junit == kept
    assert text.count('{') == text.count('}')
    return spec, '\n'.join(steps), kept


def _github() -> tuple[str, str, str]:
    job = yaml.safe_load((DOCS / 'github-workflow.yml').read_text())['jobs']['try']
    steps = [step['run'] for step in job['steps'] if 'run' in step]
    (kept,) = [step['with']['path'] for step in job['steps'] if 'upload-artifact' in step.get('uses', '')]
    return job['env']['SPEC'], '\n'.join(steps), kept


def _gitlab() -> tuple[str, str, str]:
    job = yaml.safe_load((DOCS / 'gitlab-ci.yml').read_text())['try-the-spec']
    (kept,) = job['artifacts']['paths']
    assert job['artifacts']['reports']['junit'] == f'{kept}/junit.xml'
    return job['variables']['SPEC'], '\n'.join([*job['script'], *job['after_script']]), kept
