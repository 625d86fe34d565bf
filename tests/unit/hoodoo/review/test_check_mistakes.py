"""One mistake of each kind, made in a sound spec: a check finds it alone, and says what to write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from hoodoo import cli, settings
from hoodoo.review import findings, request, survey

CHARM = """
name: {name}
requires: {{backend: {{interface: http}}}}
provides: {{site: {{interface: http}}, feed: {{interface: rss}}}}
config: {{options: {{port: {{type: int}}, secure: {{type: boolean}}, motto: {{type: string}}}}}}
"""
SOUND = {
    'manifest': """\
# Deploys two things and looks at them.
collect
include config=manifest-steps
verify config=checks/look WHERE="the front"
""",
    'manifest-steps': """\
deploy config=services target=${MOJO_SERIES}-small wait=False
script config=set-up retry=2
juju-check-wait max-wait=60
""",
    'collect': 'web    charms/web\nfront  charms/front\n',
    'services': """\
{% set unit = 1 %}
base:
  services:
    web:
      num_units: {{ unit }}
      constraints: mem=1G cores=2
      options:
        port: 80
        motto: "{{ HOME }}"
    front: {to: "web=0"}
noble-small:
  inherits: base
  overrides: {secure: true}
  relations:
    - ["web:site", "front:backend"]
""",
    'set-up': '#!/bin/sh\n',
    'checks/look': '#!/bin/sh\n',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is written wrong, and what a check says of it."""

    file: str
    right: str
    wrong: str
    place: str
    """``file:line:column``."""
    message: str
    hint: str
    severity: str = findings.ERROR


def _mistake(file: str, right: str, wrong: str, place: str, message: str, hint: str) -> Mistake:
    severity = findings.ERROR
    if message.startswith('warning: '):
        severity, message = findings.WARNING, message.removeprefix('warning: ')
    return Mistake(
        file=file, right=right, wrong=wrong, place=place, message=message, hint=hint, severity=severity
    )


