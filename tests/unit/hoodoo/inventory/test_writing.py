"""Files of an inventory are changed where they have to be, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock import errors
from hoodoo.inventory import assigning, reading, writing

FILE = """\
# Mirrors of the archive.
service: mirror   # one a region
controller: "{cloud}"

matrix:
  - clouds: {azure: [japaneast, japanwest]}
    stages: [ci, production]   # both
    # nothing else

environments:
  # The first customer's.
  - cloud: aws        # of their own
    region: us-east-1
    stage: ci
    owners:
      - web
  - {cloud: azure, region: japaneast, stage: ci, labels: {a: b}}

# The end.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / 'mirror.yaml').write_text(FILE)
    return tmp_path


def _changed(change: writing.Change) -> list[str]:
    """The lines that differ."""
    lines = change.diff(change.path.parent).splitlines()
    return [line for line in lines if line[:1] in '+-' and line[:3] not in ('+++', '---')]


def _names(folder: Path) -> list[str]:
    return [one.name for one in reading.load(folder)]


def test_an_environment_is_added_behind_the_others(folder: Path) -> None:
    said = {'service': 'mirror', 'cloud': 'gce', 'stage': 'ci', 'owners': ['a', 'b']}
    change = writing.added(folder, said)
    assert _changed(change) == ['+  - cloud: gce', '+    stage: ci', '+    owners: [a, b]']
    writing.write(change)
    assert 'mirror/gce/ci' in _names(folder)


def test_one_that_a_matrix_makes_is_excluded(folder: Path) -> None:
    change = writing.removed(folder, 'mirror/azure/japanwest/ci')
    assert _changed(change) == ['+    exclude: [{cloud: azure, region: japanwest, stage: ci}]']
    writing.write(change)
    again = writing.removed(folder, 'mirror/azure/japanwest/production')
    assert _changed(again)[1] == (
        '+    exclude: [{cloud: azure, region: japanwest, stage: ci},'
        ' {cloud: azure, region: japanwest, stage: production}]'
    )


def test_one_that_is_corrected_loses_its_correction(folder: Path) -> None:
    change = writing.removed(folder, 'mirror/azure/japaneast/ci')
    assert _changed(change) == [
        '+    exclude: [{cloud: azure, region: japaneast, stage: ci}]',
        '-  - {cloud: azure, region: japaneast, stage: ci, labels: {a: b}}',
    ]


def test_a_single_one_is_taken_out_whole(folder: Path) -> None:
    change = writing.removed(folder, 'mirror/aws/us-east-1/ci')
    assert _changed(change) == [
        '-  - cloud: aws        # of their own',
        '-    region: us-east-1',
        '-    stage: ci',
        '-    owners:',
        '-      - web',
    ]


@pytest.mark.parametrize(
    ('name', 'sets', 'unset', 'expected'),
    [
        ('mirror/aws/us-east-1/ci', ['model=x'], [], ['+    model: x']),
        (
            'mirror/aws/us-east-1/ci',
            ['owners=a,b'],
            [],
            ['-    owners:', '-      - web', '+    owners: [a, b]'],
        ),
        ('mirror/aws/us-east-1/ci', [], ['owners'], ['-    owners:', '-      - web']),
        ('mirror/aws/us-east-1/ci', ['labels.x=y'], [], ['+    labels: {x: y}']),
        (
            'mirror/azure/japaneast/ci',
            ['labels.c=d', 'production=yes', 'revision=0123', 'controller={cloud}-x'],
            [],
            [
                '-  - {cloud: azure, region: japaneast, stage: ci, labels: {a: b}}',
                (
                    '+  - {cloud: azure, region: japaneast, stage: ci, labels: {a: b, c: d},'
                    " production: true, revision: '0123', controller: '{cloud}-x'}"
                ),
            ],
        ),
        (
            'mirror/azure/japanwest/ci',
            ['credentials={command: [pass, x]}'],
            [],
            [
                '+  - cloud: azure',
                '+    region: japanwest',
                '+    stage: ci',
                '+    credentials: {command: [pass, x]}',
            ],
        ),
    ],
)
def test_edited(folder: Path, name: str, sets: list[str], unset: list[str], expected: list[str]) -> None:
    assert _changed(writing.edited(folder, name, assigning.parsed(sets), unset)) == expected


@pytest.mark.parametrize(
    ('word', 'message'),
    [
        ('modl=x', 'cannot set "modl"'),
        ('model', 'not of the form KEY=VALUE'),
        ('production=perhaps', 'cannot set production to "perhaps"'),
        ('credentials={', 'cannot read the value of credentials'),
    ],
)
def test_an_assignment_that_makes_no_sense_is_refused(word: str, message: str) -> None:
    with pytest.raises(errors.UsageFault, match=message):
        assigning.parsed([word])


