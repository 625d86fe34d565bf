"""The client in a model on Kubernetes, against pocket's own API server; nothing runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bedrock.oci import layers, writer
from bedrock.oci.model import Config, this_architecture
from tests.integration.pocket.client.test_against_api import Done
from tests.integration.pocket.client.test_against_api import juju as juju

Juju = Callable[..., Done]

CHARM = """
name: web
type: charm
summary: A charm for tests.
description: It does nothing.
base: ubuntu@24.04
platforms: {amd64: null}
assumes: [k8s-api]
containers:
  app: {resource: app-image, mounts: [{storage: data, location: /srv}]}
resources: {app-image: {type: oci-image, description: The program.}}
storage: {data: {type: filesystem, location: /data}}
"""


@pytest.fixture
def charm(tmp_path: Path) -> str:
    folder = tmp_path / 'web'
    (folder / 'src').mkdir(parents=True)
    (folder / 'charmcraft.yaml').write_text(CHARM)
    (folder / 'src' / 'charm.py').write_text('#!/usr/bin/env python3\n')
    return str(folder)


@pytest.fixture
def image(tmp_path: Path) -> str:
    _build(tmp_path, 'one')
    return f'oci:{tmp_path}/layout'


def _build(folder: Path, text: str) -> str:
    """Make the image *folder*/layout anew; return its digest."""
    (folder / 'tree').mkdir(exist_ok=True)
    (folder / 'tree/file').write_text(text)
    layer = layers.write(folder / 'tree', folder / 'layer', epoch=1)
    return writer.write(folder / 'layout', [layer], Config(architecture=this_architecture()), tag='latest')


@pytest.fixture
def k8s(juju: Juju) -> Juju:
    assert juju('add-model', 'k', 'k8s').err == "Added 'k' model on k8s/default for user 'admin'\n"
    return juju


def _json(juju: Juju, *argv: str) -> Any:
    done = juju(*argv, '--format', 'json')
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_models_and_clouds_say_what_they_are(k8s: Juju) -> None:
    assert _json(k8s, 'clouds')['k8s']['type'] == 'kubernetes'
    (model,) = [one for one in _json(k8s, 'models')['models'] if one['short-name'] == 'k']
    assert (model['model-type'], model['cloud'], model['type']) == ('caas', 'k8s', 'kubernetes')
    assert _json(k8s, 'show-model', 'k')['k']['model-type'] == 'caas'
    assert _json(k8s, 'status')['model']['type'] == 'caas'


def test_an_application_is_deployed_scaled_and_removed(k8s: Juju, charm: str, image: str) -> None:
    done = k8s('deploy', charm, '-n', '2', '--resource', f'app-image={image}', '--trust')
    assert done.code == 0, done.err
    shown = _json(k8s, 'status')
    assert shown['machines'] == {}
    application = shown['applications']['web']
    assert application['scale'] == 2
    assert len(application['provider-id']) == 36
    assert sorted(application['units']) == ['web/0', 'web/1']
    unit = application['units']['web/1']
    assert unit['provider-id'] == 'web-1'
    assert unit['workload-status']['message'] == 'installing agent'
    assert 'machine' not in unit
    assert k8s('scale-application', 'web', '3').err == 'web scaled to 3 units\n'
    assert k8s('add-unit', 'web', '-n', '2').code == 0
    assert k8s('remove-unit', 'web', '--num-units', '4').err == 'scaling down to 1 units\n'
    assert sorted(_json(k8s, 'status')['applications']['web']['units']) == ['web/0']
    assert '0/1' in k8s('status').out
    instances = _json(k8s, 'storage')['storage']
    assert instances['data/0']['attachments']['units'].keys() == {'web/0'}
    assert 'machine' not in instances['data/0']['attachments']['units']['web/0']
    assert k8s('remove-application', 'web', '--no-prompt').out.splitlines() == [
        'will remove application web',
        '- will remove unit web/0',
        '- will detach storage data/0',
    ]


REFUSED: list[tuple[str, str]] = [
    (
        'remove-unit web/0 --no-prompt',
        'k8s models do not support removing named units.\nInstead specify an application with --num-units.',
    ),
    ('remove-unit web --num-units 1 --destroy-storage', 'k8s models only support --num-units'),
    ('remove-unit web --num-units 3', 'cannot remove more units than currently exist'),
    ('remove-unit web', 'removing 0 units not valid'),
    ('add-unit web --to 0', 'k8s models only support --num-units'),
    ('add-machine', 'Juju command "add-machine" not supported on container models'),
    ('machines', 'Juju command "machines" not supported on container models'),
    ('remove-machine 0', 'Juju command "remove-machine" not supported on container models'),
    ('attach-storage web/0 data/0', 'Juju command "attach-storage" not supported on container models'),
]


def test_what_is_for_machines_is_refused(k8s: Juju, charm: str, image: str) -> None:
    assert k8s('deploy', charm, '--resource', f'app-image={image}').code == 0
    for words, error in REFUSED:
        done = k8s(*words.split())
        assert done.code != 0, words
        assert error in done.err, words
    assert sorted(_json(k8s, 'status')['applications']['web']['units']) == ['web/0']


NO_IMAGES: list[tuple[str, str]] = [
    ('oci:/nowhere', 'cannot read oci:/nowhere: no folder with an OCI layout'),
    ('oci-archive:/nowhere.tar:1', 'cannot read oci-archive:/nowhere.tar:1: no such file'),
    ('./nothing.yaml', 'cannot read ./nothing.yaml'),
]


def test_an_image_that_is_not_there_changes_nothing(k8s: Juju, charm: str) -> None:
    for word, error in NO_IMAGES:
        done = k8s('deploy', charm, '--resource', f'app-image={word}')
        assert done.code == 1, word
        assert error in done.err, word
    assert _json(k8s, 'status')['applications'] == {}


def test_an_image_is_what_it_was_until_it_is_attached_again(
    k8s: Juju, charm: str, image: str, tmp_path: Path
) -> None:
    def shown() -> tuple[str, str]:
        (one,) = _json(k8s, 'resources', 'web')['resources']
        return one['fingerprint'], one['timestamp']

    assert k8s('deploy', charm, '--resource', f'app-image={image}').code == 0
    first = shown()
    _build(tmp_path, 'two')
    assert shown() == first
    assert k8s('attach-resource', 'web', f'app-image={image}').code == 0
    second = shown()
    assert second[0] != first[0]
    assert second[1] > first[1]
    archive = tmp_path / 'image.tar'
    writer.pack(tmp_path / 'layout', archive)
    assert k8s('attach-resource', 'web', f'app-image=oci-archive:{archive}').code == 0
    (tmp_path / 'layout/index.json').write_text('{}')
    done = k8s('attach-resource', 'web', f'app-image={image}')
    assert done.code == 1
    assert 'it holds 0 images' in done.err


def test_an_image_that_is_not_named_changes_nothing(k8s: Juju, charm: str) -> None:
    done = k8s('deploy', charm)
    assert done.code == 1
    assert 'missing OCI images for: [app-image]' in done.err
    assert '--resource app-image=' in done.err
    assert _json(k8s, 'status')['applications'] == {}


def test_an_image_may_be_named_by_a_file_with_a_password(k8s: Juju, charm: str, tmp_path: Path) -> None:
    details = tmp_path / 'image.yaml'
    details.write_text('{registrypath: "registry.example/app:1", username: me, password: hunter2}')
    assert k8s('deploy', charm, '--resource', f'app-image={details}').code == 0
    shown = k8s('resources', 'web', '--details', '--format', 'json').out + k8s('status', '--storage').out
    assert 'app-image' in shown
    assert 'hunter2' not in shown
    done = k8s('attach-resource', 'web', 'app-image=-no image-')
    assert done.code == 1
    assert 'docker image path "-no image-" not valid' in done.err


def test_a_charm_is_deployed_to_its_kind_of_model_only(k8s: Juju, charm: str, tmp_path: Path) -> None:
    assert k8s('add-model', 'm').code == 0
    done = k8s('deploy', charm)
    assert 'charm requires feature "k8s-api" but model does not support it' in done.err
    done = k8s('scale-application', 'web', '3')
    assert 'only supported on k8s container models' in done.err
    assert k8s('switch', 'k').code == 0
    podspec = tmp_path / 'old'
    podspec.mkdir()
    (podspec / 'metadata.yaml').write_text('name: old\nsummary: s\ndescription: d\nseries: [kubernetes]\n')
    (podspec / 'dispatch').write_text('#!/bin/sh\n')
    done = k8s('deploy', str(podspec))
    assert done.code == 1
    assert 'describes its pods by a pod spec' in done.err


def test_bundles_are_for_one_kind_of_model(k8s: Juju, charm: str, image: str, tmp_path: Path) -> None:
    bundle = tmp_path / 'bundle.yaml'
    application: dict[str, Any] = {
        'charm': './web',
        'scale': 2,
        'trust': True,
        'resources': {'app-image': 'oci:layout'},
    }
    document: dict[str, Any] = {'bundle': 'kubernetes', 'applications': {'web': application}}
    bundle.write_text(yaml.safe_dump(document))
    done = k8s('deploy', str(bundle), '--trust')
    assert done.code == 0, done.err
    assert _json(k8s, 'status')['applications']['web']['scale'] == 2
    application['scale'] = 1
    bundle.write_text(yaml.safe_dump(document))
    assert k8s('deploy', str(bundle), '--trust').out == 'Executing changes:\n- scale web to 1 units\n'
    exported = yaml.safe_load(k8s('export-bundle').out)
    assert exported['bundle'] == 'kubernetes'
    assert exported['applications']['web']['scale'] == 1
    assert 'to' not in exported['applications']['web']
    assert k8s('add-model', 'm').code == 0
    done = k8s('deploy', str(bundle), '--trust')
    assert 'bundle is for a kubernetes model' in done.err
    del document['bundle']
    bundle.write_text(yaml.safe_dump(document))
    assert k8s('switch', 'k').code == 0
    assert 'bundle is for machines' in k8s('deploy', str(bundle), '--trust').err
