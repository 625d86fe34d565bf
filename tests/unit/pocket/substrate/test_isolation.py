"""What holds machines back: which kind is chosen, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bedrock import errors
from pocket import settings as settings_
from pocket.substrate import isolation
from pocket.substrate.cgroups import Layout

ONE = Layout(unified=None, named=Path('/s'), controllers={'devices': Path('/d')})
BOTH = Layout(unified=Path('/u'), named=Path('/s'), controllers={'memory': Path('/m')})
SHARED = Layout(unified=Path('/u'), named=None, controllers={'memory': Path('/m')})
TWO = Layout(unified=Path('/u'), named=None, controllers={})
LACK = 'the kernel refuses user namespaces'


def _never() -> str:
    raise AssertionError('it was not to be tried')


@pytest.mark.parametrize(
    ('layout', 'systemd', 'devices'),
    [(ONE, False, 'cgroup-v1'), (ONE, True, 'cgroup-v1'), (TWO, True, 'systemd'), (TWO, False, 'nothing')],
)
def test_what_guards_devices_follows_from_the_host(layout: Layout, systemd: bool, devices: str) -> None:
    found = isolation.decide('capabilities', layout, systemd=systemd, probe=_never)
    assert (found.kind, found.devices) == ('capabilities', devices)
    assert ('harmless devices only' in found.why) is (devices != 'nothing')


@pytest.mark.parametrize('layout', [ONE, BOTH, SHARED])
def test_by_default_users_are_not_even_tried_where_a_group_is_of_version_one(layout: Layout) -> None:
    found = isolation.decide('auto', layout, systemd=False, probe=_never)
    assert (found.kind, found.missing) == ('capabilities', '')
    assert 'not of version 2 alone' in found.why


@pytest.mark.parametrize(
    ('wanted', 'layout', 'lack', 'kind', 'missing', 'reason'),
    [
        ('auto', TWO, '', 'users', '', 'this host can give machines users of their own'),
        ('auto', TWO, LACK, 'capabilities', '', f'because {LACK}'),
        ('users', TWO, '', 'users', '', 'POCKET_ISOLATION asks for it; root in one'),
        ('users', ONE, '', 'users', '', 'POCKET_ISOLATION asks for it; root in one'),
        ('users', ONE, LACK, 'users', LACK, f'asks for it; but no machine can be made so, because {LACK}'),
        ('users', TWO, LACK, 'users', LACK, f'asks for it; but no machine can be made so, because {LACK}'),
    ],
)
def test_users_are_chosen_where_they_work_and_asked_for_where_they_must(
    wanted: str, layout: Layout, lack: str, kind: str, missing: str, reason: str
) -> None:
    found = isolation.decide(wanted, layout, systemd=True, probe=lambda: lack)
    assert (found.kind, found.missing) == (kind, missing)
    assert reason in found.why


def test_no_machine_is_made_in_another_way_than_was_asked_for() -> None:
    isolation.decide('users', ONE, systemd=False, probe=lambda: '').require('juju-abcdef-0')
    with pytest.raises(errors.Fault, match=f'juju-abcdef-0 with users of its own: {LACK}') as caught:
        isolation.decide('users', ONE, systemd=False, probe=lambda: LACK).require('juju-abcdef-0')
    assert 'POCKET_ISOLATION' in caught.value.hint


def test_a_host_is_tried_once_for_each_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list[int]()

    def refuse(*_: object) -> str:
        tried.append(1)
        return LACK

    settings = settings_.load({'POCKET_HOME': str(tmp_path), 'POCKET_CACHE': str(tmp_path / 'cache')})
    monkeypatch.setattr('pocket.substrate.cgroups.try_delegation', refuse)
    monkeypatch.setattr('os.geteuid', lambda: 0)
    assert [isolation.probed(settings, ONE) for _ in range(3)] == [LACK] * 3
    assert len(tried) == 1
    file = tmp_path / isolation.FILE
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, 'place': {**kept['place'], 'boot': 'an earlier one'}}))
    isolation.probed(settings, ONE)
    file.write_text('damaged')
    isolation.probed(settings, ONE)
    isolation.probed(settings, TWO)
    assert len(tried) == 4


def test_who_is_not_root_is_told_that_only_root_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('os.geteuid', lambda: 1000)
    settings = settings_.load({'POCKET_HOME': str(tmp_path)})
    assert 'only root' in isolation.probed(settings, TWO)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('value', ['auto', 'users', 'capabilities', ''])
def test_the_setting_is_one_of_three_words(value: str) -> None:
    assert settings_.load({'POCKET_ISOLATION': value}).isolation == (value or 'auto')


def test_another_word_is_refused() -> None:
    with pytest.raises(errors.UsageFault, match='POCKET_ISOLATION=root') as caught:
        settings_.load({'POCKET_ISOLATION': 'root'})
    assert 'auto, users, capabilities' in caught.value.hint
