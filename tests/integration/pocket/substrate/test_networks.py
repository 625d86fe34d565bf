"""Networks of models on a real host: apart, together when allowed, gone with the last machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bedrock import process
from pocket import settings as settings_
from pocket.model import Base
from pocket.settings import Settings
from pocket.substrate import Host, HostSpec
from pocket.substrate.nspawn import Nspawn

pytestmark = pytest.mark.nspawn

ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LC_ALL': 'C'}
BOTH = frozenset({'web', 'db'})


def _spec(name: str, *, model: str, region: str = 'pocket/default') -> HostSpec:
    return HostSpec(name=name, model_uuid=model, base=Base(name='debian', channel='12'), region=region)


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncGenerator[Settings]:
    cache = os.environ.get('POCKET_CACHE', '')
    found = settings_.load({'POCKET_HOME': str(tmp_path / 'h'), 'POCKET_CACHE': cache})
    yield found
    await Nspawn(found).destroy()


async def _sh(nspawn: Nspawn, host: Host, script: str) -> tuple[int, str]:
    done = await nspawn.exec(host.name, ['/bin/sh', '-c', script], env=ENV, timeout_s=60)
    return done.returncode, (done.stdout + done.stderr).decode()


async def _reaches(nspawn: Nspawn, host: Host, address: str) -> bool:
    return (await _sh(nspawn, host, f'ping -c1 -W2 {address}'))[0] == 0


def _rules(settings: Settings) -> str:
    return process.run(
        ['nft', 'list', 'table', 'inet', f'pocket_{settings.tag}'], timeout_s=10, check=False
    ).stdout


def _bridges(settings: Settings) -> list[str]:
    return sorted(
        link.name for link in Path('/sys/class/net').iterdir() if link.name.startswith(f'pk{settings.tag}b')
    )


async def test_models_are_apart_unless_related_and_leave_nothing(settings: Settings) -> None:
    nspawn = Nspawn(settings)
    web, peer, db = await asyncio.gather(
        nspawn.boot(_spec('juju-aaaaaa-0', model='web')),
        nspawn.boot(_spec('juju-aaaaaa-1', model='web')),
        nspawn.boot(_spec('juju-bbbbbb-0', model='db', region='aws/us-east-1')),
    )
    assert len(_bridges(settings)) == 2
    assert await _reaches(nspawn, web, peer.address)
    assert not await _reaches(nspawn, web, db.address)
    assert not await _reaches(nspawn, db, web.address)

    # A machine that takes an address of the other model's has nothing of it.
    stranger = f'{db.address.rpartition(".")[0]}.77'
    assert (await _sh(nspawn, web, f'ip addr add {stranger}/32 dev eth0'))[0] == 0
    assert (await _sh(nspawn, web, f'ping -c1 -W2 -I {stranger} {db.address}'))[0] != 0

    # Names: of its own model, as they were when it started and as they are written later.
    await nspawn.write_hosts(
        'web', {web.address: (web.name, 'app-0', 'app'), peer.address: (peer.name, 'app-1', 'app')}
    )
    code, text = await _sh(nspawn, web, 'getent ahostsv4 app; getent hosts app-1; hostname -f')
    assert code == 0
    assert {web.address, peer.address} <= set(text.split())
    assert text.splitlines()[-1] == web.name
    assert (await _sh(nspawn, db, 'getent hosts app'))[0] != 0

    # The next daemon knows the networks and says again what is allowed.
    heir = Nspawn(settings)
    await heir.allow([BOTH])
    before = _rules(settings)
    await heir.allow([BOTH])
    assert _rules(settings) == before
    assert await _reaches(heir, web, db.address)
    await heir.allow([])
    assert not await _reaches(heir, web, db.address)
    assert await _reaches(heir, web, peer.address)

    await heir.remove(db.name)
    assert len(_bridges(settings)) == 1
    assert await _reaches(heir, web, peer.address)
    await asyncio.gather(heir.remove(web.name), heir.remove(peer.name))
    assert _bridges(settings) == []
    assert _rules(settings) == ''


async def test_a_reboot_is_heard_of_and_the_machine_comes_back(settings: Settings) -> None:
    nspawn = Nspawn(settings)
    host = await nspawn.boot(_spec('juju-aaaaaa-0', model='web'))
    assert (await _sh(nspawn, host, 'echo kept >/root/file; echo x >/run/gone'))[0] == 0
    for inside in (False, True):
        ended = asyncio.create_task(nspawn.wait_ended(host.name))
        await (_sh(nspawn, host, 'systemctl reboot') if inside else nspawn.reboot(host.name))
        async with asyncio.timeout(40):
            await ended
        again = await nspawn.boot(_spec('juju-aaaaaa-0', model='web'))
        assert (again.address, again.leader_pid != host.leader_pid) == (host.address, True)
        assert await _sh(nspawn, again, 'cat /root/file; test ! -e /run/gone') == (0, 'kept\n')
        host = again


async def test_a_stray_bridge_and_a_model_without_machines_are_swept(settings: Settings) -> None:
    nspawn = Nspawn(settings)
    await nspawn.boot(_spec('juju-aaaaaa-0', model='web'))
    process.run(['ip', 'link', 'add', f'pk{settings.tag}b99', 'type', 'bridge'], timeout_s=10)
    (settings.home / 'network.json').unlink()
    heir = Nspawn(settings)
    await heir.sweep(frozenset({'juju-aaaaaa-0'}))
    assert _bridges(settings) == [f'pk{settings.tag}b1']
    assert (await heir.running()).keys() == {'juju-aaaaaa-0'}
    await heir.sweep(frozenset())
    assert _bridges(settings) == []


async def test_links_that_go_with_their_other_end_are_no_obstacle(settings: Settings) -> None:
    first, second = f'pk{settings.tag}-1', f'pk{settings.tag}-2'
    process.run(['ip', 'link', 'add', first, 'type', 'veth', 'peer', 'name', second], timeout_s=10)
    await Nspawn(settings).destroy()
    shown = process.run(['ip', '-br', 'link'], timeout_s=10).stdout
    assert f'pk{settings.tag}' not in shown
