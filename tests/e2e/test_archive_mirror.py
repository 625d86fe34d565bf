"""The main job: the archive mirror on a fresh home, proved by an apt client, as CI does it; then what a user
does with one that stays."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from bedrock import process
from tests import trying
from tests.e2e.conftest import BIN, TOP, Site, units

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

SPEC = 'specs/archive-mirror'
MODEL = 'archive-mirror-ci'


def _machines(site: Site, *, wanted: int = 3) -> dict[str, str]:
    """Instance by machine, once there are *wanted*: the apt client's goes shortly after its command."""
    deadline = time.monotonic() + 20
    while True:
        machines: dict[str, Any] = site.status(MODEL)['machines']
        if len(machines) == wanted:
            return {number: machine['instance-id'] for number, machine in machines.items()}
        assert time.monotonic() < deadline, f'{len(machines)} machines instead of {wanted}: {machines}'


def test_ci_deploys_and_proves_the_mirror_twice_and_leaves_nothing(site: Site) -> None:
    """A home on which nothing was started; the reports stay for whoever reads what CI said."""
    reports = TOP / 'build' / 'ci' / 'archive-mirror'
    done = site.hoodoo('ci', 'run', SPEC, '--reports', str(reports))
    codename = _codename()
    assert f'{codename}/' in done.stdout
    assert done.stdout.count('verified: http://') == 2
    assert done.stdout.count('(no change)') == 2
    found = trying.cases(reports / 'junit.xml')
    second = [case.name for case in found if case.suite == 'second run']
    assert second[-2:] == ['verify verify-deploy', 'nothing changes']
    assert all(case.failure is None and not case.skipped for case in found)
    summary = (reports / 'summary.md').read_text()
    for machine in range(3):
        assert f'- its machine {machine}: gone' in summary
    listed = json.loads(site.juju('models', '--format', 'json').stdout)
    assert [model['short-name'] for model in listed['models']] == ['controller']


def test_the_daemon_killed_in_the_middle_is_no_loss(site: Site) -> None:
    killed, missed = False, False

    def kill_during_deploy(_: str, line: str) -> None:
        nonlocal killed, missed
        if not killed and 'install' in line:
            killed = True
            os.kill(site.daemon_pid(), signal.SIGKILL)
        if not missed and 'the controller does not answer, trying again' in line:
            missed = True
            site.pocket('up')

    process.run(
        [BIN / 'hoodoo', 'run', SPEC, '--stage', 'ci'],
        env=site.env,
        cwd=TOP,
        timeout_s=600,
        check=False,
        on_line=kill_during_deploy,
    )
    assert (killed, missed) == (True, True)
    # The hook that died with the controller has failed, which ends the first run.
    done = site.hoodoo('run', SPEC, '--stage', 'ci')
    assert 'verified: http://' in done.stdout
    found = units(site.status(MODEL))
    assert sorted(found) == ['haproxy/0', 'ubuntu-repository-cache/0', 'ubuntu-repository-cache/1']
    for name, unit in found.items():
        assert unit['workload-status']['current'] == 'active', name
        assert len(unit['subordinates']) == 1, name
    _machines(site)


def test_a_bad_check_fails_nagios_check_and_the_others_are_told_too(site: Site, tmp_path: Path) -> None:
    file, plugin = '/etc/nagios/nrpe.d/zz_test.cfg', '/usr/lib/nagios/plugins/check_procs -w 1:1'
    plant = f'echo command[check_many]={plugin} | sudo tee {file}'
    site.juju('exec', '--model', MODEL, '--unit', 'haproxy/0', '--', plant)
    try:
        (tmp_path / 'manifest').write_text('nagios-check services=haproxy retry=1 sleep=0\n')
        failed = site.hoodoo('run', str(tmp_path), '--model', MODEL, check=False)
        assert failed.returncode == 1
        assert 'haproxy/0 check_many: warning (try 2): PROCS WARNING' in failed.stderr
        assert re.search(r'haproxy/0 +check_haproxy +ok +HAPROXY SERVERS OK', failed.stdout)
        assert 'ubuntu-repository-cache' not in failed.stdout
        (tmp_path / 'manifest').write_text('nagios-check warning=ok\n')
        done = site.hoodoo('run', str(tmp_path), '--model', MODEL)
        assert re.search(r'haproxy/0 +check_many +warning +PROCS WARNING', done.stdout)
        assert 'ubuntu-repository-cache/1  check_nginx' in done.stdout
    finally:
        site.juju('exec', '--model', MODEL, '--unit', 'haproxy/0', '--', f'sudo rm {file}')


def test_only_a_changed_option_is_changed(site: Site, tmp_path: Path) -> None:
    spec = tmp_path / 'archive-mirror'
    shutil.copytree(TOP / SPEC, spec, symlinks=True)
    collect = spec / 'production' / 'collect'
    collect.write_text(collect.read_text().replace('../../charms', str(TOP / 'charms')))
    services = spec / 'ci' / 'services'
    services.write_text(services.read_text().replace('enable_monitoring: true', 'enable_monitoring: false'))
    (spec / 'manifest').write_text('collect\ndeploy config=services\ndeploy config=relations\n')
    before = _machines(site)
    done = site.hoodoo('run', str(spec), '--stage', 'ci')
    steps = [line for line in done.stdout.splitlines() if 'haproxy' in line and 'enable_monitoring' in line]
    assert steps, done.stdout
    assert 'ubuntu-repository-cache' not in ''.join(steps)
    config = json.loads(site.juju('config', '--model', MODEL, '--format', 'json', 'haproxy').stdout)
    assert config['settings']['enable_monitoring']['value'] is False
    assert _machines(site) == before


def test_a_unit_removed_by_hand_comes_back(site: Site) -> None:
    site.juju('remove-unit', '--model', MODEL, '--no-prompt', 'haproxy/0')
    site.hoodoo('run', SPEC, '--stage', 'ci')
    found = units(site.status(MODEL))
    assert [name for name in found if name.startswith('haproxy/')] == ['haproxy/1']
    assert found['haproxy/1']['workload-status']['current'] == 'active'


def _codename() -> str:
    for line in Path('/etc/os-release').read_text().splitlines():
        key, _, value = line.partition('=')
        if key == 'VERSION_CODENAME':
            return value
    pytest.fail('/etc/os-release has no VERSION_CODENAME')
