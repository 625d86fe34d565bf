"""Images of a real registry, by the real skopeo: who may have them, what a tag means, what is kept."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import shutil
import socket
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from bedrock import errors
from bedrock.oci import documents, layout, model
from pocket import keptimages, settings
from pocket.agents.pods import pinning
from pocket.api import tls
from pocket.model.pods import OciReference
from pocket.services import logs, resources
from pocket.services.cluster import images as cluster_images
from pocket.services.cluster import pods
from pocket.state import State, Tx
from pocket.substrate import images
from pocket.substrate.pods import ociimages, registries
from tests import registry as registry_
from tests.registry import PASSWORD, USER, Registry
from tests.unit.pocket.services.conftest import World

pytestmark = pytest.mark.skipif(
    not shutil.which(registry_.PROGRAM) or not shutil.which('skopeo'),
    reason='needs docker-registry and skopeo',
)

NAME = 'team/app'
Make = Callable[..., layout.Image]

FETCH = """
import asyncio, dataclasses, pathlib, sys
from pocket import settings
from pocket.model.pods import OciReference
from pocket.substrate import images
from pocket.substrate.pods import ociimages
path, home, cache = sys.argv[1:]
cache = images.Images(dataclasses.replace(settings.load({}), cache=pathlib.Path(cache)))
asyncio.run(ociimages.ensure(cache, OciReference(path=path), home=pathlib.Path(home)))
"""


@pytest.fixture(scope='module')
def registry(tmp_path_factory: pytest.TempPathFactory) -> Generator[Registry]:
    """One with TLS and a user.

    It is reached as 0.0.0.0, which leads to this host and is, unlike 127.0.0.1, nobody's loopback.
    """
    folder = tmp_path_factory.mktemp('registry')
    now = datetime.datetime.now(datetime.UTC)
    tls.load_or_create(folder / 'ca', now=now)
    certificates = tls.issue(
        folder / 'ca',
        into=folder / 'leaf',
        names=('registry.test',),
        addresses=('0.0.0.0', '127.0.0.1'),
        now=now,
    )
    with (
        pytest.MonkeyPatch.context() as patched,
        registry_.running(folder / 'registry', certificates=certificates) as running,
    ):
        patched.setenv('SSL_CERT_FILE', str(folder / 'ca/ca.pem'))
        yield running


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes an image whose one file has a text."""

    def made(text: str, **more: Any) -> layout.Image:
        return registry_.image(tmp_path / 'made', text, **more)

    return made


@pytest.fixture
def cache(tmp_path: Path) -> images.Images:
    return images.Images(dataclasses.replace(settings.load({}), cache=tmp_path / 'cache'))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / 'home'


def _named(registry: Registry, rest: str, **more: str) -> OciReference:
    return OciReference(
        path=f'0.0.0.0:{registry.port}/{rest}', **{'username': USER, 'password': PASSWORD, **more}
    )


def _left(home: Path) -> list[str]:
    """What fetches have left behind."""
    return [path.name for path in (home / 'layouts').iterdir() if path.name.startswith('.import')]


def _text(image: ociimages.OciImage) -> str:
    text = (image.tree / 'file').read_text()
    assert f'TEXT={text}' in image.config.environment
    return text


async def test_an_image_is_found_by_its_tag_its_digest_and_both(
    registry: Registry, make: Make, cache: images.Images, home: Path
) -> None:
    found: list[str] = []
    for text, docker in (('oci', False), ('docker', True)):
        digest = registry.put(make(text), NAME, text, docker=docker).digest
        for rest in (f':{text}', f'@{digest}', f':gone@{digest}'):
            found.append(_text(await ociimages.ensure(cache, _named(registry, NAME + rest), home=home)))
        assert await registries.resolve(_named(registry, f'{NAME}:{text}')) == digest
    assert found == ['oci'] * 3 + ['docker'] * 3
    assert _left(home) == []