MISTAKES = {
    'unknown phase': _mistake(
        'manifest', 'verify', 'verfy', 'manifest:4:1', 'unknown phase "verfy"', 'Did you mean "verify"?'
    ),
    'misspelt include': _mistake(
        'manifest', 'include', 'inclde', 'manifest:3:1', 'unknown phase "inclde"', 'Did you mean "include"?'
    ),
    'blank in a phase': _mistake(
        'manifest-steps',
        'juju-check-wait max-wait=60',
        'juju check-wait',
        'manifest-steps:3:6',
        '"check-wait" is not an option',
        'Did you mean "juju-check-wait"?',
    ),
    'phase in capitals': _mistake(
        'manifest', 'verify', 'Verify', 'manifest:4:1', 'unknown phase "Verify"', 'Did you mean "verify"?'
    ),
    'unknown option': _mistake(
        'manifest-steps',
        'max-wait',
        'max_wait',
        'manifest-steps:3:17',
        'has no option "max_wait"',
        'Did you mean "max-wait"?',
    ),
    'option with dashes': _mistake(
        'manifest-steps',
        ' target=${MOJO_SERIES}-small',
        ' --target=${MOJO_SERIES}-small',
        'manifest-steps:1:24',
        'has no option "--target"',
        'Write target=noble-small.',
    ),
    'value of a wrong type': _mistake(
        'manifest-steps',
        'wait=False',
        'wait=no',
        'manifest-steps:1:52',
        'option wait takes True or False',
        '',
    ),
    'missing file': _mistake(
        'manifest-steps',
        'config=set-up',
        'config=setup',
        'manifest-steps:2:8',
        'cannot find file "setup"',
        'Did you mean "set-up"?',
    ),
    'missing file in a folder': _mistake(
        'manifest',
        'checks/look',
        'checks/lok',
        'manifest:4:8',
        'cannot find file "checks/lok"',
        'Did you mean "checks/look"?',
    ),
    'missing manifest': _mistake(
        'manifest',
        'manifest-steps',
        'manifest-step',
        'manifest:3:9',
        'cannot find manifest "manifest-step"',
        'Did you mean "manifest-steps"?',
    ),
    'variable of a manifest': _mistake(
        'manifest-steps',
        'MOJO_SERIES',
        'MOJO_SERES',
        'manifest-steps:1:24',
        'variable MOJO_SERES is not set',
        'Did you mean "MOJO_SERIES"?',
    ),
    'variable of a template': _mistake(
        'services',
        'HOME',
        'HOMEE',
        'services:9:20',
        'warning: variable "HOMEE" is not set',
        'Did you mean "HOME"?',
    ),
    'quote that is open': _mistake(
        'manifest',
        'front"',
        'front',
        'manifest:4:33',
        'the quote " is not closed',
        'Write " behind the value',
    ),
    'template syntax': _mistake('services', '%}', '}', 'services:1:1', 'cannot read the template', ''),
    'template without end': _mistake(
        'services',
        '{% set unit = 1 %}',
        '{% set unit = 1 %}{% include "services" %}',
        'services:1:1',
        'includes itself without end',
        '',
    ),
    'YAML': _mistake('services', '"web=0"}', '"web=0"', 'services:11:1', 'not valid YAML', ''),
    'deployment': _mistake(
        'services',
        'noble-small:',
        'noble-smal:',
        'manifest-steps:1:24',
        'there is no deployment "noble-small"',
        'Did you mean "noble-smal"?',
    ),
    'parent': _mistake(
        'services',
        'inherits: base',
        'inherits: bas',
        'services:12:3',
        'there is no deployment "bas"',
        'Did you mean "base"?',
    ),
    'undeclared option': _mistake(
        'services',
        'port: 80',
        'prot: 80',
        'services:8:9',
        'charm of web has no option "prot"',
        'Did you mean "port"?',
    ),
    'type of an option': _mistake(
        'services', 'port: 80', 'port: http', 'services:8:9', 'takes int', 'Write a whole number.'
    ),
    'override that nothing has': _mistake(
        'services',
        'secure: true',
        'secur: true',
        'services:13:15',
        'warning: override "secur" has no effect',
        'Did you mean "secure"?',
    ),
    'relation to nowhere': _mistake(
        'services',
        '"front:backend"',
        '"frnt:backend"',
        'services:15:7',
        'nothing deploys application "frnt"',
        'Did you mean "front"?',
    ),
    'unknown endpoint': _mistake(
        'services',
        'front:backend',
        'front:backnd',
        'services:15:7',
        'charm "front" has no endpoint "backnd"',
        'Did you mean "backend"?',
    ),
    'ambiguous relation': _mistake(
        'services',
        '"web:site", "front:backend"',
        'web, front',
        'services:15:7',
        'may mean several',
        'Name the endpoints: ',
    ),
    'unknown constraint': _mistake(
        'services', 'cores=2', 'core=2', 'services:6:7', 'unknown constraint "core"', 'Did you mean "cores"?'
    ),
    'misspelt key': _mistake(
        'services',
        'constraints:',
        'constraints":',
        'services:6:7',
        'warning: key "constraints"" of web is unknown',
        'Did you mean "constraints"?',
    ),
    'misspelt key of a deployment': _mistake(
        'services',
        'relations:',
        'relation:',
        'services:14:3',
        'warning: key "relation" is unknown',
        'Did you mean "relations"?',
    ),
    'placement': _mistake(
        'services', 'web=0', 'wbe=0', 'services:10:13', 'no application "wbe"', 'Did you mean "web"?'
    ),
    'charm that is not collected': _mistake(
        'collect',
        'front  charms/front\n',
        '',
        'services:10:5',
        'cannot find charm "front" of front',
        'Add it to the collect file as "front".',
    ),
    'source that is not there': _mistake(
        'collect',
        'charms/front',
        'charms/frnt',
        'collect:2:8',
        'there is no "charms/frnt" to collect',
        'Relative sources start at mirror/.',
    ),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / 'mirror'
    for name, text in SOUND.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in ('set-up', 'checks/look'):
        (root / name).chmod(0o755)
    for name in ('web', 'front'):
        (root / 'charms' / name / 'src').mkdir(parents=True)
        (root / 'charms' / name / 'charmcraft.yaml').write_text(CHARM.format(name=name))
        (root / 'charms' / name / 'src/charm.py').write_text('#!/usr/bin/env python3\n')
    monkeypatch.chdir(tmp_path)
    return root


def _found(home: Path) -> tuple[findings.Finding, ...]:
    loaded = settings.load({'HOME': str(home), 'PATH': '/usr/bin:/bin'})
    return survey.check_all(request.Given(spec='mirror'), loaded).findings


def test_the_sound_spec_has_nothing_to_find(root: Path, tmp_path: Path) -> None:
    assert _found(tmp_path) == ()


@pytest.mark.parametrize('kind', MISTAKES)
def test_a_mistake_is_found_at_its_place_with_what_to_do(root: Path, tmp_path: Path, kind: str) -> None:
    mistake = MISTAKES[kind]
    text = SOUND[mistake.file]
    assert mistake.right in text
    (root / mistake.file).write_text(text.replace(mistake.right, mistake.wrong, 1))
    (finding,) = _found(tmp_path)
    problem = finding.problem
    assert (finding.severity, problem.where) == (mistake.severity, f'mirror/{mistake.place}')
    assert mistake.message in problem.message
    assert mistake.hint in problem.hint
    assert str(tmp_path) not in problem.message + problem.hint, 'it is named as the reader would'


def test_a_program_that_may_not_run_is_found_with_the_command_that_mends_it(
    root: Path, tmp_path: Path
) -> None:
    (root / 'set-up').chmod(0o644)
    (finding,) = _found(tmp_path)
    assert finding.problem.where == 'mirror/manifest-steps:2:8'
    assert finding.problem.hint == 'Run chmod +x mirror/set-up.'


def test_no_secret_is_in_what_a_check_says(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = tmp_path / 'root/LOCAL/mirror'
    local.mkdir(parents=True)
    (local / 'secrets').write_text(
        'noble-small: {services: {web: {num_units: p1anted-number, options: {port: p1anted-port}}}}\n'
    )
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'root'))
    monkeypatch.setenv('MY_TOKEN', 'p1anted-token')
    for name in ('SPEC', 'STAGE', 'SERIES', 'PROJECT', 'WORKSPACE'):
        monkeypatch.delenv(f'MOJO_{name}', raising=False)
    (root / 'manifest-steps').write_text(
        'deploy config=services local=secrets target=${MOJO_SERIES}-small\n'
        'script config=set-up DB_PASSWORD=p1anted-word retry=p1anted-word\n'
        'script config=${MY_TOKEN}\nverify p1anted-token\n'
    )
    for form in ('text', 'json', 'yaml', 'github'):
        assert cli.invoke(['check', 'mirror', '--format', form]) == 2
        out, err = capsys.readouterr()
        assert 'num_units' in out
        assert 'p1anted' not in out + err, form
