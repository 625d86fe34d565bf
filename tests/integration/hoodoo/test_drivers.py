"""The driver of tests behaves as the driver of real controllers: the same cases on both."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from bedrock import charm, errors
from hoodoo import model, testing
from hoodoo.juju import connect, driver
from tests.integration.hoodoo import site as sites
from tests.integration.hoodoo.conftest import needs_machines

KINDS = ['fake', pytest.param('real', marks=needs_machines)]


class Either:
    """A driver, and the charm that it deploys."""

    def __init__(self, juju: driver.Driver, archive: Path) -> None:
        self.juju, self.archive = juju, archive

    def wanted(self, name: str, **facts: object) -> model.WantedApplication:
        given: dict[str, object] = {'name': name, 'charm': model.LocalCharm(path=self.archive), **facts}
        return model.WantedApplication(**given)  # type: ignore[arg-type]

    def deploy(self, name: str, *, to: tuple[str, ...] = (), **facts: object) -> None:
        self.juju.deploy(self.wanted(name, **facts), str(self.archive), to)

    def seen(self, name: str) -> model.Application:
        return self.juju.snapshot().applications[name]

    def settings(self, name: str) -> model.Settings:
        return self.juju.settings([name])[name]

    def machines_of(self, name: str) -> set[str]:
        """The machines of its units."""
        return {unit.machine for unit in self.seen(name).units}

    def machines(self, name: str, count: int) -> list[str]:
        """The machines of *count* units, once Juju has chosen them all."""
        found: list[str] = []
        for _ in range(600):
            found = [unit.machine for unit in self.seen(name).units]
            if len(found) == count and all(found):
                return found
            threading.Event().wait(0.05)
        raise AssertionError(f'units of {name}: {found}')


@pytest.fixture(scope='module', params=KINDS)
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Either]:
    """A model in memory, and one of a real controller."""
    if request.param == 'fake':
        yield Either(testing.FakeDriver(), tmp_path_factory.mktemp('charms') / 'quiet.charm')
        return
    site: sites.Site = request.getfixturevalue('site')
    archive = site.folder / 'quiet.charm'
    charm.pack(site.charm('quiet'), archive, cache=site.folder / 'cache')
    with pytest.MonkeyPatch.context() as patched:
        # The juju program inherits the environment of whoever starts it.
        patched.setenv('JUJU_DATA', site.env['JUJU_DATA'])
        opened, _ = connect.open_driver(site.settings, wanted='', default='drivers', note=lambda _: None)
        yield Either(opened, archive)
        opened.close()


@needs_machines[0]
@needs_machines[1]
def test_a_model_is_not_taken_for_one_on_another_cloud(
    site: sites.Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('JUJU_DATA', site.env['JUJU_DATA'])

    def opened(cloud: str) -> None:
        making = connect.Making(cloud=cloud)
        juju, _ = connect.open_driver(
            site.settings, wanted='', default='placed', note=lambda _: None, making=making
        )
        juju.close()

    for cloud in ('pocket', 'pocket', 'pocket/default'):
        opened(cloud)
    with pytest.raises(errors.UsageFault, match='"placed" is there already, on pocket/default'):
        opened('k8s')
    # Nor where the manifest has no line that would make one.
    (tmp_path / 'manifest').write_text('script config=prove\n')
    (tmp_path / 'prove').write_text('#!/bin/sh\necho proved\n')
    (tmp_path / 'prove').chmod(0o755)
    words = ('hoodoo', 'run', str(tmp_path), '--model', 'placed', '--cloud', 'k8s')
    said = site.run(*words, codes=(0, 2))
    assert 'placed" is there already, on pocket/default' in said
    assert 'proved' not in said


@pytest.mark.parametrize('kind', KINDS)
def test_pods_are_scaled_from_none(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / 'pods'
    folder.mkdir()
    (folder / 'metadata.yaml').write_text('name: pods\nsummary: s\nassumes: [k8s-api]\n')
    (folder / 'config.yaml').write_text('options: {words: {type: string}}\n')
    (folder / 'manifest.yaml').write_text('bases: [{name: debian, channel: "12", architectures: [amd64]}]\n')
    (folder / 'dispatch').write_text('#!/bin/sh\n')
    (folder / 'dispatch').chmod(0o755)
    juju: driver.Driver = (fake := testing.FakeDriver())
    fake.seen = dataclasses.replace(fake.seen, on_kubernetes=True)
    if kind == 'real':
        site: sites.Site = request.getfixturevalue('site')
        monkeypatch.setenv('JUJU_DATA', site.env['JUJU_DATA'])
        making = connect.Making(on_kubernetes=True)
        opened, _ = connect.open_driver(
            site.settings, wanted='', default='podded', note=lambda _: None, making=making
        )
        request.addfinalizer(opened.close)
        juju = opened
    archive = tmp_path / 'pods.charm'
    charm.pack(folder, archive, cache=tmp_path / 'cache')
    either = Either(juju, archive)
    either.deploy('pods', num_units=0, options={'words': 'some'})
    assert (either.seen('pods').scale, either.seen('pods').size, either.seen('pods').units) == (0, 0, ())
    assert either.settings('pods').options['words'].value == 'some'
    assert not either.settings('pods').trust
    juju.trust('pods')
    assert either.settings('pods').trust
    for _ in range(2):
        juju.scale('pods', 2)
        assert either.seen('pods').size == 2
    assert either.machines_of('pods') == {''}
    juju.scale('pods', 0)
    assert either.seen('pods').size == 0


def test_what_is_deployed_is_seen(either: Either) -> None:
    options = {'port': '81', 'words': 'two words'}
    either.deploy('one', num_units=2, options=options, constraints={'mem': '2G'}, trust=True)
    one, settings = either.seen('one'), either.settings('one')
    assert (one.charm.partition(':')[0], one.exposed, len(one.units)) == ('local', False, 2)
    assert {key: str(settings.options[key].value) for key in options} == options
    assert settings.options['port'].source == 'user'
    assert settings.constraints['mem'] == '2048M'
    assert settings.trust
    assert len(set(either.machines('one', 2))) == 2


def test_what_is_changed_is_seen(either: Either) -> None:
    juju = either.juju
    either.deploy('two', num_units=0)
    assert not either.settings('two').trust
    juju.set_options('two', {'words': 'more'})
    juju.set_constraints('two', {'mem': '4G', 'cores': '2'})
    juju.trust('two')
    juju.annotate('application', 'two', {'note': 'x', 'other': 'y'})
    juju.annotate('application', 'two', {'note': ''})
    juju.expose('two', {})
    settings = either.settings('two')
    assert settings.options['words'].value == 'more'
    assert {key: settings.constraints[key] for key in ('mem', 'cores')} == {'mem': '4096M', 'cores': '2'}
    assert settings.trust
    assert settings.annotations == {'other': 'y'}
    assert either.seen('two').exposed
    juju.unexpose('two')
    assert not either.seen('two').exposed


def test_a_refresh_gives_a_new_charm_url(either: Either) -> None:
    either.deploy('three', num_units=0)
    before = either.seen('three').charm
    either.juju.refresh(either.wanted('three'), str(either.archive), images={})
    assert either.seen('three').charm != before


def test_a_machine_is_added_and_marked_and_taken(either: Either) -> None:
    wanted = model.WantedMachine(name='x', base='ubuntu@24.04', constraints={'cores': '1'})
    machine = either.juju.add_machine(wanted)
    assert machine in either.juju.snapshot().machines
    either.juju.annotate('machine', machine, {'mark': 'x'})
    assert either.juju.machine_annotations([machine]) == {machine: {'mark': 'x'}}
    either.deploy('four', num_units=2, to=(machine,))
    first, second = either.machines('four', 2)
    assert first == machine
    assert second != machine
    either.juju.add_units('four', 2, (machine,))
    assert either.machines('four', 4)[2] == machine


def test_a_placement_that_cannot_be_is_refused(either: Either) -> None:
    either.deploy('five', num_units=0)
    for place in ('77', 'lxd:0'):
        with pytest.raises(driver.JujuFault):
            either.juju.add_units('five', 1, (place,))
    assert either.seen('five').units == ()


def test_relations_are_seen_by_their_endpoints(either: Either) -> None:
    either.deploy('six', num_units=0)
    either.deploy('seven', num_units=0)
    one = model.Endpoint(application='six', name='backend')
    other = model.Endpoint(application='seven', name='site')
    either.juju.integrate(one, other)
    found = [set(relation.endpoints) for relation in either.juju.snapshot().relations]
    assert {one, other} in found


def test_endpoints_are_exposed_one_by_one_and_offered(either: Either) -> None:
    either.deploy('eight', num_units=0)
    some = model.Exposure(cidrs=('10.0.0.0/8', '192.0.2.0/24'))
    either.juju.expose('eight', {'site': some})
    found = either.seen('eight')
    assert (found.exposed, found.exposed_to) == (True, {'site': some})
    lent = model.Offer(application='eight', endpoints=('site',))
    either.juju.offer('lent', lent)
    assert either.juju.snapshot().offers == {'lent': lent}
