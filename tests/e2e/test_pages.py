"""Pages of the documentation, each pasted into one shell from beginning to end.

The convention, which they keep and this file checks:

- A fenced block ``sh`` is commands. All run in order, as in one shell: directory and variables stay. A
  block must end with exit status 0, or with that of its fence: ``sh exit=2``. Every block is ``sh`` or
  ``text``, or one of these with ``terminal``.
- A fenced block ``text`` after it is what the reader sees of its output, stdout and stderr together. All
  that is printed must be shown, line by line; a line ``...`` stands for any number of lines. Output of a
  block without a ``text`` is not shown, hence not checked.
- The lines of ``sh terminal`` are typed into a second terminal, which begins as the first one is then. A
  block ``text terminal`` is what that shows after the last keys, and is waited for: each of its lines, one
  after the other, apart from how they are laid out on the screen; between them, anything.
- What differs from run to run is compared by shape: seconds, dates, addresses, pocket's port, the
  reader's home, passwords, WordPress' version, and how many blanks stand between columns. ``_SHAPES`` is
  the whole list.

Not in a block, so not run: `make demo`, `tools/prepare` and the like, which the pages ask for at their
beginning. What `make images charms` makes is made by the test where it is missing.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bedrock import charm, process
from tests.e2e.conftest import TOP, Site
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

TUTORIAL = TOP / 'docs' / 'tutorial.md'
INVENTORY = TOP / 'docs' / 'howto' / 'inventory.md'
CHARM_AUTHORS = TOP / 'docs' / 'howto' / 'charm-authors.md'
KUBERNETES_CHARMS = TOP / 'docs' / 'howto' / 'kubernetes-charms.md'
DEBUG_A_HOOK = TOP / 'docs' / 'howto' / 'debug-a-hook.md'
ENVIRONMENTS = TOP / 'docs' / 'howto' / 'environments.md'
WORDPRESS = TOP / 'docs' / 'howto' / 'wordpress.md'

_FENCE = re.compile(r'^```(.*)\n((?:.*\n)*?)```$', re.MULTILINE)
_SHAPES = (
    (r'\[ *\d+\.\d+s\]', '[SECONDS]'),
    (r'(in|after) \d+\.\d+ ?s', r'\1 SECONDS'),
    (r'(?<=0) +\d+\.\d(?= +(exec|connect))', ' SECONDS'),
    (r'since \d\d:\d\d:\d\d', 'since TIME'),
    (r'(?<=^unit-wordpress-0: )\d\d:\d\d:\d\d', 'TIME'),
    (r'(?<=^wordpress) +\d[\d.]*(?= +blocked)', ' VERSION'),
    (r'(?<=^password: )\w+', 'PASSWORD'),
    (r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+\.\d+', 'DATE SECONDS'),
    (r'(?<=failed)  +\d+\.\d+$', ' SECONDS'),
    (r'\d\d \w{3} \d{4} \d\d:\d\d:\d\dZ', 'TIME'),
    (r'127\.0\.0\.1:\d+', 'ENDPOINT'),
    (r'\b10\.\d+\.\d+\.\d+', 'ADDRESS'),
    (r'(?<=, 443) +\d+s$', ' AGE'),
    (r'/\S*/(hello|blog|inventory)\b', r'HOME/\1'),
    (r' +', ' '),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Some commands and what the page says about them; or what is done and seen in the second terminal."""

    line: int
    commands: str = ''
    exit_code: int = 0
    shown: tuple[str, ...]
    in_terminal: bool = False


def _steps(page: str) -> Iterator[Step]:
    blocks = list(_FENCE.finditer(page))
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        language, _, option = block[1].partition(' ')
        assert language in ('sh', 'text'), f'the block "{block[1]}" is neither run nor checked'
        line = page.count('\n', 0, block.start()) + 1
        if option == 'terminal':
            typed, seen = (block[2], '') if language == 'sh' else ('', block[2])
            yield Step(line=line, commands=typed, shown=tuple(seen.splitlines()), in_terminal=True)
        elif language == 'sh':
            shown = after[2] if after is not None and after[1] == 'text' else '...\n'
            yield Step(
                line=line,
                commands=block[2],
                exit_code=int(option.removeprefix('exit=') or 0),
                shown=tuple(shown.splitlines()),
            )


def _shape(line: str) -> str:
    for pattern, name in _SHAPES:
        line = re.sub(pattern, name, line)
    return line.strip()


def _pattern(shown: tuple[str, ...]) -> str:
    """The expression that output as *shown* matches as a whole."""
    parts = (r'(?:.*\n)*?' if line == '...' else re.escape(_shape(line)) + r'\n' for line in shown)
    return ''.join(parts)


