"""The reference names all there is, and what is generated of it is as the programs have it.

``UPDATE_GOLDEN=1`` rewrites the text between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest

import hoodoo.cli
from hoodoo.phases import base, common, described
from hoodoo.phases import registry as phases
from pocket.agents import tools
from pocket.agents.context import HookContext
from pocket.api import facades
from pocket.api.facade import Facade
from pocket.cli import app
from pocket.client import registry as commands
from pocket.client import unsupported

TOP = Path(__file__).parents[3]
DOCS = TOP / 'docs'
PAGES = sorted((DOCS / 'reference').glob('*.md'))

_GENERATED = re.compile(r'(<!-- generated: ([a-z ]+) -->\n)(.*?)(<!-- end -->)', re.DOTALL)
_LINK = re.compile(r'\]\(([^)#\s]+)(#[^)\s]+)?\)')
_VARIABLE = re.compile(r"'((?:POCKET|HOODOO|MOJO)_[A-Z_]+)'")

Run = Callable[[list[str]], int]
Help = Callable[[Run, list[str]], str]


@pytest.fixture
def help_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Help:
    """What a command line with ``--help`` prints, as wide as a page is."""
    monkeypatch.setenv('COLUMNS', '100')

    def shown(run: Run, words: list[str]) -> str:
        assert run([*words, '--help']) == 0
        return capsys.readouterr().out.strip()

    return shown


def _listed(text: str) -> list[str]:
    """The commands that a group's help lists, in all its sections below the options."""
    _, found, below = text.partition('\nCommands:\n')
    return re.findall(r'^  (\S+)', below, re.MULTILINE) if found else []


def _helps(run: Run, help_of: Help, words: list[str], *, name: str) -> Iterator[str]:
    """The help of a command and of all below it."""
    text = help_of(run, words)
    yield f'### {" ".join([name, *words])}\n\n```text\n{text}\n```\n'
    for command in _listed(text):
        if command != 'juju':
            yield from _helps(run, help_of, [*words, command], name=name)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ['---'] * len(heading), *rows]
    return ''.join(f'| {" | ".join(cell.replace("|", "&#124;") for cell in line)} |\n' for line in lines)


def _code(text: str) -> str:
    return f'`{text}`' if text else ''


def _phases() -> str:
    """Phases and their options, as the code of the phases has them."""
    found = phases.phases()
    rows = [[_code(n), described.summary(p), p.model_use.value] for n, p in found.items()]
    return '\n'.join(
        (
            _table(['phase', 'does', 'the model'], rows),
            *(_own_options(name, phase) for name, phase in found.items()),
            _shared_options(found),
        )
    )


def _own_options(name: str, phase: base.Phase) -> str:
    own = {field.name for field in dataclasses.fields(phase.own)}
    rows = [_option(option) for option in described.options(phase) if option.name in own]
    if not rows:
        return f'#### {name}\n\nNo option of its own.\n'
    return f'#### {name}\n\n{_table(["option", "default", "means"], rows)}'


def _shared_options(found: Mapping[str, base.Phase]) -> str:
    rows: list[list[str]] = []
    for field in dataclasses.fields(common.Common):
        users = [_code(name) for name, phase in found.items() if field in common.of(phase)]
        rows.append([*_option(described.Option.of(field, common.Common)), ', '.join(users)])
    return f'#### Shared options\n\n{_table(["option", "default", "means", "of"], rows)}'


def _option(option: described.Option) -> list[str]:
    assert option.text, f'{option.key} has no docstring'
    return [_code(option.key), _code(option.default), option.text]


def _juju() -> str:
    rows = [[_code(name), commands.load(name).summary] for name in commands.COMMANDS]
    return _table(['command', 'does'], rows)


def _refused() -> str:
    reasons: dict[str, list[str]] = {}
    for name, reason in unsupported.REASONS.items():
        reasons.setdefault(reason, []).append(_code(name))
    return _table(['commands', 'why not'], [[', '.join(names), why] for why, names in reasons.items()])


