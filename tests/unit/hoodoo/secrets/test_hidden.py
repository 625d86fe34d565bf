"""Secrets are planted in every input of a run, and found in nothing that it says or keeps."""

from __future__ import annotations

import base64
import dataclasses
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import model
from hoodoo.journal import plain
from hoodoo.juju import driver, handing
from tests.unit.hoodoo.runner.test_run import World

CHARM = """
name: web
config: {options: {port: {type: int}, word: {type: string}, cert: {type: string}, blob: {type: string},
                   inner: {type: string}, db-password: {type: string}}}
"""
SECRETS = {
    'local file': 'p1anted-local-file',
    'local yaml': 'p1anted-local-yaml',
    'overlay': 'p1anted-overlay',
    'include-file': 'p1anted-include-file',
    'include-base64': 'p1anted-include-base64',
    'include of the spec': 'p1anted-include-spec',
    'environment': 'p1anted-environment',
    'script': 'p1anted-script-option',
    'option': 'p1anted-charm-option',
    'made': 'p1anted-by-a-script',
}


class Planted(World):
    """A spec with a secret in each of its inputs."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path)
        self.local = self.settings.root / 'LOCAL/mirror/ci'
        self.local.mkdir(parents=True)
        (self.charms / 'web/charmcraft.yaml').write_text(CHARM)
        for name, text in (
            ('key', f'{SECRETS["local file"]}\n'),
            ('values.yaml', f'a: {{b: [{SECRETS["local yaml"]}]}}\n'),
            ('cert', f'first\n{SECRETS["include-file"]}\n'),
            ('blob', f'{SECRETS["include-base64"]}\n'),
            ('overlay', f'services: {{web: {{options: {{word: {SECRETS["overlay"]}}}}}}}\n'),
        ):
            (self.local / name).write_text(text)
        # As an earlier run left them.
        shutil.copytree(self.local, self.settings.root / 'mirror/noble/ci/local')
        self.write('inner', f'some text\n{SECRETS["include of the spec"]}\n')
        self.write(
            'services',
            'services:\n  web:\n    options:\n'
            '      cert: include-file://{{ local_dir }}/cert\n'
            '      blob: include-base64://{{ local_dir }}/blob\n'
            f'      inner: include-file://inner\n      db-password: {SECRETS["option"]}\n',
        )
        self.write('collect', 'web ../../charms/web\n')
        self.manifest(
            f'collect\nscript config=make\nscript config=tell PASSWORD={SECRETS["script"]}\n'
            'deploy config=services local=overlay\nscript config=fail debug-logs=True\n'
        )
        self.program('make', f'echo {SECRETS["made"]} > "$MOJO_LOCAL_DIR/made"')
        told = ('cat "$MOJO_LOCAL_DIR"/*', 'cat "$MOJO_SPEC_DIR/ci/inner"', 'echo $PASSWORD $MY_TOKEN')
        self.program('tell', '; '.join((*told, 'cat "$MOJO_LOCAL_DIR"/* | base64 -w0 >&2')))
        self.program('fail', '; '.join((*told, f'echo {SECRETS["option"]} >&2', 'exit 1')))
        environ = {**self.settings.environ, 'MY_TOKEN': SECRETS['environment']}
        self.settings = dataclasses.replace(self.settings, environ=environ)
        self.juju.log = [f'unit-web-0: connecting with {SECRETS["option"]}']
        self.said: list[str] = []
        writer = plain.Plain()
        self.journal.listen(lambda record: self.said.extend(writer.lines(record)))

    def kept(self) -> bytes:
        """The journal as it is on the disk, log and all."""
        return b''.join(path.read_bytes() for path in self.settings.root.glob('journal.db*'))


def _forms(secret: str) -> tuple[str, ...]:
    whole = base64.b64encode(secret.encode()).decode()
    return secret, whole.rstrip('=')[:-1], whole[:12]


def test_no_secret_is_in_anything_that_a_run_says_or_keeps(tmp_path: Path) -> None:
    world = Planted(tmp_path)
    with pytest.raises(errors.Fault) as failure:
        world.run()
    said = '\n'.join(world.said)
    assert 'script fail: failed' in said, said
    assert said.count('***') >= len(SECRETS)
    texts = {
        'output': said,
        'error': errors.render(failure.value),
        'journal': world.kept().decode(errors='replace'),
        'debug logs': ''.join(path.read_text() for path in world.settings.root.glob('*/*/*/logs/*/*')),
    }
    assert 'connecting with ***' in texts['debug logs']
    assert 'script fail' in texts['journal']
    for place, text in texts.items():
        for name, secret in SECRETS.items():
            for form in _forms(secret):
                assert form not in text, f'{name} is in the {place}'
    assert world.juju.live['web']['db-password'].value == SECRETS['option'], 'it does reach the model'


def test_an_application_is_called_by_its_name_though_a_file_of_options_repeats_it(tmp_path: Path) -> None:
    world = Planted(tmp_path)
    world.write('inner', f'- service_name: storefront\n- word: {SECRETS["include of the spec"]}\n')
    options = 'options: {inner: include-file://inner}'
    world.write('services', f'services:\n  storefront:\n    charm: web\n    {options}\n')
    world.manifest('collect\ndeploy config=services\nscript config=tell PASSWORD=x\n')
    world.run()
    said = '\n'.join(world.said)
    assert 'deploy storefront' in said
    assert SECRETS['include of the spec'] not in said


def test_no_secret_is_in_what_a_failing_juju_says(tmp_path: Path) -> None:
    world = Planted(tmp_path)

    def deploy(wanted: model.WantedApplication, charm: str, to: Sequence[str]) -> None:
        raise driver.JujuFault(f'cannot run "juju deploy": bad {SECRETS["option"]} {SECRETS["overlay"]}')

    world.juju.deploy = deploy
    with pytest.raises(errors.Fault, match=r'bad \*\*\* \*\*\*') as failure:
        world.run()
    assert 'p1anted' not in errors.render(failure.value)
    assert b'p1anted' not in world.kept()


def test_copied_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    world = Planted(tmp_path)
    with pytest.raises(errors.Fault):
        world.run()
    folder = world.settings.root / 'mirror/noble/ci/local'
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.name != 'made'}
    assert modes == dict.fromkeys(('key', 'values.yaml', 'cert', 'blob', 'overlay'), 0o600)


def test_options_reach_another_program_by_no_argument_and_no_file(tmp_path: Path) -> None:
    options: Mapping[str, str] = {'word': 'p1anted'}
    with handing.options_file('web', options, None) as name:
        argv = ['cat', name]
        read = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        again = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        assert read == again == 'web:\n  word: p1anted\n'
        assert name.startswith('/proc/')
    assert not Path(name).exists()


def test_what_a_killed_process_left_for_a_snap_is_swept(tmp_path: Path) -> None:
    with handing.options_file('web', {'word': 'p1anted'}, tmp_path) as mine:
        (tmp_path / 'hoodoo-999999-12345-abc.yaml').write_text('web: {word: p1anted}\n')
        (tmp_path / 'hoodoo-999999-12345-dir').mkdir()
        (tmp_path / 'other').touch()
        handing.sweep(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted((Path(mine), tmp_path / 'other'))
