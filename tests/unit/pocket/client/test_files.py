"""The Juju client's files are read, and written without losing what others keep in them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import yaml

from bedrock import errors
from pocket.client import faults
from pocket.client.files import Files, Model, chosen_controller, find_model, split_model

M1 = Model(name='admin/m1', uuid='aaaaaa-1')
M2 = Model(name='bob/m2', uuid='aaaaaa-2', type='caas')


def test_without_files_nothing_is_known_and_the_error_says_how_to_start(tmp_path: Path) -> None:
    files = Files(tmp_path / 'none')
    assert files.controller_names() == []
    with pytest.raises(errors.Fault, match=r'^No controllers registered\.$') as caught:
        chosen_controller(files, '')
    assert caught.value.hint == 'Start one with "pocket up".'


def test_models_are_added_selected_and_dropped(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.add_model('ctl', M1, select=True)
    files.add_model('ctl', M2, select=False)
    assert files.models('ctl') == {'admin/m1': M1, 'bob/m2': M2}
    assert files.current_model('ctl') == 'admin/m1'
    files.drop_model('ctl', 'admin/m1')
    assert files.models('ctl') == {'bob/m2': M2}
    assert files.current_model('ctl') == ''


def test_replacing_the_models_keeps_the_selection_only_while_it_exists(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.add_model('ctl', M1, select=True)
    files.keep_models('ctl', [M1, M2])
    assert files.current_model('ctl') == 'admin/m1'
    files.keep_models('ctl', [M2])
    assert files.current_model('ctl') == ''


def test_other_controllers_keep_their_entries_and_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / 'models.yaml'
    path.write_text(yaml.safe_dump({'controllers': {'other': {'models': {}, 'current-model': 'x/y'}}}))
    Files(tmp_path).add_model('ctl', M1, select=True)
    assert yaml.safe_load(path.read_text())['controllers']['other']['current-model'] == 'x/y'
    assert path.stat().st_mode & 0o777 == 0o600


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    def add(number: int) -> None:
        Files(tmp_path).add_model('ctl', Model(name=f'admin/m{number}', uuid=f'u{number}'), select=False)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Files(tmp_path).models('ctl')) == 8


@pytest.mark.parametrize(
    ('wanted', 'expected'),
    [('m1', M1), ('admin/m1', M1), ('bob/m2', M2), ('m2', None), ('aaaaaa-2', M2), ('aaaaa', None)],
)
def test_a_model_is_found_by_name_owner_or_uuid(wanted: str, expected: Model | None) -> None:
    assert find_model({'admin/m1': M1, 'bob/m2': M2}, wanted, user='admin') == expected


def test_an_ambiguous_uuid_is_refused() -> None:
    with pytest.raises(faults.WrongUsage, match='ambiguous'):
        find_model({'admin/m1': M1, 'bob/m2': M2}, 'aaaaaa', user='admin')


def test_a_model_may_name_its_controller() -> None:
    assert split_model('ctl:bob/m') == ('ctl', 'bob/m')
    assert split_model('m') == ('', 'm')


@pytest.mark.parametrize('content', [b'a: [', b'\xff'])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'controllers.yaml').write_bytes(content)
    with pytest.raises(errors.Fault, match=r'cannot read .*controllers\.yaml'):
        Files(tmp_path).controller_names()
