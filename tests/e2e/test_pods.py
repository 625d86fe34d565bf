"""Pods by the commands that a user has: a charm with a workload container, from its start to its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock import charm, process
from bedrock.oci import layers, layout, model, writer
from pocket.substrate import records
from tests import registry
from tests.e2e.conftest import TOP, Site
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

SIDECAR = TOP / 'tests' / 'data' / 'charms' / 'sidecar'
MODEL = 'pods'
FIRST = (
    'install',
    'cluster-relation-created',
    'leader-elected',
    'web-pebble-ready',
    'config-changed',
    'start',
    'data-storage-attached',
)
REPLACED = ('stop', 'upgrade-charm', 'config-changed', 'start', 'web-pebble-ready')
_PATIENCE_S = 60.0


class Sidecar:
    """The deployed application and what its first unit has heard."""

    def __init__(self, site: Site, packed: Path) -> None:
        self.site = site
        self.packed = packed
        self._heard = 0

    def juju(self, *words: str, check: bool = True) -> process.Completed:
        command, *rest = words
        return self.site.juju(command, '--model', MODEL, *rest, check=check)

    def status(self, unit: int = 0) -> str:
        """Workload status and message of a unit, when its agent is idle."""
        units: dict[str, Any] = self.site.status(MODEL)['applications']['sidecar'].get('units') or {}
        found = units.get(f'sidecar/{unit}')
        if found is None or found['juju-status']['current'] != 'idle':
            return ''
        shown = found['workload-status']
        return f'{shown["current"]} {shown.get("message", "")}'.strip()

    def until(self, condition: Callable[[], bool], why: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                log = self.juju('debug-log', '--replay', '--no-tail').stdout[-3000:]
                pytest.fail(f'{why}: never; {self.juju("status").stdout}\n{log}')
            time.sleep(0.2)

    def shows(self, wanted: str, unit: int = 0) -> None:
        self.until(lambda: self.status(unit) == wanted, f'sidecar/{unit} shows {wanted}')

    def events(self) -> list[str]:
        """All that the first unit has heard; nothing while its pod is replaced."""
        script = 'cat /var/lib/juju/storage/data/*/events'
        return self.juju('ssh', 'sidecar/0', script, check=False).stdout.splitlines()

    def heard(self) -> tuple[str, ...]:
        """The events of the first unit since the last call."""
        events = self.events()
        before, self._heard = self._heard, len(events)
        return tuple(events[before:])

    def inside(self, script: str, container: str = 'charm', unit: int = 0) -> str:
        return self.juju('ssh', '--container', container, f'sidecar/{unit}', '--', script).stdout

    def pebble(self, *words: str) -> str:
        return self.inside(f'/charm/bin/pebble {" ".join(words)}', 'web')


@pytest.fixture(scope='module')
def sidecar(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Sidecar:
    """One unit, whose first hooks are done."""
    packed = tmp_path_factory.mktemp('charm') / 'sidecar.charm'
    cache = Path(os.environ.get('POCKET_CACHE') or '/var/cache/pocket')
    charm.pack(SIDECAR, packed, cache=cache)
    site.pocket('up')
    site.juju('add-model', MODEL, 'k8s')
    site.juju('deploy', '--model', MODEL, str(packed))
    made = Sidecar(site, packed)
    made.shows('active hello')
    return made


def test_the_first_hooks_come_in_jujus_order_with_ready_between_them(sidecar: Sidecar) -> None:
    sidecar.until(lambda: 'data-storage-attached' in sidecar.events(), 'storage attached')
    heard = sidecar.heard()
    assert sorted(heard) == sorted(FIRST)
    order = {name: heard.index(name) for name in FIRST}
    assert order['install'] == 0
    assert order['install'] < order['config-changed'] < order['start'] < order['data-storage-attached']
    assert order['web-pebble-ready'] > order['install']


def test_the_service_runs_with_the_storage_that_the_charm_has(sidecar: Sidecar) -> None:
    sidecar.until(lambda: sidecar.inside('cat /srv/data/said', 'web') == 'hello\n', 'said')
    assert 'enabled' in sidecar.pebble('services')
    sidecar.juju('config', 'sidecar', 'greeting=moin')
    sidecar.shows('active moin')
    sidecar.until(lambda: sidecar.inside('cat /srv/data/said', 'web') == 'moin\n', 'said')
    sidecar.juju('config', 'sidecar', 'greeting=hello')
    sidecar.shows('active hello')
    assert sidecar.heard() == ('config-changed', 'config-changed')


def test_notices_and_checks_reach_the_charm(sidecar: Sidecar) -> None:
    sidecar.pebble('notify', 'example.com/backup')
    sidecar.shows('active noticed example.com/backup')
    sidecar.inside('touch /srv/data/broken', 'web')
    sidecar.shows('blocked whole failed')
    sidecar.inside('rm /srv/data/broken', 'web')
    sidecar.shows('active whole recovered')
    assert sidecar.heard() == (
        'web-pebble-custom-notice example.com/backup',
        'web-pebble-check-failed whole',
        'web-pebble-check-recovered whole',
    )


def test_a_container_that_is_killed_comes_back_and_is_ready_again(sidecar: Sidecar) -> None:
    before = sidecar.juju('exec', '--unit', 'sidecar/0', 'hostname').stdout
    os.kill(_pebble_of(sidecar), signal.SIGKILL)
    sidecar.shows('active hello')
    assert sidecar.heard() == ('web-pebble-ready',)
    assert sidecar.juju('exec', '--unit', 'sidecar/0', 'hostname').stdout == before == 'sidecar-0\n'


def test_a_daemon_that_is_killed_repeats_nothing_and_misses_nothing(sidecar: Sidecar) -> None:
    socket = sidecar.site.folder / 'pocket' / 'm'
    os.kill(sidecar.site.daemon_pid(), signal.SIGKILL)
    pebble = next(socket.glob('*/pebbles/web/pebble.socket'))
    program = next(Path(os.environ.get('POCKET_CACHE') or '/var/cache/pocket').glob('pebble/pebble-*'))
    env = {**os.environ, 'PEBBLE_SOCKET': str(pebble)}
    process.run([program, 'notify', 'example.com/alone'], env=env)
    sidecar.site.pocket('up')
    sidecar.shows('active noticed example.com/alone')
    assert sidecar.heard() == ('web-pebble-custom-notice example.com/alone',)


def test_ssh_and_scp_reach_each_container(sidecar: Sidecar, tmp_path: Path) -> None:
    done = sidecar.juju('ssh', 'sidecar/0', 'pwd; echo oops >&2; exit 3', check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, '/var/lib/juju\n', 'oops\n')
    assert 'JUJU_CONTAINER_NAME=web' in sidecar.juju('ssh', '--remote', 'sidecar/0', 'env').stdout
    assert sidecar.juju('ssh', '--container', 'no', 'sidecar/0', 'true', check=False).returncode == 1
    data = os.urandom(300_000)
    (tmp_path / 'here').write_bytes(data)
    sidecar.juju('scp', '--container', 'web', str(tmp_path / 'here'), 'sidecar/0:/srv/there')
    sidecar.juju('scp', '--container', 'web', 'sidecar/0:/srv/there', str(tmp_path / 'back'))
    assert (tmp_path / 'back').read_bytes() == data
    refused = sidecar.juju('exec', '--machine', '0', 'true', check=False)
    assert 'unable to target machines with a k8s controller' in refused.stderr


def test_a_terminal_of_a_container_has_a_size_and_an_interrupt(sidecar: Sidecar) -> None:
    with contextlib.closing(Terminal(sidecar.site.env)) as terminal:
        terminal.type(f'pocket juju ssh --model {MODEL} sidecar/0; echo it ended by $?')
        terminal.wait_for(lambda text: 'root@sidecar-0:' in text)
        terminal.type("sh -c 'stty size; tty; exec sleep 60'")
        shown = terminal.wait_for(lambda text: '/dev/pts/' in text)
        assert '40 120' in shown
        terminal.type('\x03')
        terminal.wait_for(lambda text: 'root@sidecar-0:' in text)
        terminal.type('exit 7')
        terminal.wait_for(lambda text: 'it ended by 7' in text)


def test_hooks_and_actions_are_run_by_hand_in_the_charms_container(sidecar: Sidecar) -> None:
    command = f'pocket juju debug-hooks --model {MODEL} sidecar/0'
    with contextlib.closing(Terminal(sidecar.site.env)) as terminal:
        terminal.type(f'{command} config-changed web-pebble-custom-notice events; echo it ended by $?')
        terminal.wait_for(lambda text: 'root@sidecar-0:' in text)
        sidecar.pebble('notify', 'example.com/by-hand')
        terminal.wait_for(lambda text: 'sidecar/0:hooks/web-pebble-custom-notice % ' in text)
        terminal.type('status-set active "by hand for $JUJU_NOTICE_KEY"; exit 0')
        sidecar.shows('active by hand for example.com/by-hand')
        asked = sidecar.juju('run', '--background', 'sidecar/0', 'events')
        assert asked.returncode == 0
        terminal.wait_for(lambda text: 'sidecar/0:actions/events % ' in text)
        terminal.type('status-set active "in an action"; exit 0')
        sidecar.shows('active in an action')
        terminal.press('exit\r')
        terminal.wait_for(lambda text: 'it ended by 0' in text)
    with contextlib.closing(Terminal(sidecar.site.env)) as terminal:
        terminal.type(f'exec {command}')
        terminal.wait_for(lambda text: 'root@sidecar-0:' in text)
    # That client was killed. Those who come after it are served, and no hook waits for it.
    for _ in range(5):
        assert sidecar.juju('ssh', 'sidecar/0', 'echo here').stdout == 'here\n'
    sidecar.juju('config', 'sidecar', 'greeting=moin')
    sidecar.shows('active moin')
    sidecar.juju('config', 'sidecar', 'greeting=hello')
    sidecar.shows('active hello')
    sidecar.heard()


def test_a_pod_runs_the_image_that_was_given_until_it_is_given_again(
    sidecar: Sidecar, tmp_path: Path
) -> None:
    image = f'app-image=oci:{_build(tmp_path, "old")}'
    sidecar.juju('deploy', str(_charm_with_image(tmp_path)), 'fixed', '--resource', image)
    sidecar.until(lambda: _files(sidecar, 0) == ['old'], 'the image that was given')
    _build(tmp_path, 'new')
    sidecar.juju('scale-application', 'fixed', '2')
    sidecar.until(lambda: _files(sidecar, 1) == ['old'], 'the same image')
    sidecar.juju('attach-resource', 'fixed', image)
    sidecar.until(lambda: _files(sidecar, 1) == ['new'], 'the image that was built since')
    _remove_fixed(sidecar)


@pytest.mark.skipif(not shutil.which(registry.PROGRAM), reason='needs docker-registry')
def test_all_pods_run_what_a_tag_meant_until_it_is_given_again(sidecar: Sidecar, tmp_path: Path) -> None:
    with registry.running(tmp_path / 'registry') as running:
        name = f'localhost:{running.port}/team/app:1'
        old = running.put(layout.open_(_build(tmp_path, 'old')), 'team/app', '1').digest
        image = f'app-image={name}'
        sidecar.juju('deploy', str(_charm_with_image(tmp_path)), 'fixed', '--resource', image)
        sidecar.until(lambda: _files(sidecar, 0) == ['old'], 'the image of the tag')
        running.put(layout.open_(_build(tmp_path, 'new')), 'team/app', '1')
        sidecar.juju('scale-application', 'fixed', '2')
        sidecar.until(lambda: _files(sidecar, 1) == ['old'], 'the same image')
        running.stop()
        pod = _record(sidecar, 'fixed-0')
        assert pod.leader is not None
        os.kill(pod.leader.pid, signal.SIGKILL)
        sidecar.until(lambda: _record(sidecar, 'fixed-0').leader not in (None, pod.leader), 'another run')
        sidecar.until(lambda: _files(sidecar, 0) == ['old'], 'the same image, without the registry')
        running.start()
        sidecar.juju('attach-resource', 'fixed', image)
        sidecar.until(lambda: _files(sidecar, 1) == ['new'], 'what the tag means now')
    said = sidecar.juju('debug-log', '--replay', '--no-tail').stdout.splitlines()
    looked_up = [line.partition(f'{name} is ')[2] for line in said if f'{name} is sha256:' in line]
    assert looked_up[0] == f'{old}, until it is attached again'
    assert len(looked_up) == 2, 'once for each time that it was given'
    _remove_fixed(sidecar)


def test_pods_are_replaced_one_by_one_from_the_highest(sidecar: Sidecar) -> None:
    sidecar.juju('scale-application', 'sidecar', '2')
    sidecar.shows('active hello', 1)
    sidecar.heard()
    sidecar.juju('refresh', 'sidecar', '--path', str(sidecar.packed))
    sidecar.until(lambda: 'upgrade-charm' in sidecar.events(), 'upgraded')
    sidecar.shows('active hello')
    assert sidecar.heard() == REPLACED
    said = sidecar.juju('debug-log', '--replay', '--no-tail').stdout.splitlines()
    lines = [line for line in said if line.startswith('unit-sidecar-')]
    stops = [line.split(':')[0] for line in lines if 'ran "stop" hook' in line]
    assert stops == ['unit-sidecar-1', 'unit-sidecar-0']
    first = next(n for n, line in enumerate(lines) if 'sidecar-0' in line and 'ran "stop" hook' in line)
    ready = [n for n, line in enumerate(lines) if 'sidecar-1' in line and 'ran "web-pebble-ready"' in line]
    assert ready[-1] < first, 'the next one goes when the one before is ready'


@pytest.mark.skipif(not shutil.which('kubectl'), reason='needs kubectl')
def test_a_pod_is_limited_labelled_and_reached_as_a_charm_asks_of_kubernetes(
    sidecar: Sidecar, tmp_path: Path
) -> None:
    sidecar.juju('scale-application', 'sidecar', '1')
    sidecar.until(lambda: not sidecar.status(1), 'gone')
    sidecar.site.pocket('kubeconfig', MODEL, '--output', str(tmp_path / 'kubeconfig'))
    env = {**sidecar.site.env, 'KUBECONFIG': str(tmp_path / 'kubeconfig')}

    def kubectl(*words: str) -> str:
        return process.run(['kubectl', *words], env=env, timeout_s=_PATIENCE_S).stdout

    limits = '{"name": "web", "resources": {"limits": {"memory": "48Mi"}}}'
    patch = f'{{"spec": {{"template": {{"spec": {{"containers": [{limits}]}}}}}}}}'
    kubectl('patch', 'statefulset', 'sidecar', '--patch', patch)
    kubectl('rollout', 'status', 'statefulset/sidecar')
    shown = kubectl('get', 'pod', 'sidecar-0', '-o', 'jsonpath={.spec.containers[1].resources.limits}')
    assert shown == '{"memory":"48Mi"}'
    allocate = 'perl -e \'$x = "x" x 2e8; print "it has them"\' || echo it ended'
    assert sidecar.inside(allocate, 'web').strip() == 'it ended'
    kubectl('label', 'pod', 'sidecar-0', 'role=primary')
    kubectl('create', 'service', 'clusterip', 'primary', '--tcp=80:38813')
    kubectl('set', 'selector', 'service/primary', 'role=primary')
    ask = 'GET /v1/health HTTP/1.0\\r\\n\\r\\n'
    door = f'$s = IO::Socket::INET->new("primary:80") or exit 1; print $s "{ask}"; print <$s>'
    sidecar.until(
        lambda: '"healthy":true' in sidecar.inside(f"perl -MIO::Socket -e '{door}' || true"),
        'Pebble by the service',
    )
    kubectl('delete', 'service', 'primary')


def test_an_application_goes_with_its_pods(sidecar: Sidecar) -> None:
    sidecar.juju('scale-application', 'sidecar', '1')
    sidecar.until(lambda: not sidecar.status(1), 'gone')
    sidecar.juju('remove-application', '--no-prompt', '--destroy-storage', 'sidecar')
    sidecar.until(lambda: not sidecar.site.status(MODEL)['applications'], 'gone')
    sidecar.until(lambda: not list((sidecar.site.folder / 'pocket' / 'm').glob('juju-*')), 'folders')


def _files(sidecar: Sidecar, unit: int) -> list[str]:
    """What the image has that a unit of the application ``fixed`` runs on."""
    script = 'PEBBLE_SOCKET=/charm/containers/app/pebble.socket /charm/bin/pebble ls /image'
    return sidecar.juju('ssh', f'fixed/{unit}', script, check=False).stdout.split()


def _remove_fixed(sidecar: Sidecar) -> None:
    sidecar.juju('remove-application', '--no-prompt', '--force', 'fixed')
    sidecar.until(lambda: 'fixed' not in sidecar.site.status(MODEL)['applications'], 'gone')


def _record(sidecar: Sidecar, pod: str) -> records.Record:
    """What pocket has written down of a pod."""
    folder = sidecar.site.folder / 'pocket' / 'm'
    found = [one for one in map(records.load, folder.iterdir()) if one and one.pod]
    return next(one for one in found if one.pod and one.pod.hostname == pod)


def _build(folder: Path, name: str) -> Path:
    """Make *folder*/layout an image that has the empty file /image/*name*."""
    shutil.rmtree(folder / 'tree', ignore_errors=True)
    (folder / 'tree/image').mkdir(parents=True)
    (folder / 'tree/image' / name).touch()
    layer = layers.write(folder / 'tree', folder / 'layer', epoch=1)
    writer.write(
        folder / 'layout', [layer], model.Config(architecture=model.this_architecture()), tag='latest'
    )
    return folder / 'layout'


def _charm_with_image(folder: Path) -> Path:
    made = folder / 'fixed'
    made.mkdir()
    (made / 'metadata.yaml').write_text(
        'name: fixed\nsummary: s\ndescription: d\nassumes: [k8s-api]\n'
        'containers: {app: {resource: app-image}}\nresources: {app-image: {type: oci-image}}\n'
    )
    (made / 'manifest.yaml').write_text('bases: [{name: debian, channel: "12", architectures: [amd64]}]\n')
    (made / 'dispatch').write_text('#!/bin/sh\n')
    (made / 'dispatch').chmod(0o755)
    return made


def _pebble_of(sidecar: Sidecar) -> int:
    """The first process of the unit's workload container."""
    home = str(sidecar.site.folder)
    for entry in Path('/proc').iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(entry.name)
            if b'JUJU_CONTAINER_NAME=web' not in (entry / 'environ').read_bytes():
                continue
            if (entry / 'cmdline').read_bytes().startswith(b'/charm/bin/pebble\0run') and home in (
                entry / 'mountinfo'
            ).read_text():
                return pid
    raise AssertionError('there is no such process')
