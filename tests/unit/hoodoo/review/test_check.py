"""``hoodoo check``: every problem at its place, of one stage or of all, and nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from hoodoo import cli

CHARM = """
name: {name}
requires: {{backend: {{interface: http}}}}
provides: {{site: {{interface: http}}}}
config: {{options: {{port: {{type: int, default: 80}}}}}}
"""


class Spec:
    """A spec of two stages, which share a bundle through a link; the tests run where it is."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / 'mirror'
        for stage in ('ci', 'production'):
            (self.root / stage).mkdir(parents=True)
            self.write(f'{stage}/collect', 'web ../charms/web\nfront ../charms/front\n')
            self.write(f'{stage}/verify', '#!/bin/sh\n').chmod(0o755)
        for name in ('web', 'front'):
            charm = folder / 'charms' / name
            (charm / 'src').mkdir(parents=True)
            (charm / 'charmcraft.yaml').write_text(CHARM.format(name=name))
            (charm / 'src/charm.py').write_text('#!/usr/bin/env python3\n')
        self.write('manifest', 'collect\ndeploy config=services\nverify\n')
        self.bundle('services:\n  web: {options: {port: 81}}\n  front: {}\n')
        (self.root / 'ci/services').symlink_to('../production/services')

    def write(self, name: str, text: str) -> Path:
        (self.root / name).write_text(text)
        return self.root / name

    def bundle(self, text: str) -> None:
        self.write('production/services', text)


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spec:
    for name in ('PROJECT', 'SERIES', 'SPEC', 'STAGE', 'WORKSPACE', 'LOGFILE'):
        monkeypatch.delenv(f'MOJO_{name}', raising=False)
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'root'))
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.chdir(tmp_path)
    return Spec(tmp_path)


