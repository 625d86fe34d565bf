"""`pocket clean` leaves a host as it was, and what is not pocket's alone."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml

from bedrock import charm
from pocket import settings
from tests import groups
from tests.e2e import traces
from tests.e2e.conftest import BIN, TOP, Site

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn, pytest.mark.alone]

HOLDER = TOP / 'tests' / 'data' / 'charms' / 'holder'
FORWARDING = Path('/proc/sys/net/ipv4/ip_forward')
OTHER = {'uuid': 'a4e6f9b0-0000-4000-8000-00000000000a', 'api-endpoints': ['203.0.113.7:17070']}


@pytest.fixture(scope='module')
def forwarding() -> Generator[str]:
    """What the host says of forwarding before; switched off when nobody else here relies on it."""
    before = FORWARDING.read_text().strip()
    if not any(Path('/sys/class/net').glob('pk*/bridge')):
        FORWARDING.write_text('0')
    yield FORWARDING.read_text().strip()
    if before == '1':
        FORWARDING.write_text('1')


@pytest.fixture(scope='module')
def deployed(site: Site, forwarding: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A model with a unit that is in a hook, beside a controller of somebody else."""
    del forwarding  # looked at before anything was set up
    data = Path(site.env['JUJU_DATA'])
    data.mkdir(parents=True)
    (data / 'controllers.yaml').write_text(
        yaml.safe_dump({'controllers': {'prod': OTHER}, 'current-controller': 'prod'})
    )
    (data / 'accounts.yaml').write_text(
        yaml.safe_dump({'controllers': {'prod': {'user': 'me', 'password': 'mine'}}})
    )
    folder = tmp_path_factory.mktemp('charm')
    archive = charm.pack(HOLDER, folder / 'holder.charm', cache=folder)
    site.pocket('up')
    site.juju('add-model', '--controller', 'pocket', 'm')
    site.juju('deploy', '--model', 'pocket:m', str(archive))
    site.juju('exec', '--model', 'pocket:m', '--machine', '0', '--', 'true')
    return site


def test_the_administrators_password_is_in_private_files_only(deployed: Site) -> None:
    home, data = Path(deployed.env['POCKET_HOME']), Path(deployed.env['JUJU_DATA'])
    password = (home / 'admin-password').read_bytes().strip()
    client = subprocess.Popen(
        [BIN / 'pocket', 'juju', 'debug-log', '--model', 'pocket:m', '--replay', '--tail'],
        env=dict(deployed.env),
        stdout=subprocess.PIPE,
    )
    try:
        assert client.stdout is not None
        assert client.stdout.readline(), 'it has logged in'
        assert password not in _arguments()
    finally:
        client.kill()
        client.communicate()
    logged = deployed.juju('debug-log', '--model', 'pocket:m', '--replay', '--no-tail').stdout
    assert password.decode() not in logged
    kept = [path for folder in (home, data) for path in folder.rglob('*') if path.is_file()]
    kept = [path for path in kept if home / 'm' not in path.parents]
    known = {path for path in kept if password in path.read_bytes()}
    assert known == {home / 'admin-password', data / 'accounts.yaml'}
    databases = set(home.glob('state.db*'))
    assert len(databases) == 3
    for path in known | databases | {home / 'm', home / 'charms', home / 'daemon.log'}:
        assert path.stat().st_mode & 0o077 == 0, path


def test_everything_on_the_host_goes(deployed: Site, forwarding: str) -> None:
    before = traces.of(deployed.env)
    (name,) = before.machines
    assert (before.groups, before.namespaces, before.supervisors) == ({name}, {name}, (name,))
    assert (before.links, before.daemons, len(traces.tables(deployed.env))) == (2, 1, 1)
    deployed.pocket('clean', '--yes')
    found = traces.of(deployed.env, name.rpartition('-')[0])
    assert (found.machines, found.groups, found.namespaces) == (frozenset(), frozenset(), frozenset())
    assert (found.supervisors, found.links, found.daemons, found.others) == ((), 0, 0, ())
    assert traces.tables(deployed.env) == []
    assert not Path(deployed.env['POCKET_HOME']).exists()
    tag = settings.load(deployed.env).tag
    assert [str(path) for path in groups.named(f'pocket/{tag}')] == []
    others = any(Path('/sys/class/net').glob('pk*/bridge'))
    assert FORWARDING.read_text().strip() == ('1' if others else forwarding)


def test_other_controllers_stay_in_the_clients_files(deployed: Site) -> None:
    data = Path(deployed.env['JUJU_DATA'])
    controllers = yaml.safe_load((data / 'controllers.yaml').read_text())
    assert controllers == {'controllers': {'prod': OTHER}, 'current-controller': 'prod'}
    accounts = yaml.safe_load((data / 'accounts.yaml').read_text())
    assert accounts == {'controllers': {'prod': {'user': 'me', 'password': 'mine'}}}
    assert 'pocket' not in (data / 'models.yaml').read_text()


def test_a_second_clean_finds_nothing_and_succeeds(deployed: Site) -> None:
    done = deployed.pocket('clean', '--yes')
    assert done.returncode == 0
    assert 'nothing to remove' in done.stdout + done.stderr
    assert not Path(deployed.env['POCKET_HOME']).exists()


def test_a_clean_that_was_interrupted_is_finished_by_the_next(site: Site) -> None:
    site.pocket('up')
    home = Path(site.env['POCKET_HOME'])
    site.pocket('down')
    for entry in home.iterdir():  # as far as a removal can come without the folder itself
        if entry.is_file() and entry.name != '.pocket-home':
            entry.unlink()
    site.pocket('clean', '--yes')
    assert not home.exists()


def _arguments() -> bytes:
    """The arguments of every process."""
    found = b''
    for path in Path('/proc').glob('[0-9]*/cmdline'):
        with contextlib.suppress(OSError):
            found += path.read_bytes()
    return found