async def test_of_a_list_for_several_machines_this_ones_is_run(
    registry: Registry, make: Make, cache: images.Images, home: Path
) -> None:
    this = model.this_architecture()
    other = 's390x' if this != 's390x' else 'amd64'
    listed: list[dict[str, Any]] = []
    for one in (other, this):
        put = registry.put(make(one, architecture=one), NAME, one, docker=True)
        listed.append(documents.to_descriptor(dataclasses.replace(put, architecture=one)))
    both = {'schemaVersion': 2, 'mediaType': registry_.LIST, 'manifests': listed}
    digest = registry.put_manifest(NAME, 'both', both).digest
    wanted = _named(registry, f'{NAME}:both')
    assert await registries.resolve(wanted) == digest
    assert _text(await ociimages.ensure(cache, wanted, home=home)) == this
    assert keptimages.folder(home, digest).is_dir()
    registry.put_manifest(NAME, 'other', {**both, 'manifests': listed[:1]})
    with pytest.raises(errors.Fault, match='not for machines like this one'):
        await ociimages.ensure(cache, _named(registry, f'{NAME}:other'), home=home)
    assert _left(home) == []


async def test_what_a_registry_refuses_is_said_without_the_password(registry: Registry, make: Make) -> None:
    registry.put(make('x'), NAME, 'x')
    refused: tuple[tuple[str, dict[str, str], str], ...] = (
        (f'{NAME}:x', {'password': 'hunter2'}, 'refuses the username and the password'),
        (f'{NAME}:x', {'username': '', 'password': ''}, 'password that the resource lacks'),
        (f'{NAME}:unknown', {}, 'has no such image'),
        ('nobody/nothing:1', {}, 'has no such image'),
        (f'{NAME}@sha256:{"0" * 64}', {}, 'has no such image'),
    )
    for rest, more, why in refused:
        with pytest.raises(errors.Fault, match=why) as caught:
            await registries.resolve(_named(registry, rest, **more))
        said = errors.render(caught.value)
        assert f'cannot fetch the image 0.0.0.0:{registry.port}/{rest}' in said
        assert PASSWORD not in said
        assert 'hunter2' not in said