def _rows(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    cli.invoke(['check', 'mirror', '--format', 'json', *options])
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_a_spec_without_a_problem_exits_0(spec: Spec, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['check', 'mirror', '--all-stages', '--strict']) == 0
    assert capsys.readouterr().out == 'no problem found in 2 manifests of 2 stages\n'


def test_nothing_is_written_and_no_program_started(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('PATH', '')
    before = sorted(tmp_path.rglob('*'))
    assert cli.invoke(['check', 'mirror', '--all-stages']) == 0
    assert cli.invoke(['run', 'mirror', '--stage', 'ci', '--check']) == 0
    assert sorted(tmp_path.rglob('*')) == before


@pytest.mark.parametrize(
    ('line', 'column', 'message', 'hint'),
    [
        ('vreify', 1, 'unknown phase "vreify"', 'Did you mean "verify"?'),
        ('verify config=vrify', 8, 'cannot find file "vrify"', 'Did you mean "verify"?'),
        ('verify config=collect', 8, 'file "mirror/ci/collect" is not executable', 'Run chmod +x'),
        ('verify A=${NO_SUCH}', 8, 'variable NO_SUCH is not set', 'Set NO_SUCH in the environment'),
        ('verify A=${1}', 8, 'cannot read the reference "${1}"', 'Write ${NAME}'),
        ('verify A=${B', 10, '"${" has no "}"', 'Write ${NAME}'),
        ("verify A='b", 10, "the quote ' is not closed", ''),
        ('verify again', 8, '"again" is not an option', 'Quote values'),
        ('config=verify', 1, 'the line starts with an option', 'Write the phase first.'),
        ('deploy config=services wiat=False', 24, 'phase "deploy" has no option "wiat"', 'mean "wait"?'),
        ('deploy config=services --target=a', 24, 'has no option "--target"', 'Write target=a.'),
        ('deploy config=services wait=maybe', 24, 'option wait takes True or False', ''),
        ('deploy timeout=soon config=services', 8, 'option timeout takes a number', ''),
        ('sleep', 1, 'sleep does not say how long', 'Write config=SECONDS.'),
        ('sleep config=long', 7, 'option config takes a number', ''),
    ],
)
def test_a_manifest_line_is_found_wrong_at_its_column(
    spec: Spec, capsys: pytest.CaptureFixture[str], line: str, column: int, message: str, hint: str
) -> None:
    spec.write('manifest', f'collect\n{line}\n')
    (row,) = _rows(capsys, '--stage', 'ci')
    assert (row['severity'], row['file'], row['line'], row['column']) == (
        'error',
        'mirror/manifest',
        2,
        column,
    )
    assert message in row['message']
    assert hint in row['hint']
    assert row['stages'] == ['ci']


@pytest.mark.parametrize(
    ('bundle', 'line', 'message', 'hint'),
    [
        ('services:\n  web:\n    options: {prot: 1}\n', 3, 'charm of web has no option "prot"', '"port"?'),
        ('services:\n  web:\n    options: {port: x}\n', 3, 'option "port" of web takes int', ''),
        ('services:\n  web:\n    charm: wbe\n', 3, 'cannot find charm "wbe" of web', '"web"?'),
        ('services:\n  web:\n    num_units: two\n', 3, 'num_units "two" is not a number', ''),
        ('services: {web: {}}\nrelations:\n- [web, fornt]\n', 3, 'nothing deploys application "fornt"', ''),
        (
            'services: {web: {}, front: {}}\nrelations:\n- [web, front]\n',
            3,
            'may mean several',
            'Name the endp',
        ),
        ('services: {web: {}\n', 2, 'not valid YAML', ''),
        ('services:\n  web: {{ 1 / 0 }}\n', 2, 'cannot render the template', ''),
        ('services:\n  web: {% nothing %}\n', 2, 'cannot read the template', ''),
    ],
)
def test_a_bundle_is_found_wrong_at_its_line(
    spec: Spec, capsys: pytest.CaptureFixture[str], bundle: str, line: int, message: str, hint: str
) -> None:
    spec.bundle(bundle)
    (row,) = [row for row in _rows(capsys, '--stage', 'ci') if row['severity'] == 'error']
    assert message in row['message']
    assert (row['file'], row['line']) == ('mirror/production/services', line)
    assert hint in row['hint']


def test_lines_of_a_template_are_those_of_its_file(spec: Spec, capsys: pytest.CaptureFixture[str]) -> None:
    spec.bundle(
        '{% if stage_name == "nowhere" %}\nseries: trusty\n{% endif %}\n'
        'services:\n{% for name in ["web", "front"] %}\n'
        '  {{ name }}:\n    options:\n      prot: 1\n{% endfor %}'
    )
    rows = _rows(capsys, '--stage', 'ci')
    assert [(row['line'], row['message']) for row in rows] == [
        (8, 'charm of front has no option "prot"'),
        (8, 'charm of web has no option "prot"'),
    ]


def test_a_finding_of_several_stages_is_one(spec: Spec, capsys: pytest.CaptureFixture[str]) -> None:
    spec.bundle('services:\n  web: {num_units: two}\n  front: {}\n')
    spec.write('ci/collect', 'web ../charms/web\n')
    rows = _rows(capsys, '--all-stages')
    assert [(row['file'], row['line'], row['stages']) for row in rows] == [
        ('mirror/production/services', 2, ['ci', 'production']),
        ('mirror/production/services', 3, ['ci']),
    ]


def test_warnings_fail_only_a_strict_check(spec: Spec, capsys: pytest.CaptureFixture[str]) -> None:
    spec.bundle('services:\n  web:\n    exposd: true\n  front: {options: {port: "{{ NO_SUCH }}1"}}\n')
    assert cli.invoke(['check', 'mirror', '--stage', 'ci']) == 0
    assert cli.invoke(['check', 'mirror', '--stage', 'ci', '--strict']) == 2
    rows = _rows(capsys, '--stage', 'ci')
    assert [(row['severity'], row['line'], 'no effect' in row['message']) for row in rows] == [
        ('warning', 3, True),
        ('warning', 4, False),
    ]
    assert 'Did you mean "expose"?' in rows[0]['hint']
    assert 'variable "NO_SUCH" is not set' in rows[1]['message']


def test_every_manifest_is_checked_or_the_one_that_is_named(
    spec: Spec, capsys: pytest.CaptureFixture[str]
) -> None:
    spec.write('manifest', 'sleep config=1\n')
    spec.write('ci/manifest-upgrade', 'slep config=1\n')
    spec.write('manifest.orig', 'nothing\n')
    assert [row['file'] for row in _rows(capsys, '--stage', 'ci')] == ['mirror/ci/manifest-upgrade']
    assert _rows(capsys, '--stage', 'ci', '-m', 'manifest') == []
    assert _rows(capsys, '--stage', 'production') == []


def test_a_manifest_that_another_includes_is_not_checked_by_itself(spec: Spec) -> None:
    from hoodoo.review import survey
    from hoodoo.spec import lookup

    spec.write('manifest', 'include config=manifest-verify\n')
    spec.write('manifest-verify', 'verify\n')
    view = lookup.SpecView(root=spec.root, stage='ci')
    assert survey.manifests(view) == ('manifest',)
    spec.write('manifest', 'verify\n')
    assert survey.manifests(view) == ('manifest', 'manifest-verify')


def test_text_that_is_no_utf_8_is_a_problem_with_a_place(
    spec: Spec, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec.root / 'manifest').write_bytes(b'collect\n# \xff\n')
    (row,) = _rows(capsys, '--stage', 'ci')
    assert (row['line'], row['column'], row['message']) == (2, 3, 'not UTF-8 text: byte 0xff')


def test_yaml_holds_what_json_holds(spec: Spec, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write('manifest', 'slep config=1\n')
    rows = _rows(capsys, '--stage', 'ci')
    assert cli.invoke(['check', 'mirror', '--stage', 'ci', '--format', 'yaml']) == 2
    assert yaml.safe_load(capsys.readouterr().out) == rows


@pytest.mark.parametrize(
    ('argv', 'text'),
    [
        (['check', 'mirror', '--stage', 'c'], 'cannot find stage "c"'),
        (['check', 'mirror', '--stage', '../..'], 'it leads out of the spec'),
        (['check', 'mirror', '-m', 'manifest-new', '--stage', 'ci'], 'cannot find manifest "manifest-new"'),
        (['check', 'nowhere'], 'cannot find spec "nowhere"'),
        (['check', 'mirror', '--stage', 'ci', '--all-stages'], 'exclude each other'),
    ],
)
def test_wrong_usage_exits_2(
    spec: Spec, argv: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(argv) == 2
    out, err = capsys.readouterr()
    assert out == ''
    assert text in err
