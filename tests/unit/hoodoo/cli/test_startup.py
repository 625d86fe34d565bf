"""What a command imports: help is quick because it imports almost nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# importlib.metadata is not among them: help lists the phases of other packages.
HEAVY = (
    *(
        'asyncio',
        'concurrent.futures',
        'cryptography',
        'hypothesis',
        'jinja2',
        'jubilant',
    ),
    *('logging', 'msgspec', 'rapidfuzz', 'rich', 'sqlite3', 'ssl', 'subprocess', 'websockets'),
    *('yaml', 'breezy', 'pocket', 'hoodoo.runner', 'hoodoo.juju', 'hoodoo.journal', 'bedrock.process'),
)
CONTROLLER = ('asyncio', 'cryptography', 'jubilant', 'pocket', 'rich', 'websockets')
HEAVY_FOR_A_CHECK = (*CONTROLLER, 'hypothesis', 'jinja2', 'sqlite3', 'yaml', 'hoodoo.journal.journal')
_PROGRAM = """
import sys
sys.argv = ['hoodoo', *{argv!r}]
from hoodoo import cli
cli.invoke()
print(*sys.modules, file=sys.stderr)
"""


def _imported(*argv: str) -> set[str]:
    program = _PROGRAM.format(argv=argv)
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize('argv', [('--help',), ()])
def test_help_imports_nothing_heavy(argv: tuple[str, ...]) -> None:
    found = _imported(*argv)
    assert 'click' in found
    assert found.isdisjoint(HEAVY)


def test_a_check_imports_neither_a_screen_nor_the_controller(tmp_path: Path) -> None:
    (tmp_path / 'manifest').write_text('sleep config=1\n')
    found = _imported('check', str(tmp_path))
    assert 'hoodoo.review.survey' in found
    assert found.isdisjoint(HEAVY_FOR_A_CHECK)


def test_a_check_imports_the_phases_of_its_lines_alone(tmp_path: Path) -> None:
    (tmp_path / 'manifest').write_text('sleep config=1\nslep\n')
    phases = {name for name in _imported('check', str(tmp_path)) if name.startswith('hoodoo.phases.builtin.')}
    assert 'hoodoo.phases.builtin.sleep' in phases
    assert phases.isdisjoint(
        f'hoodoo.phases.builtin.{name}' for name in ('bundle', 'collect', 'deploy', 'repo')
    )


@pytest.mark.parametrize('argv', [('runs',), ('project-list',), ('stages', '{spec}')])
def test_looking_imports_neither_a_screen_nor_the_controller(tmp_path: Path, argv: tuple[str, ...]) -> None:
    (tmp_path / 'manifest').write_text('sleep config=1\n')
    found = _imported('--mojo-root', str(tmp_path / 'root'), *(word.format(spec=tmp_path) for word in argv))
    assert 'hoodoo.cli.common' in found
    assert found.isdisjoint(CONTROLLER)
