"""Values of the command line become what the API takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pocket.client import faults, values


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('30s', 30 * 10**9),
        ('1m30s', 90 * 10**9),
        ('0.001s', 10**6),
        ('1ms', 10**6),
        ('0', 0),
        ('2h', 7200 * 10**9),
    ],
)
def test_durations_are_nanoseconds(text: str, expected: int) -> None:
    assert values.duration_ns(text, flag='wait') == expected


@pytest.mark.parametrize('text', ['10', 's', '1x', '1s!', ''])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(faults.WrongUsage, match='for option --wait'):
        values.duration_ns(text, flag='wait')


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        (['cores=2 mem=4G', 'arch=arm64'], {'cores': 2, 'mem': 4096, 'arch': 'arm64'}),
        (['mem=512', 'root-disk=1.5G'], {'mem': 512, 'root-disk': 1536}),
        (['tags=a,b', 'allocate-public-ip=true'], {'tags': ['a', 'b'], 'allocate-public-ip': True}),
        ([], {}),
    ],
)
def test_constraints_are_typed_and_sizes_are_mebibytes(words: list[str], expected: dict[str, Any]) -> None:
    assert values.constraints(words) == expected


@pytest.mark.parametrize('word', ['bogus=1', 'cores=many', 'mem=big', 'cores', 'allocate-public-ip=maybe'])
def test_a_wrong_constraint_is_refused(word: str) -> None:
    with pytest.raises(faults.WrongUsage):
        values.constraints([word])


def test_constraints_are_written_as_they_are_typed() -> None:
    found = {'mem': 1024, 'cores': 2, 'tags': ['a', 'b'], 'allocate-public-ip': False}
    assert values.constraints_text(found) == 'allocate-public-ip=false cores=2 mem=1024M tags=a,b'


def test_placement_names_machines_containers_and_zones() -> None:
    found = values.placement(['0', 'lxd', 'lxd:1', '0/lxd/2', 'zone=a'], model_uuid='u')
    assert [(item['scope'], item['directive']) for item in found] == [
        ('#', '0'),
        ('lxd', ''),
        ('lxd', '1'),
        ('#', '0/lxd/2'),
        ('u', 'zone=a'),
    ]


def test_a_setting_with_an_at_sign_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / 'key').write_text('very\nlong\n')
    found = values.settings([f'key={"@"}{tmp_path / "key"}', 'text=a=b'])
    assert found == {'key': 'very\nlong\n', 'text': 'a=b'}


def test_typed_settings_are_yaml_scalars_and_files_are_mappings(tmp_path: Path) -> None:
    (tmp_path / 'settings.yaml').write_text('logging-config: <root>=DEBUG\n')
    found = values.typed_settings(
        ['a=true', 'b=5', 'c=5m', 'd=', 'e=2026-11-22', f'{tmp_path}/settings.yaml']
    )
    assert found == {
        'a': True,
        'b': 5,
        'c': '5m',
        'd': '',
        'e': '2026-11-22',
        'logging-config': '<root>=DEBUG',
    }


@pytest.mark.parametrize(
    ('text', 'unit', 'machine'),
    [
        ('mysql/0', True, False),
        ('my-app2/leader', True, False),
        ('mysql', False, False),
        ('mysql/x', False, False),
        ('3', False, True),
        ('0/lxd/1', False, True),
    ],
)
def test_units_and_machines_are_told_apart(text: str, unit: bool, machine: bool) -> None:
    assert (values.is_unit(text), values.is_machine(text)) == (unit, machine)


@pytest.mark.parametrize(
    ('tag', 'name'),
    [('unit-my-app-0', 'my-app/0'), ('machine-0-lxd-1', '0/lxd/1'), ('user-admin', 'admin')],
)
def test_a_tag_is_read_back(tag: str, name: str) -> None:
    assert values.entity(tag) == name


def test_a_base_gets_the_stable_risk_unless_it_has_one() -> None:
    assert values.base('ubuntu@24.04') == {'name': 'ubuntu', 'channel': '24.04/stable'}
    assert values.base('debian@12/edge')['channel'] == '12/edge'
    with pytest.raises(faults.WrongUsage, match='invalid base "jammy"'):
        values.base('jammy')
