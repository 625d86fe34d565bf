"""``hoodoo ci``: revisions of real repositories are tried on a pocket, and nothing is left of any."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import leaks, trying
from tests.e2e import hoststate
from tests.e2e.conftest import BIN, Site, site_of

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

FAILING = '#!/bin/sh\necho "the moon is not made of cheese" >&2\nexit 3\n'
MEDDLING = '#!/bin/sh\njuju config idle word="$(date +%s%N)" password=hunter22\n'
HANGING = '#!/bin/sh\necho here\nexec sleep 300\n'
DYING = '#!/bin/sh\nkill -9 {pid}\nwhile juju status; do :; done\nexit 1\n'
REFUSING = """#!/bin/sh
case "$1" in add-model) echo 'ERROR quota exceeded' >&2; exit 1;; *) exec {juju} "$@";; esac
"""
NO_CHARM = 'script config=hang\n'
STOPPING = '#!/bin/sh\ncase "$JUJU_DISPATCH_PATH" in *start) status-set active;; *stop) {};; esac\n'
AT_ONCE_S = 10.0


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    folder = tmp_path_factory.mktemp('ci')
    made = site_of(folder)
    made = Site(
        env={**made.env, 'XDG_STATE_HOME': str(folder / 'state'), 'GITHUB_ACTIONS': ''}, folder=folder
    )
    try:
        made.pocket('up')
        yield made
    finally:
        made.pocket('clean', '--yes')


def _start(site: Site, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [BIN / 'hoodoo', 'ci', 'run', *words],
        env={**site.env, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _ci(site: Site, *words: str) -> list[dict[str, Any]]:
    return json.loads(site.hoodoo('ci', *words, '--format', 'json').stdout)


def _models(site: Site) -> list[str]:
    listed = json.loads(site.juju('models', '--format', 'json').stdout)
    return [model['short-name'] for model in listed['models'] if model['short-name'].startswith('ci-')]


def test_revisions_are_tried_side_by_side_and_nothing_is_left(site: Site, tmp_path: Path) -> None:
    spec = trying.repository(tmp_path / 'repo')
    good = trying.git(spec, 'rev-parse', 'HEAD')
    trying.commit(tmp_path / 'repo', {'ci/verify': FAILING})
    other = trying.repository(tmp_path / 'other', {'ci/meddle': MEDDLING})
    (other / 'manifest').write_text('collect\ndeploy config=services\nscript config=meddle\n')
    trying.commit(tmp_path / 'other', {})
    before = hoststate.of(site.env)
    page = tmp_path / 'page.md'
    github = {'GITHUB_ACTIONS': 'true', 'GITHUB_STEP_SUMMARY': str(page)}
    children = {
        'good': _start(site, f'{spec}@{good}', '--reports', str(tmp_path / 'good')),
        'failing': _start(site, f'{spec}@main', '--reports', str(tmp_path / 'failing'), env=github),
        'changing': _start(site, str(other), '--reports', str(tmp_path / 'changing')),
    }
    said = {name: child.communicate(timeout=240)[0] for name, child in children.items()}
    codes = {name: child.returncode for name, child in children.items()}
    assert codes == {'good': 0, 'failing': 1, 'changing': 1}, said

    assert _models(site) == []
    after = hoststate.of(site.env)
    # What stays is pocket's: its own way out, which the first model opens.
    for kind in ('mounts', 'namespaces', 'groups', 'processes'):
        assert before[kind] == after[kind], kind
    assert list((site.folder / 'state/hoodoo/ci').iterdir()) == []

    found = trying.cases(tmp_path / 'good' / 'junit.xml')
    phases = ['collect', 'deploy services', 'verify']
    assert [(case.suite, case.name) for case in found] == [
        *(('prepare', name) for name in ('take the revision', 'check', 'find a controller', 'add a model')),
        *(('first run', name) for name in phases),
        *(('second run', name) for name in (*phases, 'nothing changes')),
        ('clean up', 'destroy the model'),
    ]
    assert all(case.failure is None for case in found)
    assert 'its machine 0: gone' in (tmp_path / 'good' / 'summary.md').read_text()

    failed = [case for case in trying.cases(tmp_path / 'failing' / 'junit.xml') if case.failure is not None]
    assert [(case.suite, case.name) for case in failed] == [('first run', 'verify')]
    assert 'cannot finish verify "verify"' in str(failed[0].failure)
    assert (
        '::error file=specs/tried/manifest,line=3,col=1,title=tried%3A first run%2C verify::ERROR'
        in (said['failing'])
    )
    assert page.read_text() == (tmp_path / 'failing' / 'summary.md').read_text()
    kept = tmp_path / 'failing' / 'failure'
    assert sorted(file.name for file in kept.iterdir()) == [
        *('debug-log.txt', 'plan.json', 'run-1.log', 'status.json', 'status.txt', 'units.json')
    ]
    assert 'the moon is not made of cheese' in (kept / 'run-1.log').read_text()
    assert 'unit-idle-0' in (kept / 'debug-log.txt').read_text()
    assert json.loads((kept / 'plan.json').read_text())['lines'][0]['steps'] == []
    assert json.loads((kept / 'status.json').read_text())['applications']['idle']['units']['idle/0']
    assert json.loads((kept / 'units.json').read_text())['idle/0']['life'] == 'alive'

    (changed,) = [case for case in trying.cases(tmp_path / 'changing' / 'junit.xml') if case.failure]
    assert (changed.suite, changed.name) == ('second run', 'nothing changes')
    assert str(changed.failure).splitlines()[1:-1] == [
        '  configure idle: word',
        '  option word of idle changed',
    ]
    texts = [file.read_text() for file in (tmp_path / 'changing').rglob('*') if file.is_file()]
    assert not [text for text in texts if 'hunter22' in text]

    listed = _ci(site, 'list')
    assert {(row['revision'], row['verdict'], row['model']) for row in listed} == {
        (good[:8], 'passed', ''),
        ('main', 'failed', ''),
        (trying.git(other, 'rev-parse', 'HEAD')[:8], 'failed', ''),
    }


def test_a_spec_that_is_wrong_makes_nothing_and_says_where(site: Site, tmp_path: Path) -> None:
    spec = trying.repository(tmp_path / 'repo', {'manifest': 'collect\ndeploy config=servces\n'})
    reports = ('--reports', str(tmp_path / 'out'))
    done = site.hoodoo('ci', 'run', f'{spec}@main', *reports, '--github', check=False)
    assert done.returncode == 2
    assert '::error file=specs/tried/manifest,line=2,col=8::' in done.stdout
    assert [case.name for case in trying.cases(tmp_path / 'out' / 'junit.xml') if case.failure] == ['check']
    assert (_models(site), _ci(site, 'list')[0]['verdict']) == ([], 'invalid')


def test_a_cloud_that_is_not_there_says_nothing_of_the_spec(site: Site, tmp_path: Path) -> None:
    spec = trying.repository(tmp_path / 'repo', {'manifest': NO_CHARM, 'ci/hang': HANGING})
    done = site.hoodoo('ci', 'run', str(spec), '--cloud', 'nowhere', check=False)
    assert done.returncode == 2, done
    (row,) = _ci(site, 'list', '--limit', '1')
    assert (row['verdict'], row['model'], _models(site)) == ('untried', '', [])


def test_a_model_that_is_refused_is_not_looked_for(site: Site, tmp_path: Path) -> None:
    spec = trying.repository(tmp_path / 'repo', {'manifest': NO_CHARM, 'ci/hang': HANGING})
    refusing = tmp_path / 'juju'
    refusing.write_text(REFUSING.format(juju=f'{BIN / "pocket"} juju'))
    refusing.chmod(0o755)
    child = _start(site, str(spec), env={'HOODOO_JUJU': str(refusing)})
    said = child.communicate(timeout=60)[0]
    assert (child.returncode, 'quota exceeded' in said) == (3, True), said
    (row,) = _ci(site, 'list', '--limit', '1')
    assert (row['verdict'], row['model'], row['model_state']) == ('untried', '', '')


def test_an_interrupt_destroys_the_model_too(site: Site, tmp_path: Path) -> None:
    spec = trying.repository(tmp_path / 'repo', {'manifest': NO_CHARM, 'ci/hang': HANGING})
    child = _start(site, str(spec), '--reports', str(tmp_path / 'out'))
    said = _until(child, 'script hang: here')
    child.send_signal(signal.SIGINT)
    said += child.communicate(timeout=60)[0]
    assert child.returncode == 130, said
    assert (_models(site), _ci(site, 'list')[0]['verdict']) == ([], 'cancelled')
    assert [
        case.name for case in trying.cases(tmp_path / 'out' / 'junit.xml') if case.failure is not None
    ] == ['script hang']


def test_a_model_that_does_not_go_is_forced_or_left_to_the_reaper(site: Site, tmp_path: Path) -> None:
    fails, hangs = (
        trying.repository(
            tmp_path / name,
            {
                'charms/idle/dispatch': STOPPING.format(stop),
                'manifest': f'collect\ndeploy config=services\n{more}',
                'ci/hang': HANGING,
            },
        )
        for name, stop, more in (('fails', 'exit 1', ''), ('hangs', 'exec sleep 600', 'script config=hang\n'))
    )
    before = hoststate.of(site.env)
    forced, left = _start(site, str(fails), '--destroy-timeout', '2'), _start(site, str(hangs))
    said = _until(left, 'script hang: here')
    left.send_signal(signal.SIGINT)
    said += _until(left, 'interrupt once more to leave it behind')
    said += _until(left, 'destroying model ci-')
    began = time.monotonic()
    left.send_signal(signal.SIGINT)
    said += left.communicate(timeout=60)[0]
    assert time.monotonic() - began < AT_ONCE_S
    assert left.returncode == 130, said
    (model, number), *_ = re.findall(
        r'^pocket:(\S+) is left behind; this removes it: hoodoo ci reap (\d+)$', said, re.MULTILINE
    )
    (row,) = [row for row in _ci(site, 'list') if row['attempt'] == int(number)]
    assert (row['verdict'], row['model'], row['process']) == ('cancelled', f'pocket:{model}', None)

    said = forced.communicate(timeout=120)[0]
    assert forced.returncode == 0, said
    assert 'by force' in said
    assert 'gone: its machine 0' in said
    assert _models(site) == [model]

    gentle = subprocess.Popen(
        [BIN / 'hoodoo', 'ci', 'reap', number], env=site.env, stderr=subprocess.PIPE, text=True
    )
    assert gentle.stderr is not None
    assert gentle.stderr.readline() == f'removing pocket:{model}: its process is gone\n'
    began = time.monotonic()
    gentle.send_signal(signal.SIGINT)
    assert gentle.communicate(timeout=60)[1].split() == ['interrupted'], 'it does not go on by force'
    assert (gentle.returncode, time.monotonic() - began < AT_ONCE_S) == (130, True)
    assert _models(site) == [model]

    done = site.hoodoo('ci', 'reap', number, '--destroy-timeout', '1')
    assert f'pocket:{model} (attempt {number}): removed' in done.stdout, done
    assert _models(site) == []
    after = hoststate.of(site.env)
    for kind in ('mounts', 'namespaces', 'groups', 'processes'):
        assert before[kind] == after[kind], kind


def test_a_controller_that_dies_in_the_middle_says_nothing_of_the_spec(site: Site, tmp_path: Path) -> None:
    dies = DYING.format(pid=site.daemon_pid())
    spec = trying.repository(tmp_path / 'repo', {'manifest': NO_CHARM, 'ci/hang': dies})
    done = site.hoodoo(
        *('ci', 'run', str(spec), '--reports', str(tmp_path / 'out'), '--github', '--destroy-timeout', '1'),
        check=False,
    )
    assert done.returncode == 3, done
    said = 'the controller went away in the middle, which says nothing of the spec: cannot reach controller'
    assert f'script hang::{said}' in done.stdout
    cases = {case.name: case for case in trying.cases(tmp_path / 'out' / 'junit.xml')}
    assert [name for name, case in cases.items() if case.failure is not None] == []
    assert [name for name, case in cases.items() if case.error] == ['script hang', 'destroy the model']
    assert f'\n{said}' in (tmp_path / 'out' / 'summary.md').read_text()
    (number,) = re.findall(r'this removes it: hoodoo ci reap (\d+)$', done.stdout, re.MULTILINE)
    # Which starts pocket again.
    assert f'(attempt {number}): removed' in site.hoodoo('ci', 'reap', number).stdout
    (row,) = _ci(site, 'list', '--limit', '1')
    assert (row['verdict'], row['model'], _models(site)) == ('undecided', '', [])


def test_an_attempt_that_takes_too_long_is_ended(site: Site, tmp_path: Path) -> None:
    spec = trying.repository(tmp_path / 'repo', {'manifest': NO_CHARM, 'ci/hang': HANGING})
    done = site.hoodoo('ci', 'run', str(spec), '--timeout', '8', check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].endswith(': it was not done within 8 s')
    assert _models(site) == []


def test_what_a_killed_attempt_left_is_reaped_and_what_lives_or_is_kept_is_not(
    site: Site, tmp_path: Path
) -> None:
    spec = trying.repository(tmp_path / 'repo', {'manifest': NO_CHARM, 'ci/hang': HANGING})
    site.juju('add-model', '--no-switch', 'ci-of-somebody-0123456789')
    killed, living = (_start(site, str(spec)) for _ in range(2))
    for child in (killed, living):
        _until(child, 'script hang: here')
    killed.kill()
    killed.communicate(timeout=60)
    trying.commit(tmp_path / 'repo', {'ci/hang': '#!/bin/sh\nexit 1\n'})
    failed = site.hoodoo('ci', 'run', str(spec), '--keep-on-failure', check=False)
    assert 'To remove it: hoodoo ci reap ' in failed.stdout
    rows = {row['process'] or row['verdict']: row for row in _ci(site, 'list', '--limit', '3')}
    kept, lives, dead = rows['failed'], rows[living.pid], rows[killed.pid]
    assert len(_models(site)) == 4

    would = _ci(site, 'reap', '--dry-run')
    assert {each['attempt']: each['leftover'] for each in would} == {
        kept['attempt']: False,
        lives['attempt']: False,
        dead['attempt']: True,
    }
    # Who has no record of them goes by their marks, and so would another user's reaper.
    elsewhere = Site(env={**site.env, 'XDG_STATE_HOME': str(tmp_path / 'state')}, folder=tmp_path)
    assert {each['model']: each['leftover'] for each in _ci(elsewhere, 'reap', '--dry-run')} == {
        kept['model']: False,
        lives['model']: False,
        dead['model']: True,
    }
    # Two at once do no harm.
    reapers = [
        subprocess.Popen([BIN / 'hoodoo', 'ci', 'reap'], env=site.env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [reaper.communicate(timeout=120)[0] for reaper in reapers]
    assert [reaper.returncode for reaper in reapers] == [0, 0], said
    left = {kept['model'], lives['model'], 'pocket:ci-of-somebody-0123456789'}
    assert {f'pocket:{name}' for name in _models(site)} == left
    assert _ci(site, 'list', '--verdict', 'interrupted')[0]['attempt'] == dead['attempt']

    assert (
        site.hoodoo('ci', 'reap', str(kept['attempt']))
        .stdout.strip()
        .endswith(': removed, its process is gone')
    )
    living.send_signal(signal.SIGTERM)
    living.communicate(timeout=60)
    assert _models(site) == ['ci-of-somebody-0123456789']


def _until(child: subprocess.Popen[str], text: str) -> str:
    said = ''
    assert child.stdout is not None
    for line in child.stdout:
        said += line
        if text in line:
            return said
    pytest.fail(f'it never said {text!r}:\n{said}')


def test_nothing_is_left_of_attempts_that_are_killed_at_random_moments(site: Site, tmp_path: Path) -> None:
    """The small form of tests/accept/ci/test_leaks.py."""
    site.juju('destroy-model', '--no-prompt', 'ci-of-somebody-0123456789', check=False)
    asked = leaks.Hunt(runs=6, killed=3, with_machines=0, at_once=3)
    came = leaks.hunt(asked, site.env, tmp_path)
    assert (came.left, came.folders) == ((), ())
    assert set(came.verdicts) <= {'0', 'killed'}, came.said
