"""The Juju client's files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from bedrock.errors import Fault
from pocket.api import clientfiles, identity
from pocket.api.identity import Identity

OTHER: dict[str, Any] = {
    'controllers': {'cloud': {'uuid': 'u-1', 'api-endpoints': ['10.0.0.1:17070'], 'ca-cert': 'x'}},
    'current-controller': 'cloud',
}


@pytest.fixture
def me(tmp_path: Path) -> Identity:
    return identity.load_or_create(tmp_path / 'home')


@pytest.fixture
def juju(tmp_path: Path) -> Path:
    return tmp_path / 'juju'


def read(juju: Path, name: str) -> dict[str, Any]:
    return yaml.safe_load((juju / name).read_text())


def write(juju: Path, name: str, document: object) -> None:
    juju.mkdir(parents=True, exist_ok=True)
    (juju / name).write_text(yaml.safe_dump(document))


def test_a_first_controller_is_registered_and_selected(juju: Path, me: Identity) -> None:
    clientfiles.register(juju, 'pocket', me, port=17070)

    controllers = read(juju, 'controllers.yaml')
    assert controllers['current-controller'] == 'pocket'
    entry = controllers['controllers']['pocket']
    assert entry['uuid'] == me.controller_uuid
    assert entry['api-endpoints'] == ['127.0.0.1:17070']
    assert entry['ca-cert'] == me.ca_cert_pem
    assert read(juju, 'accounts.yaml')['controllers']['pocket'] == {
        'user': 'admin',
        'password': me.password,
        'last-known-access': 'superuser',
    }
    assert read(juju, 'models.yaml') == {'controllers': {}}


def test_the_files_can_be_read_by_their_owner_only(juju: Path, me: Identity) -> None:
    clientfiles.register(juju, 'pocket', me, port=1)

    assert {path.stat().st_mode & 0o777 for path in juju.rglob('*') if path.is_file()} == {0o600}


def test_other_controllers_stay_and_stay_selected(juju: Path, me: Identity) -> None:
    write(juju, 'controllers.yaml', OTHER)

    clientfiles.register(juju, 'pocket', me, port=1)

    controllers = read(juju, 'controllers.yaml')
    assert controllers['current-controller'] == 'cloud'
    assert controllers['controllers']['cloud'] == OTHER['controllers']['cloud']


def test_registering_again_moves_the_port_and_keeps_the_models(juju: Path, me: Identity) -> None:
    clientfiles.register(juju, 'pocket', me, port=1)
    known = {'models': {'admin/m': {'uuid': 'u', 'type': 'iaas'}}, 'current-model': 'admin/m'}
    write(juju, 'models.yaml', {'controllers': {'pocket': known}})

    clientfiles.register(juju, 'pocket', me, port=2)

    assert read(juju, 'controllers.yaml')['controllers']['pocket']['api-endpoints'] == ['127.0.0.1:2']
    assert read(juju, 'models.yaml')['controllers']['pocket'] == known


def test_the_models_of_an_earlier_controller_of_that_name_are_forgotten(juju: Path, me: Identity) -> None:
    clientfiles.register(juju, 'pocket', dataclasses.replace(me, controller_uuid='old'), port=1)
    write(juju, 'models.yaml', {'controllers': {'pocket': {'models': {'admin/m': {'uuid': 'u'}}}}})

    clientfiles.register(juju, 'pocket', me, port=1)

    assert read(juju, 'models.yaml') == {'controllers': {}}


def test_unregistering_takes_out_only_this_controller(juju: Path, me: Identity) -> None:
    write(juju, 'controllers.yaml', OTHER)
    clientfiles.register(juju, 'pocket', me, port=1)

    assert clientfiles.unregister(juju, 'pocket', me.controller_uuid)

    assert read(juju, 'controllers.yaml') == OTHER
    assert read(juju, 'accounts.yaml') == {'controllers': {}}
    assert list((juju / 'cookies').iterdir()) == []


def test_a_cookie_jar_is_there_for_python_libjuju_and_what_is_in_it_stays(juju: Path, me: Identity) -> None:
    clientfiles.register(juju, 'pocket', me, port=1)
    jar = juju / 'cookies/pocket.json'
    assert jar.read_text() == '[]\n'
    jar.write_text('[{}]')

    clientfiles.register(juju, 'pocket', me, port=1)

    assert jar.read_text() == '[{}]'


def test_unregistering_the_selected_controller_selects_none(juju: Path, me: Identity) -> None:
    clientfiles.register(juju, 'pocket', me, port=1)

    clientfiles.unregister(juju, 'pocket', me.controller_uuid)

    assert read(juju, 'controllers.yaml') == {'controllers': {}}


def test_another_controller_of_that_name_is_not_taken_out(juju: Path, me: Identity) -> None:
    clientfiles.register(juju, 'pocket', me, port=1)
    before = (juju / 'controllers.yaml').read_text()

    assert not clientfiles.unregister(juju, 'pocket', 'another-uuid')

    assert (juju / 'controllers.yaml').read_text() == before


def test_unregistering_where_juju_was_never_used_makes_no_files(juju: Path) -> None:
    assert not clientfiles.unregister(juju, 'pocket', 'u')
    assert not juju.exists()


@pytest.mark.parametrize('content', [b'a: [', b'- a\n', b'\xff'])
def test_a_damaged_file_is_reported_and_left_alone(juju: Path, me: Identity, content: bytes) -> None:
    juju.mkdir()
    (juju / 'models.yaml').write_bytes(content)

    with pytest.raises(Fault, match=r'models\.yaml'):
        clientfiles.register(juju, 'pocket', me, port=1)

    assert (juju / 'models.yaml').read_bytes() == content
    assert not (juju / 'controllers.yaml').exists()
