"""A folder of YAML as environments, and everything that can be wrong with it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bedrock import errors
from hoodoo.inventory import reading, schema
from hoodoo.inventory.environment import Credentials, Environment, Kind

Write = Callable[[Mapping[str, str]], Path]

MIRROR = """\
service: archive-mirror
spec: git+https://git.example.com/specs;branch=main
revision: 1f2e3d
owners: [mirrors@example.com]
runbook: https://wiki.example.com/{cloud}/{region}
controller: "{cloud}-{region}"
model: "archive-mirror-{stage}"
labels: {tier: front}
credentials: {file: "secrets/{controller}.yaml"}
matrix:
  - clouds: {azure: [japaneast, japanwest], aws: [ap-northeast-1]}
    stages: [staging, production]
    exclude: [{cloud: aws, stage: staging}]
    set: [{when: {stage: prod*}, revision: v12, labels: {careful: yes}}]
environments:
  - {cloud: azure, region: japaneast, stage: production, dns: [jp.example.com]}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files of an inventory and return its folder."""

    def written(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return written


def _by_name(folder: Path) -> dict[str, Environment]:
    return {one.name: one for one in reading.load(folder)}


def _wrong(folder: Path) -> list[tuple[str, int, str]]:
    found = reading.read(folder).problems
    return [(Path(one.file).name, one.line, one.message) for one in found]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe.yaml')
    assert [(file, message) for file, _, message in _wrong(tmp_path)] == [('pipe.yaml', 'this is not a file')]


def test_a_matrix_makes_environments_and_single_entries_correct_them(write: Write) -> None:
    found = _by_name(write({'mirror.yaml': MIRROR}))
    assert sorted(found) == [
        'archive-mirror/aws/ap-northeast-1/production',
        'archive-mirror/azure/japaneast/production',
        'archive-mirror/azure/japaneast/staging',
        'archive-mirror/azure/japanwest/production',
        'archive-mirror/azure/japanwest/staging',
    ]
    tokyo = found['archive-mirror/azure/japaneast/production']
    assert tokyo.dns == ('jp.example.com',)
    assert (tokyo.controller, tokyo.model) == ('azure-japaneast', 'archive-mirror-production')
    assert tokyo.revision == 'v12'
    assert tokyo.labels == {'tier': 'front', 'careful': 'yes'}
    assert tokyo.production
    assert tokyo.credentials == Credentials(kind=Kind.FILE, path='secrets/azure-japaneast.yaml')
    assert (tokyo.place.file.name, tokyo.place.line) == ('mirror.yaml', 16)
    staging = found['archive-mirror/azure/japanwest/staging']
    assert (staging.revision, staging.production, staging.place.line) == ('1f2e3d', False, 11)
    assert staging.runbook == 'https://wiki.example.com/azure/japanwest'


def test_the_nearest_defaults_win_and_labels_are_merged(write: Write) -> None:
    folder = write(
        {
            'defaults.yaml': 'controller: far\nowners: [a, b]\nlabels: {one: far, two: far}\n',
            'asia/defaults.yaml': 'controller: "near-{region}"\nlabels: {two: near}\n',
            'asia/blog.yaml': 'service: blog\nenvironments: [{cloud: c, region: r, stage: ci, owners: [d]}]',
            'blog.yaml': 'service: blog\nenvironments: [{cloud: d, stage: ci, labels: {one: null}}]\n',
        }
    )
    found = _by_name(folder)
    asia, other = found['blog/c/r/ci'], found['blog/d/ci']
    assert (asia.controller, asia.owners, asia.labels) == ('near-r', ('d',), {'one': 'far', 'two': 'near'})
    assert (other.controller, other.owners, other.labels) == ('far', ('a', 'b'), {'two': 'far'})
    assert other.model == 'blog-ci'


def test_credentials_replace_one_another(write: Write) -> None:
    reading_one = 'read_credentials: {keyring: k, user: "{model}"}'
    entry = f'{{cloud: c, stage: s, credentials: {{command: [pass, show, "{{controller}}"]}}, {reading_one}}}'
    text = f'service: b\ncontroller: k\ncredentials: {{file: x}}\nenvironments: [{entry}]\n'
    (found,) = reading.load(write({'b.yaml': text}))
    assert found.credentials == Credentials(kind=Kind.COMMAND, command=('pass', 'show', 'k'))
    assert found.read_credentials == Credentials(kind=Kind.KEYRING, service='k', user='b-s')


@pytest.mark.parametrize(
    ('stage', 'expected'),
    [('production', True), ('prod-eu', True), ('Production', True), ('ci', False), ('preproduction', False)],
)
def test_production_is_told_by_the_stage(write: Write, stage: str, expected: bool) -> None:
    text = f'service: b\ncontroller: k\nenvironments: [{{cloud: c, stage: {stage}, model: m}}]\n'
    (found,) = reading.load(write({'b.yaml': text}))
    assert found.production is expected


def test_texts_stay_as_they_are_written(write: Write) -> None:
    entry = '{cloud: c, stage: s, revision: 0123456, labels: {a: on}}'
    text = f'service: b\ncontroller: k\nenvironments: [{entry}]\n'
    (found,) = reading.load(write({'b.yaml': text}))
    assert (found.revision, found.labels) == ('0123456', {'a': 'on'})


def test_specs_secrets_and_charms_are_no_part_of_an_inventory(write: Write) -> None:
    folder = write(
        {
            'a.yaml': 'service: a\ncontroller: k\nenvironments: [{cloud: c, stage: s, spec: specs/a}]\n',
            'secrets/k.yaml': 'password: no\n',
            'specs/a/bundle.yaml': 'applications: {}\n',
            'elsewhere/manifest': '',
            'elsewhere/x.yaml': 'no: no\n',
            '.git/x.yaml': 'no: no\n',
            'README.md': '',
        }
    )
    (found,) = reading.load(folder)
    assert found.spec == str(folder / 'specs/a')


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('contoller: x\n', [(1, '"contoller" is unknown')]),
        ('owners: bob\n', [(1, '"owners" is a text and not a list')]),
        ('service: x\nservice: y\n', [(2, '"service" is there twice')]),
        ('service: [\n', [(2, 'not valid YAML: did not find expected node content')]),
        ('- a\n', [(1, 'this is not a mapping')]),
        ('a: 1\n<<<<<<< HEAD\nb: 1\n=======\n', [(2, 'a merge was left unfinished here')]),
        ('a: &a [*a]\n', [(1, 'not valid YAML: it contains itself')]),
        ('a: 1\n---\nb: 2\n', [(2, 'not valid YAML: there is more than one document')]),
        ('production: "yes"\n', [(1, '"production" is a text and not true or false')]),
        ('credentials: {file: a, keyring: b}\n', [(1, '"credentials" names several sources')]),
        (
            'credentials: {file: a, user: b}\n',
            [(1, '"user" means nothing in "credentials" without "keyring"')],
        ),
        ('matrix:\n- clouds: {aws: []}\n  stages: [a]\n', [(2, '"aws" is empty')]),
        ('matrix:\n- clouds: {aws: [b]}\n', [(2, '"stages" is missing in "matrix"')]),
        (
            'matrix: [{clouds: {a: [b]}, stages: [a], set: [{when: {clod: x}}]}]',
            [(1, '"clod" is unknown in "when"')],
        ),
        ('environments: [{cloud: "a b"}]\n', [(1, '"cloud" is no name: "a b"')]),
        (
            'environments: [{region: a}]\n',
            [(1, f'"{key}" is missing') for key in ('cloud', 'controller', 'service', 'stage')],
        ),
    ],
)
def test_what_is_wrong_is_told_by_line(write: Write, text: str, expected: list[tuple[int, str]]) -> None:
    assert _wrong(write({'x.yaml': text})) == [('x.yaml', *one) for one in expected]


FINE = 'service: x\ncontroller: k\n'


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('model: "{clod}"\nenvironments: [{cloud: a, stage: b}]', [(3, 'nothing is named "{clod}"')]),
        ('name: "{model}"\nenvironments: [{cloud: a, stage: b}]', [(3, '"{model}" is not known here yet')]),
        ('model: "a{"\nenvironments: [{cloud: a, stage: b}]', [(3, 'there is a single "{" in "a{"')]),
        (
            'model: A\nenvironments: [{cloud: a, stage: b}]',
            [(3, '"A" cannot be the model of an environment')],
        ),
        (
            'environments:\n- {cloud: a, stage: b}\n- {cloud: a, stage: b}',
            [(5, 'there are two environments "x/a/b"')],
        ),
        ('environments: [{name: x/a/b}]', [(3, 'no matrix of this file makes "x/a/b"')]),
        ('matrix: [{clouds: {a: [r, r]}, stages: [s]}]', [(3, 'x/a/r/s is there twice')]),
        ('matrix: [{clouds: {a: }, stages: [s], exclude: [{cloud: b}]}]', [(3, 'this excludes nothing')]),
        (
            'matrix: [{clouds: {a: }, stages: [s]}]\nenvironments:\n- {name: x/a/s}\n- {cloud: a, stage: s}',
            [(6, 'this environment is corrected twice')],
        ),
    ],
)
def test_what_makes_no_sense_is_told_by_line(
    write: Write, text: str, expected: list[tuple[int, str]]
) -> None:
    assert _wrong(write({'x.yaml': FINE + text})) == [('x.yaml', *one) for one in expected]


def test_all_problems_of_all_files_come_at_once(write: Write) -> None:
    folder = write(
        {'a.yaml': 'contoller: x\n', 'b/c.yaml': 'ownrs: y\nspce: z\n', 'defaults.yaml': 'matrix: []\n'}
    )
    with pytest.raises(errors.Problems) as caught:
        reading.load(folder)
    assert [one.message for one in caught.value.problems] == [
        '"contoller" is unknown',
        '"ownrs" is unknown',
        '"spce" is unknown',
        '"matrix" is no default',
    ]
    assert caught.value.problems[0].hint == 'Did you mean "controller"?'


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageFault, match='cannot find the inventory'):
        reading.load(tmp_path / 'none')


def test_what_the_quick_test_of_the_schema_refuses_jsonschema_refuses_too(write: Write) -> None:
    """Else a document would be refused without a reason."""
    import jsonschema

    validator: Any = jsonschema.Draft7Validator(schema.load())
    jsonschema.Draft7Validator.check_schema(schema.load())
    documents: list[Any] = [
        {}, None, [], {'labels': {'a': 1}}, {'labels': {'-': 'x'}}, {'labels': {'a': []}}, {'revision': 3},
        {'revision': True}, {'model': ''}, {'credentials': {}}, {'credentials': {'user': 'x'}}, {'name': 1},
        {'matrix': [{'clouds': {}, 'stages': ['a']}]},
        {'matrix': [{'clouds': {'a': None}, 'stages': ['a/b']}]},
        {'matrix': [{'clouds': {'a': ['b']}, 'stages': ['a'], 'set': [{'when': {'cloud': ['a', '']}}]}]},
        {'production': None}, {'production': 'x'}, {'environments': [{}]}, {'environments': [[]]},
    ]  # fmt: skip
    fits = schema.quick()
    assert [fits(one) for one in documents] == [validator.is_valid(one) for one in documents]
    assert {fits(one) for one in documents} == {True, False}


def test_the_schema_has_a_description_for_every_field() -> None:
    loaded = schema.load()
    fields = {field.name for field in dataclasses.fields(Environment)} - {'place'}
    assert set(schema.fields()) == fields
    described = [*loaded['definitions']['fields'].values(), loaded['definitions']['credentials']]
    assert all('description' in one or '$ref' in one for one in described)