async def test_a_certificate_of_a_stranger_is_refused(
    registry: Registry, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.put(make('x'), NAME, 'x')
    monkeypatch.delenv('SSL_CERT_FILE')
    with pytest.raises(errors.Fault, match='certificate of the registry is not trusted') as caught:
        await registries.resolve(_named(registry, f'{NAME}:x'))
    assert f'/etc/containers/certs.d/0.0.0.0:{registry.port}/ca.crt' in caught.value.message


async def test_plain_http_is_for_the_loopback_and_what_this_host_allows(
    make: Make, cache: images.Images, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry_.running(tmp_path / 'plain') as plain:
        plain.put(make('x'), NAME, 'x')
        for host in ('localhost', '127.0.0.1'):
            wanted = OciReference(path=f'{host}:{plain.port}/{NAME}:x')
            assert _text(await ociimages.ensure(cache, wanted, home=home)) == 'x'
        elsewhere = OciReference(path=f'0.0.0.0:{plain.port}/{NAME}:x')
        with pytest.raises(errors.Fault, match='plain HTTP'):
            await registries.resolve(elsewhere)
        allowed = tmp_path / '.config/containers/registries.conf'  # root's, else as in /etc/containers
        allowed.parent.mkdir(parents=True)
        allowed.write_text(f'[[registry]]\nlocation = "0.0.0.0:{plain.port}"\ninsecure = true\n')
        monkeypatch.setenv('HOME', str(tmp_path))
        assert await registries.resolve(elsewhere) == await registries.resolve(wanted)


async def test_an_image_that_is_kept_needs_no_registry(
    registry: Registry, make: Make, cache: images.Images, home: Path
) -> None:
    digest = registry.put(make('x'), NAME, 'x').digest
    wanted, notes = dataclasses.replace(_named(registry, f'{NAME}:x'), digest=digest), list[str]()
    found = await asyncio.gather(
        *(ociimages.ensure(cache, wanted, home=home, note=notes.append) for _ in range(3))
    )
    assert [note for note in notes if note.startswith('fetching')] == [f'fetching image {wanted.path}']
    registry.stop()
    try:
        assert await ociimages.ensure(cache, wanted, home=home) == found[0]
        shutil.rmtree(found[0].tree)
        assert _text(await ociimages.ensure(cache, wanted, home=home)) == 'x'
        with pytest.raises(errors.Fault, match='does not answer'):
            await registries.resolve(wanted)
        blob = layout.path(
            keptimages.folder(home, digest), layout.open_(keptimages.folder(home, digest)).layers[0]
        )
        blob.write_bytes(bytes(blob.stat().st_size))
        shutil.rmtree(found[0].tree)
        with pytest.raises(errors.Fault, match='another content'):
            await ociimages.ensure(cache, wanted, home=home)
    finally:
        registry.start()
    assert _text(await ociimages.ensure(cache, wanted, home=home)) == 'x', 'what is damaged is fetched anew'


async def test_a_tag_that_moves_is_followed_when_it_is_attached_again(
    registry: Registry, make: Make, tmp_path: Path
) -> None:
    path = f'0.0.0.0:{registry.port}/{NAME}:moving'

    def attach(tx: Tx, uuid: str) -> None:
        content = f'{{registrypath: "{path}", username: {USER}, password: {PASSWORD}}}'
        image = cluster_images.parse('web-image', content.encode())
        resources.store_upload(
            tx, uuid, 'app', 'web-image', fingerprint='ab' * 48, size=1, username='admin', image=image
        )

    def deploy(tx: Tx) -> str:
        world = World(tx, cloud='k8s')
        world.deploy_k8s('app', units=2)
        attach(tx, world.uuid)
        return world.uuid

    def meant() -> list[tuple[str, int]]:
        """What each pod is to run, and how many of its images are to be looked up."""
        found = state.read(pods.wanted)
        return [
            (pod.spec.containers[0].image.digest, len(pinning.unknown(pod)))
            for pod in found
            if pod.spec.containers[0].image is not None
        ]

    one, two = make('one'), make('two')
    state, notes = State(tmp_path / 'state.db'), list[str]()
    try:
        uuid = await state.write(deploy)
        assert meant() == [('', 1)] * 2
        first = registry.put(one, NAME, 'moving').digest
        before = state.read(pods.wanted)
        await pinning.pin(state, before[0], notes.append)
        assert meant() == [(first, 0)] * 2
        second = registry.put(two, NAME, 'moving').digest
        await pinning.pin(state, before[1], notes.append)
        assert meant() == [(first, 0)] * 2, 'who asked at the same time and was later has no say'
        await state.write(attach, uuid)
        assert meant() == [('', 1)] * 2
        await pinning.pin(state, state.read(pods.wanted)[1], notes.append)
        assert meant() == [(second, 0)] * 2
        lines = [record.message for record in state.read(logs.tail, uuid)]
        known = [
            f'resource web-image: {path} is {one}, until it is attached again' for one in (first, second)
        ]
        assert [line for line in lines if 'web-image' in line] == known
        assert state.read(resources.images) == [state.read(resources.list_, uuid, 'app')[0].image]
        assert [cluster_images.pinned_path(image) for image in state.read(resources.images)] == [
            f'{path}@{second}'
        ]
    finally:
        state.close()


async def test_a_fetch_that_is_killed_leaves_nobody_and_is_done_again(
    registry: Registry, make: Make, cache: images.Images, home: Path, tmp_path: Path
) -> None:
    digest = registry.put(make('x'), NAME, 'x').digest
    with socket.create_server(('127.0.0.1', 0)) as silent:
        silent.settimeout(30)
        path = f'127.0.0.1:{silent.getsockname()[1]}/{NAME}@{digest}'
        argv = (sys.executable, '-c', FETCH, path, str(home), str(tmp_path / 'cache'))
        child = await asyncio.create_subprocess_exec(*argv)
        connection, _ = await asyncio.to_thread(silent.accept)
        child.kill()
        await child.wait()
        with connection:
            connection.settimeout(30)
            while await asyncio.to_thread(connection.recv, 4096):
                pass  # skopeo hears nothing, and says no more once it is gone
    assert _left(home) != []
    wanted = _named(registry, f'{NAME}@{digest}')
    assert _text(await ociimages.ensure(cache, wanted, home=home)) == 'x'
    keptimages.sweep(home, [wanted.path])
    assert [path.name for path in (home / 'layouts').iterdir()] == [digest.removeprefix('sha256:')]
