"""Bundle text: several documents, overlays, included files."""

from __future__ import annotations

import textwrap

import pytest

from pocket import bundles

BASE = """
applications:
  db: {charm: ch:mysql, num_units: 1, options: {size: 1, name: a}}
  web:
    charm: ./web
    num_units: 2
    to: [db/0, "0"]
  log: {charm: ./log}
machines: {0: {}}
relations: [[web:db, db:db], [web, log]]
"""


def _merged(*overlays: str) -> bundles.Document:
    base, *own = bundles.load(textwrap.dedent('\n---\n'.join([BASE, *overlays])), source='b')
    return bundles.merge(base, own)


def test_maps_of_an_overlay_merge_and_lists_replace() -> None:
    merged = _merged('applications: {db: {options: {size: 2}}, web: {to: ["0", "0"]}}')
    assert merged['applications']['db']['options'] == {'size': 2, 'name': 'a'}
    assert merged['applications']['web']['to'] == ['0', '0']
    assert merged['applications']['web']['num_units'] == 2


def test_options_are_named_as_they_are_written() -> None:
    (document,) = bundles.load('applications: {a: {charm: ./a, options: {on: yes, no: 1}}}', source='b')
    assert bundles.read(document).applications['a'].options == {'on': True, 'no': 1}


def test_relations_of_an_overlay_are_added() -> None:
    merged = _merged('{applications: {x: {charm: ./x}}, relations: [[x, db]]}')
    assert merged['relations'] == [['web:db', 'db:db'], ['web', 'log'], ['x', 'db']]


def test_an_application_without_content_is_taken_out_with_all_that_speaks_of_it() -> None:
    merged = _merged('applications: {db: }')
    assert sorted(merged['applications']) == ['log', 'web']
    assert merged['relations'] == [['web', 'log']]
    assert merged['applications']['web']['to'] == ['0']
    assert bundles.read(merged).applications['web'].placement_of(1).machine == '0'


def test_machines_that_only_a_removed_application_used_go_with_it() -> None:
    assert _merged('applications: {web: }')['machines'] == {}


def test_merging_leaves_what_it_was_given() -> None:
    base, overlay = bundles.load(f'{BASE}\n---\napplications: {{db: {{options: {{size: 9}}}}}}', source='b')
    bundles.merge(base, [overlay])
    assert base['applications']['db']['options']['size'] == 1


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('', 'bundle b is empty'),
        ('- a', 'cannot unmarshal bundle contents: b is not a mapping'),
        ('{', 'cannot unmarshal bundle contents: b is not valid YAML'),
        (
            'applications: {a: {charm: x}}\n---\nnonsense',
            'cannot unmarshal bundle contents: b is not a mapping',
        ),
    ],
)
def test_what_is_no_bundle_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(bundles.BundleFault) as caught:
        bundles.load(text, source='b')
    assert caught.value.problems == (problem,)


def test_services_and_series_are_the_older_words() -> None:
    (document,) = bundles.load('{series: jammy, services: {a: {charm: x}}}', source='b')
    bundle = bundles.read(document)
    assert bundle.default_base == 'ubuntu@22.04/stable'
    assert list(bundle.applications) == ['a']


def test_included_files_are_put_in_place() -> None:
    files = {'key.pem': b'secret', 'blob': b'\x00\xff', 'all.yaml': b'a: {x: 1, y: two}'}
    (document,) = bundles.load(
        'applications: {a: {charm: x, options: {k: include-file://key.pem, b: include-base64://blob,'
        ' config: include-file://all.yaml}, annotations: {n: include-file://key.pem}}}',
        source='b',
    )
    entry = bundles.resolve_includes(document, files.__getitem__)['applications']['a']
    assert entry['options'] == {'k': 'secret', 'b': 'AP8=', 'x': 1, 'y': 'two'}
    assert entry['annotations'] == {'n': 'secret'}


def test_a_missing_included_file_is_named() -> None:
    def read(path: str) -> bytes:
        raise FileNotFoundError(2, 'No such file or directory', path)

    (document,) = bundles.load('applications: {a: {options: {k: include-file://gone}}}', source='b')
    with pytest.raises(bundles.BundleFault, match='cannot include file "gone": No such file or directory'):
        bundles.resolve_includes(document, read)