def _facades() -> str:
    def row(facade: Facade) -> list[str]:
        return [facade.name, ', '.join(map(str, facade.versions)), ', '.join(facade.methods)]

    return _table(['facade', 'versions', 'methods'], [row(facade) for facade in facades.ALL.values()])


def _usage(name: str) -> str:
    """How a hook tool is used."""
    no_context = cast('HookContext', None)  # asking for help needs none
    reply = tools.answer(tools.Request(tool=name, args=('--help',)), no_context)
    return reply.stdout.strip().removeprefix('Usage: ')


def _tools() -> str:
    return ''.join(f'    {usage}\n' for usage in map(_usage, sorted(tools.NAMES)))


def _generate(name: str, help_of: Help) -> str:
    match name:
        case 'hoodoo':
            return '\n'.join(_helps(hoodoo.cli.invoke, help_of, [], name='hoodoo'))
        case 'pocket':
            return '\n'.join(_helps(app.run, help_of, [], name='pocket'))
        case _:
            return _MAKERS[name]()


_MAKERS: dict[str, Callable[[], str]] = {
    'phases': _phases,
    'juju': _juju,
    'refused commands': _refused,
    'facades': _facades,
    'tools': _tools,
}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_generated_text_is_as_the_programs_have_it(page: Path, help_of: Help) -> None:
    text = page.read_text()
    made = _GENERATED.sub(lambda found: f'{found[1]}\n{_generate(found[2], help_of)}\n{found[4]}', text)
    if os.environ.get('UPDATE_GOLDEN'):
        page.write_text(made)
    assert made == page.read_text()


def test_every_command_phase_and_tool_is_in_a_generated_part() -> None:
    names = [found[2] for page in PAGES for found in _GENERATED.finditer(page.read_text())]
    assert sorted(names) == sorted([*_MAKERS, 'hoodoo', 'pocket'])


def test_every_setting_is_documented() -> None:
    sources = [
        file.read_text() for name in ('hoodoo', 'pocket') for file in (TOP / 'src' / name).rglob('*.py')
    ]
    settings = {name for source in sources for name in _VARIABLE.findall(source)}
    assert {'POCKET_HOME', 'HOODOO_JUJU', 'MOJO_ROOT', 'MOJO_REPO_DIR'} <= settings
    text = ''.join(page.read_text() for page in PAGES)
    assert [name for name in sorted(settings) if f'`{name}`' not in text] == []


def test_every_phase_is_described() -> None:
    text = (DOCS / 'reference' / 'spec.md').read_text()
    described = set(re.findall(r'\*\*([a-z-]+)\*\*', text))
    assert described == set(phases.phases())


def test_every_alias_of_a_juju_command_is_named() -> None:
    text = (DOCS / 'reference' / 'juju.md').read_text()
    assert [name for name in commands.ALIASES if f'`{name}`' not in text] == []


@pytest.mark.parametrize('page', sorted(DOCS.rglob('*.md')), ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text()):
        if '://' in target:
            continue
        file = (page.parent / target).resolve()
        assert file.exists(), target
        if anchor:
            assert anchor[1:] in _anchors(file.read_text()), f'{target}{anchor}'


def _anchors(text: str) -> set[str]:
    headings = re.findall(r'^#+ (.+)$', text, re.MULTILINE)
    return {re.sub(r'[^a-z0-9 -]', '', heading.lower()).replace(' ', '-') for heading in headings}


def test_errors_that_a_page_explains_are_those_that_hoodoo_says() -> None:
    page = (DOCS / 'howto' / 'failed-run.md').read_text()
    explained = re.findall(r'^\| `(cannot [a-z -]+)', page, re.MULTILINE)
    assert len(explained) == 7
    source = ''.join(file.read_text() for file in (TOP / 'src' / 'hoodoo').rglob('*.py'))
    said = source.replace('{self.phase}', 'verify')
    assert [text for text in explained if text not in said] == []