class Shell:
    """Runs one block after the other as a person's shell would."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.home = folder / 'home'
        self.home.mkdir()
        self.env = {**site.env, 'HOME': str(self.home)}
        self._state = folder / 'shell-state'
        self._state.write_text(f"cd '{TOP}'\n")

    def open_terminal(self) -> Terminal:
        """A second terminal in which the variables and the directory are what they are here."""
        terminal = Terminal(self.env)
        terminal.type(f'. {self._state}')
        return terminal

    def run(self, commands: str) -> process.Completed:
        kept = f'trap \'export -p >{self._state}; echo "cd $PWD" >>{self._state}\' EXIT'
        script = f'. {self._state}\n{kept}\nset -e\nexec 2>&1\n{commands}'
        return process.run(['sh', '-c', script], env=self.env, timeout_s=600, check=False)


def _run(page: Path, shell: Shell) -> None:
    """Run every block of *page* and compare what it prints."""
    steps = list(_steps(page.read_text()))
    assert steps
    with contextlib.ExitStack() as opened:
        terminal: Terminal | None = None
        for step in steps:
            where = f'{page.name}:{step.line}'
            if step.in_terminal:
                terminal = terminal or _opened(shell, opened)
                _in_terminal(terminal, step)
                continue
            done = shell.run(step.commands)
            assert done.returncode == step.exit_code, f'{where}\n{done.stdout}'
            output = ''.join(f'{_shape(line)}\n' for line in done.stdout.splitlines())
            assert re.fullmatch(_pattern(step.shown), output), f'{where} shows otherwise than\n{done.stdout}'
    assert not Path(shell.env['POCKET_HOME']).exists(), 'the page removes the controller'


def _opened(shell: Shell, until: contextlib.ExitStack) -> Terminal:
    terminal = shell.open_terminal()
    until.callback(terminal.close)
    return terminal


def _in_terminal(terminal: Terminal, step: Step) -> None:
    if step.commands:
        terminal.type(step.commands)
    wanted = '.*?'.join(re.escape(_shape(line)) for line in step.shown if line != '...')
    terminal.wait_for(lambda text: re.search(wanted, _shape(text), re.DOTALL) is not None)


def test_the_tutorial_does_what_it_says(site: Site, tmp_path: Path) -> None:
    shell = Shell(site, tmp_path)
    _run(TUTORIAL, shell)
    assert (shell.home / 'hello' / 'manifest').is_file(), "it leaves the reader's files"


def test_the_page_about_inventories_does_what_it_says(site: Site, tmp_path: Path) -> None:
    _run(INVENTORY, Shell(site, tmp_path))


def test_the_page_about_debugging_does_what_it_says(site: Site, tmp_path: Path) -> None:
    _run(DEBUG_A_HOOK, Shell(site, tmp_path))


def test_the_page_about_environments_does_what_it_says(site: Site, tmp_path: Path) -> None:
    _run(ENVIRONMENTS, Shell(site, tmp_path))


def test_the_page_about_kubernetes_charms_does_what_it_says(site: Site, tmp_path: Path) -> None:
    process.run([TOP / 'tools' / 'build-images'], timeout_s=600)
    _run(KUBERNETES_CHARMS, Shell(site, tmp_path))


def test_the_page_about_a_blog_does_what_it_says(site: Site, tmp_path: Path) -> None:
    process.run([TOP / 'tools' / 'build-images'], timeout_s=600)
    for name in ('mariadb-k8s', 'wordpress-k8s'):
        charm.pack(TOP / 'charms' / name, TOP / 'build' / f'{name}.charm', cache=TOP / 'build')
    shell = Shell(site, tmp_path)
    _run(WORDPRESS, shell)
    assert not (shell.home / 'blog').exists(), 'it takes its passwords along'


def test_the_page_for_charm_authors_and_its_workflow_do_what_they_say(site: Site, tmp_path: Path) -> None:
    shell = Shell(site, tmp_path)
    _run(CHARM_AUTHORS, shell)
    pinger = shell.home / 'pinger'
    workflow: dict[str, Any] = yaml.safe_load((pinger / '.github/workflows/integration.yaml').read_text())
    # As the checkout step does it; and a runner has sudo, where this test is root.
    (pinger / '.hoodoo').symlink_to(TOP)
    sudo = shell.home / 'bin' / 'sudo'
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    steps = [step for step in workflow['jobs']['integration']['steps'] if 'run' in step]
    shell.run(f'cd {pinger}; export PATH="{sudo.parent}:$PATH"')
    for step in steps:
        command = str(step['run']).replace('/var/lib/pocket', site.env['POCKET_HOME'])
        done = shell.run(command)
        assert done.returncode == 0, f'{step["name"]}\n{done.stdout}'
    assert len(steps) == 3
