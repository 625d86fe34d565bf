"""Specs as Mojo's users write them, run as they run them: by environment, LOCAL and .project."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from bedrock import process
from tests.e2e.conftest import TOP, Site

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

SPEC = TOP / 'tests/data/specs/switch'
SECRET = 'wr9-Ty4-Zumbi'


def _with(site: Site, **variables: str) -> Site:
    return dataclasses.replace(site, env={**site.env, 'MOJO_SERIES': 'noble', **variables})


def _git(folder: Path, *words: str) -> None:
    who = ('-c', 'user.name=t', '-c', 'user.email=t@example.com')
    process.run(['git', *who, '-C', folder, *words], timeout_s=60)


def test_a_spec_of_programs_alone_starts_no_controller(site: Site, tmp_path: Path) -> None:
    (tmp_path / 'manifest').write_text('collect\nbuild\nscript\nverify config=script\n')
    (tmp_path / 'collect').write_text('made @\n')
    for name in ('build', 'script'):
        (tmp_path / name).write_text('#!/bin/sh\necho "model ${JUJU_MODEL:-none}"\n')
        (tmp_path / name).chmod(0o755)
    done = site.hoodoo('run', str(tmp_path))
    assert 'no Juju controller is registered: programs of the spec run without one' in done.stdout
    assert 'script: model none' in done.stdout
    assert not Path(site.env['JUJU_DATA']).exists()
    assert not Path(site.env['POCKET_HOME']).exists()


def test_a_spec_full_of_links_runs_from_a_branch_with_all_from_the_environment(
    site: Site, tmp_path: Path
) -> None:
    published = tmp_path / 'published'
    shutil.copytree(SPEC, published, symlinks=True)
    _git(published, 'init', '--quiet', '--initial-branch=main')
    _git(published, 'checkout', '--quiet', '-b', 'feature')
    _git(published, 'add', '--all')
    _git(published, 'commit', '--quiet', '--message', 'all')
    log = tmp_path / 'log'
    stage = 'specs/pair/next/noble'
    user = _with(
        site,
        MOJO_PROJECT='mojo-pair',
        MOJO_WORKSPACE='20261122',
        MOJO_SPEC=f'git+file://{published};branch=feature',
        MOJO_STAGE=stage,
        MOJO_LOGFILE=str(log),
        MOJO_TEST_WORD='first',
        MOJO_TEST_ENOUGH='yes',
    )
    user.hoodoo('project-new', 'mojo-pair', '-c', 'containerless')
    user.hoodoo('workspace-new')
    done = user.hoodoo('run')
    space = Path(site.env['MOJO_ROOT']) / 'mojo-pair/noble/20261122'
    assert (space / 'spec' / stage / 'pair.yaml').is_symlink()
    assert (space / 'local/cert.pem').read_text() == 'made for mojo-pair\n'
    assert 'verify check_words: asker/1 spo=ken' in done.stdout
    assert re.search(r'nagios-check: \S+ +check_certificate +ok', done.stdout)
    assert log.read_text() == done.stdout
    (run,) = json.loads(user.hoodoo('runs', '--project', 'mojo-pair', '--format', 'json').stdout)
    assert run['model'] == 'pocket:published-specs-pair-next-noble'
    shown = json.loads(user.hoodoo('show', str(run['run']), '--format', 'json').stdout)
    assert [phase['outcome'] for phase in shown['phases']] == ['done'] * 11 + ['skipped']

    # One phase by itself, with the manifest's words.
    words = ('script', 'config=set_config', 'APPLICATION=keeper', 'KV=word=by hand', 'lxc=False')
    user.hoodoo(*words)
    failed = user.hoodoo(
        *('verify', 'config=check_words', 'MACHINES=asker/0:spo=ken', 'TRIES=1', 'WAIT=0'),
        *('retry=1', 'sleep=0', 'exec-on-failure=enough', 'debug-logs=True,keeper'),
        check=False,
    )
    assert failed.returncode == 1
    assert 'try 1 of 2 failed' in failed.stdout
    assert 'exec-on-failure: running enough' in failed.stdout
    assert {path.name for path in space.glob('logs/*/*')} == {'keeper-0.log', 'model.log', 'status'}


def test_a_native_bundle_takes_secrets_from_local_and_a_script_upgrades_its_charm(
    site: Site, tmp_path: Path
) -> None:
    spec = tmp_path / 'pair'
    shutil.copytree(SPEC, spec, symlinks=True)
    root = Path(site.env['MOJO_ROOT'])
    secrets = root / 'LOCAL/mojo-lp/production'
    secrets.mkdir(parents=True)
    (secrets / 'deploy-secrets').write_text(f'applications:\n  keeper:\n    options:\n      word: {SECRET}\n')
    (secrets / 'cert.pem').write_text('a certificate\n')
    project = root / 'mojo-lp/noble'
    project.mkdir(parents=True)
    facts: Mapping[str, str] = {
        'container_class': 'containerless',
        'container_root': str(project),
        'project_root': str(project.parent),
    }
    (project / '.project').write_text(json.dumps(facts))
    (spec / 'production').mkdir()
    user = _with(site, MOJO_PROJECT='mojo-lp', MOJO_STAGE='production', EXPECTED=SECRET)
    done = user.hoodoo('run', str(spec), 'w')
    assert 'bundle: integrate asker:keeping keeper:keeping' in done.stdout
    assert 'verify scripts/heard: heard ***' in done.stdout
    assert SECRET not in done.stdout

    charm = spec / 'charms/keeper/src/charm.py'
    charm.write_text(charm.read_text().replace("'keeping')\n", "'keeping on')\n", 1))
    done = user.hoodoo('run', str(spec), 'w', '-m', 'manifest-upgrade')
    assert 'juju-check-wait: done' in done.stdout
    keeper = site.status('pair-production')['applications']['keeper']
    assert keeper['charm-rev'] == 1
    said = site.juju('debug-log', '--model', 'pair-production', '--replay', '--no-tail').stdout
    assert 'ran "upgrade-charm" hook' in said, 'the wait ended before the upgrade'
