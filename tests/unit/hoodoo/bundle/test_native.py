"""Juju's own bundles: documents, overlays, and what differs from juju-deployer's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import model
from tests.unit.hoodoo.bundle import bundles

BASE = """\
name: mirror
default-base: ubuntu@24.04
applications:
  web:
    charm: ./noble/web
    num_units: 2
    options: {port: 1, note: base}
    to: [0, 1]
  cache: {charm: ./noble/cache, num_units: 1, to: [web]}
  apache2: {charm: apache2, channel: edge, revision: 3, expose: true, trust: true}
machines: {0: {}, 1: {}}
relations:
- [web:backend, cache:site]
- [web, [apache2]]
"""


def test_a_bundle_becomes_a_model(tmp_path: Path) -> None:
    found = bundles.juju(tmp_path, BASE)
    assert (found.problems, found.remarks) == ((), ())
    web, cache, apache2 = found.wanted.applications.values()
    assert web.charm == model.LocalCharm(path=tmp_path / 'charms/web')
    assert (web.num_units, web.base) == (2, 'ubuntu@24.04')
    assert cache.num_units == 1
    assert apache2.charm == model.StoreCharm(name='apache2', channel='edge', revision=3)
    assert (apache2.num_units, apache2.expose, apache2.trust) == (0, True, True)
    assert [str(r) for r in found.wanted.relations] == ['cache:site - web:backend', 'apache2 - web']


def test_overlays_of_the_file_and_of_others_are_merged_in_order(tmp_path: Path) -> None:
    base = (
        'services: {web: {charm: ./noble/web, options: {port: 1, note: a}}}\n'
        '---\n'
        'applications: {web: {options: {port: 2}}}\nrelations: [[web, cache]]\n'
    )
    overlay = 'applications: {web: {options: {note: b}}, cache: {charm: ./noble/cache}}\n'
    last = 'applications: {web: {num_units: 3, options: {port: 4}}}\nrelations: [[web, cache]]\n'
    found = bundles.juju(tmp_path, base, overlay, last)
    web = found.wanted.applications['web']
    assert (web.num_units, web.options) == (3, {'port': '4', 'note': 'b'})
    assert [str(relation) for relation in found.wanted.relations] == ['cache - web']
    assert (found.wanted.relations[0].file, found.wanted.relations[0].line) == ('bundle', 4)


def test_an_overlay_takes_an_application_out_with_all_that_speaks_of_it(tmp_path: Path) -> None:
    found = bundles.juju(tmp_path, BASE, 'applications:\n  web:\n')
    assert found.problems == ()
    assert list(found.wanted.applications) == ['cache', 'apache2']
    assert found.wanted.relations == ()
    assert found.wanted.applications['cache'].to == ()


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('charm: web, offers: {x: {}}', 'offers can only be in an overlay (web)'),
        ('charm: web, exposed-endpoints: {x: {}}', 'exposed-endpoints can only be in an overlay (web)'),
    ],
)
def test_what_only_overlays_may_say(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(errors.Problems) as failure:
        bundles.juju(tmp_path, f'applications:\n  web: {{{text}}}\n')
    (problem,) = failure.value.problems
    assert (problem.line, problem.column, problem.message) == (2, 21, said)
    assert problem.hint


@pytest.mark.parametrize(
    ('overlay', 'said'),
    [
        ('applications: {web: {devices: {gpu: 1}}}', '1:22 devices are not asked for (web)'),
        ('applications: {more: {}}', '1:16 application more names no charm'),
        ('applications: {web: {num_unit: 1}}', ''),
        ('bundle: pods', '1:1 bundle takes kubernetes, not "pods"'),
        ('applications: {web: {charm: ./noble/wbe}}', '1:22 cannot find charm "wbe" of web'),
        ('applications: [web]', '1:1 applications are not a mapping'),
        ('applications: {web: {scale: x}}', '1:22 scale "x" is not a number of units'),
        (
            'applications: {web: {scale: 1, num_units: 1}}',
            '1:22 web has both scale and num_units, which are two words for one',
        ),
        ('applications: {web: []}', '1:16 application web is not a mapping'),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, overlay: str, said: str) -> None:
    found = bundles.juju(tmp_path, 'applications: {web: {charm: ./noble/web}}', overlay)
    assert [f'{p.line}:{p.column} {p.message}' for p in found.problems] == ([said] if said else [])
    assert {p.file for p in found.problems} <= {'bundle1'}
    if not said:
        assert [remark.hint for remark in found.remarks] == ['Did you mean "num_units"?']


def test_a_plain_name_is_a_charm_of_charmhub_even_beside_a_collected_one(tmp_path: Path) -> None:
    found = bundles.juju(tmp_path, 'applications: {web: {charm: web}}')
    assert found.wanted.applications['web'].charm == model.StoreCharm(name='web')
    assert [remark.hint for remark in found.remarks] == ['Write ./SERIES/web for that.']


def test_options_and_annotations_may_stand_for_files(tmp_path: Path) -> None:
    (tmp_path / 'note').write_text('noted\n')
    text = (
        'applications:\n  web:\n    charm: ./noble/web\n    options: {note: "include-base64://note"}\n'
        '    annotations: {n: "include-file://note"}\n'
    )
    found = bundles.juju(tmp_path, text)
    assert found.problems == ()
    assert found.wanted.applications['web'].options == {'note': 'bm90ZWQK'}
    assert found.wanted.applications['web'].annotations == {'n': 'noted\n'}


def test_an_empty_bundle_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(errors.Problems, match='cannot read bundle'):
        bundles.juju(tmp_path, '')


def test_overlays_are_templates_too(tmp_path: Path) -> None:
    found = bundles.juju(
        tmp_path,
        'applications: {web: {charm: "./{{ series }}/web"}}',
        'applications: {web: {num_units: {{ units }}}}',
        series='noble',
        units='3',
    )
    assert found.wanted.applications['web'].num_units == 3


@pytest.mark.parametrize(
    ('said', 'units'), [('', 0), (', scale: 0', 0), (', num_units: 0', 0), (', scale: 2', 2)]
)
def test_a_bundle_for_kubernetes_has_pods_and_their_images(tmp_path: Path, said: str, units: int) -> None:
    (tmp_path / 'layout').mkdir()
    more = f'{{charm: web, resources: {{image: "oci:layout:v1"}}{said}}}'
    found = bundles.juju(tmp_path, f'bundle: kubernetes\napplications:\n  web: {more}\n')
    assert found.problems == ()
    assert found.wanted.on_kubernetes
    web = found.wanted.applications['web']
    assert (web.num_units, dict(web.resources)) == (units, {'image': f'oci:{tmp_path}/layout:v1'})


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('machines: {0: {}}', 'a model on Kubernetes has no machines'),
        (
            'applications: {web: {charm: x, to: [new]}}',
            'a model on Kubernetes has no machines to place web on',
        ),
        (
            'applications: {web: {charm: x, resources: {image: "oci:nowhere"}}}',
            'there is no image at nowhere for resource "image" of web',
        ),
    ],
)
def test_what_kubernetes_does_not_have(tmp_path: Path, text: str, said: str) -> None:
    found = bundles.juju(tmp_path, f'bundle: kubernetes\n{text}\n')
    assert said in [problem.message for problem in found.problems]


@pytest.mark.parametrize(('named', 'unnamed'), [('', ('image',)), (', resources: {image: a/b}', ())])
def test_images_of_a_local_charm_that_nothing_brings_are_noted(
    tmp_path: Path, named: str, unnamed: tuple[str, ...]
) -> None:
    charm = tmp_path / 'pods'
    charm.mkdir()
    resources = 'resources: {image: {type: oci-image}, words: {type: file, filename: w}}\n'
    (charm / 'charmcraft.yaml').write_text(f'name: pods\nsummary: s\n{resources}')
    (charm / 'dispatch').write_text('#!/bin/sh\n')
    text = f'bundle: kubernetes\napplications: {{web: {{charm: {charm}{named}}}}}\n'
    found = bundles.juju(tmp_path, text)
    assert found.problems == ()
    assert found.wanted.applications['web'].unnamed_images == unnamed
