"""Shells: a prompt in front of a person's own, and start files of theirs that cannot lead elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bedrock import process
from hoodoo.fleet import shell, shell_prompt

_EVIL = '$(touch evil)`touch evil`"\'\\[x'


def _prompt(**fields: bool) -> shell_prompt.Prompt:
    usual = {'production': False, 'write': False, 'colours': False}
    return shell_prompt.Prompt(environment='mirror/tokyo', **{**usual, **fields})


def test_a_prompt_says_where_and_what_without_colours_too() -> None:
    assert _prompt().plain() == '[mirror/tokyo read-only]'
    assert _prompt(write=True).plain() == '[mirror/tokyo WRITE]'
    assert _prompt(production=True).plain() == '[PRODUCTION mirror/tokyo read-only]'


def test_production_alone_is_on_red() -> None:
    for write in (False, True):
        assert '41m' in _prompt(production=True, colours=True, write=write).plain()
        assert '41m' not in _prompt(colours=True, write=write).plain()


@pytest.mark.parametrize(
    ('environ', 'colours'),
    [
        ({'TERM': 'xterm'}, True),
        ({'TERM': 'xterm', 'NO_COLOR': '1'}, False),
        ({'TERM': 'dumb'}, False),
        ({}, False),
    ],
)
def test_colours_are_for_terminals_that_have_them(environ: dict[str, str], colours: bool) -> None:
    assert shell_prompt.colourful(environ) is colours


@pytest.mark.parametrize('name', ['bash', 'sh', 'zsh', 'fish'])
def test_a_shell_has_the_prompt_and_our_programs_first(tmp_path: Path, name: str) -> None:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f'{name} is not installed')
    first, home = tmp_path / 'first', tmp_path / 'home'
    for folder in (first, home):
        folder.mkdir()
    (first / 'juju').write_text('#!/bin/sh\necho "ours in $JUJU_MODEL"\n')
    (first / 'juju').chmod(0o755)
    for start_file in ('.bashrc', '.zshrc'):
        (home / start_file).write_text(
            'alias juju="echo theirs"\nexport PATH=/usr/bin:/bin JUJU_MODEL=theirs THEIRS=read\n'
        )
    env = {'HOME': str(home), 'PATH': '/usr/bin:/bin', 'TERM': 'dumb'}
    prompt = shell_prompt.Prompt(environment=_EVIL, production=True, write=False, colours=False)
    start = shell.start(
        program,
        folder=tmp_path / 'rc',
        env=env,
        prompt=prompt,
        first=first,
        again={'JUJU_MODEL': "a'b:c", 'QUOTED': _EVIL},
    )
    done = process.run(
        start.argv,
        env=start.env,
        stdin='juju\necho "theirs $THEIRS"\necho "PS1 $PS1"\nexit 4\n',
        check=False,
        timeout_s=30,
        cwd=tmp_path,
    )
    assert done.returncode == 4
    assert "ours in a'b:c" in done.stdout
    if name in ('bash', 'zsh'):
        assert 'theirs read' in done.stdout
    if name in ('bash', 'sh'):
        assert f'PS1 {prompt.text} ' in done.stdout
        assert done.stdout.count(prompt.text) == 1
    assert not list(tmp_path.rglob('evil'))


def test_a_prompt_that_is_made_anew_each_time_keeps_ours_in_front(tmp_path: Path) -> None:
    program = shutil.which('bash')
    assert program is not None
    (tmp_path / '.bashrc').write_text("theirs() { PS1='made anew$ '; }\nPROMPT_COMMAND=theirs\n")
    start = shell.start(
        program,
        folder=tmp_path / 'rc',
        env={'HOME': str(tmp_path), 'PATH': '/usr/bin:/bin', 'TERM': 'dumb'},
        prompt=_prompt(),
        first=tmp_path,
        again={},
    )
    done = process.run(start.argv, env=start.env, stdin='true\ntrue\n', check=False, timeout_s=30)
    assert done.stderr.count('[mirror/tokyo read-only] made anew$') == 3