def test_nothing_is_written_that_would_be_wrong(folder: Path) -> None:
    with pytest.raises(errors.Problems, match='1 problem'):
        writing.added(folder, {'service': 'mirror', 'cloud': 'gce', 'stage': 'ci', 'model': 'NO'})
    with pytest.raises(errors.UsageFault, match='there is one already'):
        writing.added(folder, {'service': 'mirror', 'cloud': 'azure', 'region': 'japanwest', 'stage': 'ci'})
    with pytest.raises(errors.UsageFault, match='it is no file of the inventory'):
        writing.added(folder, {'service': 'm', 'cloud': 'c', 'stage': 's'}, file='../x.yaml')
    assert (folder / 'mirror.yaml').read_text() == FILE


def test_a_change_over_somebody_elses_is_refused(folder: Path) -> None:
    change = writing.removed(folder, 'mirror/aws/us-east-1/ci')
    (folder / 'mirror.yaml').write_text(FILE + '# More.\n')
    with pytest.raises(errors.UsageFault, match='somebody else changed the file'):
        writing.write(change)


def test_a_link_stays_one_and_permissions_stay(tmp_path: Path) -> None:
    there = tmp_path / 'there.yaml'
    folder = tmp_path / 'inventory'
    folder.mkdir()
    there.write_text(FILE)
    there.chmod(0o640)
    (folder / 'mirror.yaml').symlink_to(there)
    writing.write(writing.removed(folder, 'mirror/aws/us-east-1/ci'))
    assert (folder / 'mirror.yaml').is_symlink()
    assert there.stat().st_mode & 0o777 == 0o640
    assert 'us-east-1' not in there.read_text()


def test_a_file_made_for_one_goes_with_it(folder: Path) -> None:
    said = {'service': 'blog', 'cloud': 'c', 'stage': 's', 'controller': 'k'}
    writing.write(writing.added(folder, said))
    assert (folder / 'blog.yaml').exists()
    writing.write(writing.removed(folder, 'blog/c/s'))
    assert not (folder / 'blog.yaml').exists()


WORD = st.from_regex(r'\A[a-z][a-z0-9-]{0,6}\Z')
TEXT = st.text(
    st.characters(codec='utf-8', exclude_categories=('Cs', 'Cc', 'Cn'), exclude_characters='{}\ufeff'),
    min_size=1,
    max_size=20,
)
SAID = st.fixed_dictionaries(
    {'service': WORD, 'cloud': WORD, 'stage': WORD, 'controller': WORD, 'model': WORD},
    optional={
        'region': WORD,
        'revision': TEXT,
        'production': st.booleans(),
        'labels': st.dictionaries(WORD, TEXT, min_size=1, max_size=3),
        'owners': st.lists(TEXT, max_size=3),
        'dns': st.lists(TEXT, max_size=3),
        'runbook': TEXT,
    },
)
UNHURRIED = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@UNHURRIED
@given(
    many=st.lists(SAID, min_size=1, max_size=4, unique_by=lambda s: (s['service'], s['cloud'], s['stage']))
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, many: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp('inventory')
    for said in many:
        writing.write(writing.added(folder, said))
    found = {(one.service, one.cloud, one.stage): one for one in reading.load(folder)}
    assert len(found) == len(many)
    for said in many:
        one = found[said['service'], said['cloud'], said['stage']]
        for key, value in said.items():
            there: Any = getattr(one, key)
            assert (list(there) if isinstance(value, list) else there) == value


STYLES = [
    'service: mirror\ncontroller: k',
    'service: mirror\ncontroller: k\n',
    '# A file.\nservice: mirror\ncontroller: k\n\n\n# Its end.',
    '---\nservice: mirror\ncontroller: k\n',
    '---\nservice: mirror\ncontroller: k\n...\n',
    'service: mirror\r\ncontroller: k\r\n# windows\r\n',
    '{service: mirror, controller: k, environments: []}\n',
    '{service: mirror, controller: k, environments: [{cloud: a, stage: b}]}',
    'environments: [] # none\nservice: mirror\ncontroller: k\n',
    'environments:\n- cloud: a\n  stage: b\n  # more\n\n# Then:\nservice: mirror\ncontroller: k\n',
    'service: mirror\ncontroller: k\nenvironments:\n    -   cloud: a\n        stage: b  # that',
    'service: mirror\ncontroller: k\nenvironments:\n-\n  cloud: a\n  stage: b\n  runbook: |\n    one\n\n',
    FILE,
]


@pytest.mark.parametrize('text', STYLES)
@UNHURRIED
@given(said=SAID)
def test_add_then_rm_gives_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, text: str, said: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp('inventory')
    writing.put_text(folder / 'mirror.yaml', text)
    before = {one.name for one in reading.load(folder)}
    writing.write(writing.added(folder, {**said, 'service': 'mirror', 'cloud': 'new'}))
    (name,) = {one.name for one in reading.load(folder)} - before
    writing.write(writing.removed(folder, name))
    assert writing.text_of(folder / 'mirror.yaml') == text
