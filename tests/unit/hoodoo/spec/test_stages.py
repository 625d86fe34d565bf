"""How stages differ, value by value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from hoodoo import cli
from hoodoo.review import contrast, ingredients

FILES = {
    'manifest': 'collect\n'
    'deploy config=services target=t timeout=${T:-9} local=secrets\nverify config=checks\n',
    'collect': 'a git://h/a\nb git+https://h/b;branch=x\n',
    'checks': '#!/bin/sh\n',
    'values.txt': 'one\n',
    'services': """
t:
  services:
    web:
      charm: web
      num_units: {% if stage == 'lp/production' %}3{% else %}1{% endif %}
      options: {where: '{{ local_dir }}/x', admin_password: '{{ PW }}', name: '{{ stage_name }}',
                text: 'include-file://values.txt', ssl_key: 'include-base64://{{ local_dir }}/key'}
  relations: [[web, db], [web, {{ stage_name }}-proxy]]
""",
    'lp/production/checks': '#!/bin/sh\nexit 1\n',
    'lp/production/values.txt': 'two\n',
    'lp/production/collect': 'a git://h/a\nb git+https://h/b;branch=y\n',
    'ci/collect': 'a git://h/a\nb git+https://h/b;branch=x\n',
}


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ('PROJECT', 'SERIES', 'SPEC', 'STAGE', 'WORKSPACE', 'LOGFILE', 'CONTAINER_CLASS'):
        monkeypatch.delenv(f'MOJO_{name}', raising=False)
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'root'))
    monkeypatch.setenv('PW', 'hunter2')
    folder = tmp_path / 'spec'
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def _rows(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, object]]:
    assert cli.invoke(['stages', *words, '--format', 'json']) == 0
    return {row['path']: row['values'] for row in json.loads(capsys.readouterr().out)['rows']}


def test_only_what_differs_is_shown(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _rows(capsys, str(spec)) == {
        'collect': {'ci': 'ci/collect', 'lp/production': 'lp/production/collect'},
        'verify checks': {'ci': 'checks', 'lp/production': 'lp/production/checks'},
        'collect:b': {'ci': 'git+https://h/b;branch=x', 'lp/production': 'git+https://h/b;branch=y'},
        'services[t]:services.web.num_units': {'ci': 1, 'lp/production': 3},
        'services[t]:services.web.options.name': {'ci': 'ci', 'lp/production': 'production'},
        'services[t]:relations.[web, ci-proxy]': {'ci': True, 'lp/production': None},
        'services[t]:relations.[web, production-proxy]': {'ci': None, 'lp/production': True},
        'checks:content': {'ci': '1 line, a8076d3d', 'lp/production': '2 lines, 27523982'},
    }


def test_all_shows_what_is_the_same_too(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = _rows(capsys, str(spec), 'ci', '--all')
    assert rows['manifest'] == {'ci': 'manifest'}
    assert rows['deploy services.timeout'] == {'ci': '9'}
    assert rows['deploy services.local'] == {'ci': 'secrets'}
    assert rows['services[t]:relations.[web, db]'] == {'ci': True}
    options = 'services[t]:services.web.options'
    # A workspace's directories are other ones in each stage, which is no difference to speak of.
    assert rows[f'{options}.where'] == {'ci': '$MOJO_LOCAL_DIR/x'}
    assert str(rows[f'{options}.text']['ci']).startswith('include-file://values.txt (1 line, ')


def test_secrets_are_neither_read_nor_shown(
    spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = tmp_path / 'root/LOCAL/spec/ci'
    planted.mkdir(parents=True)
    (planted / 'secrets').write_text('t: {services: {web: {options: {plain: planted}}}}')
    (spec / 'linked').symlink_to(planted / 'secrets')
    (spec / 'manifest').write_text(
        f'{FILES["manifest"]}script config=linked\nscript config={planted}/secrets\n'
    )
    for form in ('table', 'json', 'yaml'):
        assert cli.invoke(['stages', str(spec), '--all', '--format', form]) == 0
        out = ''.join(capsys.readouterr())
        assert 'planted' not in out
        assert 'hunter2' not in out
        assert '(hidden A)' in out
        assert 'linked:' not in out
        assert '$MOJO_LOCAL_DIR/key' in out


def test_the_table_has_a_column_for_each_stage(
    spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('COLUMNS', '120')
    assert cli.invoke(['stages', str(spec)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ['ci', 'lp/production']
    assert 'services[t]:services.web.num_units             1                         3' in out
    assert err == '8 of 20 values differ between 2 stages\n'


def test_where_columns_are_too_many_stages_are_grouped_by_value(
    spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('COLUMNS', '60')
    (spec / 'devel').mkdir()
    (spec / 'devel/collect').write_text('')
    assert cli.invoke(['stages', str(spec)]) == 0
    assert (
        'services.web.num_units\n  1\n      ci, devel\n  3\n      lp/production\n' in capsys.readouterr().out
    )


def test_what_cannot_be_read_is_told_and_the_rest_is_shown(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec / 'ci/services').write_text('{% if %}')
    (spec / 'ci/checks').write_bytes(b'\xff')
    assert cli.invoke(['stages', str(spec), '--format', 'yaml']) == 1
    out, err = capsys.readouterr()
    read = yaml.safe_load(out)
    assert {
        'path': 'services[t]:',
        'differs': True,
        'values': {'ci': 'cannot be read', 'lp/production': None},
    } in (read['rows'])
    assert [problem['file'] for problem in read['problems']] == [f'{spec}/ci/checks', f'{spec}/ci/services']
    assert f'warning: {spec}/ci/services:1:1: cannot read the template' in err


def test_a_spec_without_stages_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'flat').mkdir()
    (tmp_path / 'flat/manifest').write_text('sleep config=1\nsleep config=1\n')
    assert cli.invoke(['stages', str(tmp_path / 'flat')]) == 0
    assert 'the spec has no stages' in capsys.readouterr().err
    assert _rows(capsys, str(tmp_path / 'flat'), '--all') == {
        'manifest': {'': 'manifest'},
        'sleep 1': {'': True},
        'sleep 1 #2': {'': True},
    }


def test_an_unknown_stage_is_refused(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['stages', str(spec), 'ci', 'cii']) == 2
    assert 'Did you mean "ci"?' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('data', 'values'),
    [
        ({'a': {'b': 1, 'c': None}, 'd': {}}, {'a.b': 1, 'a.c': '', 'd': '{}'}),
        ({'to': ['lxd:0', 1]}, {'to': 'lxd:0, 1'}),
        ({'relations': [['a', ['b', 'c']]]}, {'relations.[a, [b, c]]': True}),
        ({'a': []}, {'a': ''}),
        ([1, 2], {'': '1, 2'}),
        (None, {'': ''}),
    ],
)
def test_documents_are_flat_values(data: object, values: dict[str, object]) -> None:
    assert dict(ingredients.flat(data)) == values


def test_equal_is_what_yaml_calls_equal() -> None:
    row = contrast.Row(path='p', values={'a': 1, 'b': True})
    assert row.differs
    assert not contrast.Row(path='p', values={'a': 'x', 'b': 'x'}).differs


def test_hidden_values_can_be_told_apart() -> None:
    (row,) = contrast.rows({'a': {'x.token': 's1'}, 'b': {'x.token': 's2'}, 'c': {'x.token': 's1'}, 'd': {}})
    assert row.values == {'a': '(hidden A)', 'b': '(hidden B)', 'c': '(hidden A)', 'd': None}


def test_secrets_of_the_environment_are_hidden_wherever_a_template_puts_them(
    spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('MY_TOKEN', 'p1anted-token')
    (spec / 'ci/services').write_text('t: {services: {web: {options: {motto: "so {{ MY_TOKEN }}"}}}}')
    assert cli.invoke(['stages', str(spec), '--all']) == 0
    out, err = capsys.readouterr()
    assert '(hidden A)' in out
    assert 'p1anted-token' not in out + err
