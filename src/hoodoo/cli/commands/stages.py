"""``hoodoo stages``."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence

import click

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.cli import common, options
from hoodoo.review import contrast, ingredients, request
from hoodoo.secrets import masker
from hoodoo.spec import lookup, sources, stages

_CELL, _LINE = 36, 72


@click.command('stages')
@click.argument('spec', default='')
@click.argument('stage', nargs=-1)
@options.manifest
@options.project
@options.series
@click.option('--all', 'everything', is_flag=True, help='Also what is the same in all stages.')
@common.format_option
def command(
    spec: str,
    stage: tuple[str, ...],
    manifest: str,
    project: str,
    series: str,
    everything: bool,
    form: str,
) -> None:
    """Show how the stages of SPEC (default $MOJO_SPEC) differ, or only each STAGE that is named.

    A row is a line of the manifest ("deploy services": the file that its config leads to), an option of it
    ("deploy services.timeout"), or a value in such a file ("services:haproxy.num_units"), bundles rendered as
    deploy would see them. Of programs the number of lines and a digest are compared. Secrets in LOCAL are not
    read, and what looks like a password in the spec is hidden. Exit code 1 when something cannot be read.

    \b
    Examples:
      hoodoo stages specs/archive-mirror
      hoodoo stages specs/archive-mirror ci production --all
      hoodoo stages specs/archive-mirror --format json
    """
    settings = common.settings()
    spec = spec or settings.spec
    if not spec:
        raise errors.UsageFault('no spec is named', hint='Name one: hoodoo stages SPEC, or set MOJO_SPEC.')
    origin = sources.find(spec, clones=settings.root / '.specs', offline=settings.offline)
    manifest = manifest or 'manifest'
    names = tuple(name.strip('/') for name in stage)
    for name in names:
        stages.check(lookup.SpecView(root=origin.root, stage=name, label=origin.label), manifest)
    names = names or stages.find(origin.root, manifest)
    given = request.Given(project=project, series=series, manifest=manifest)
    found = _look(origin, names or ('',), given, settings)
    # Templates may put variables of the caller anywhere.
    mask = masker.Masker()
    mask.learn_variables(settings.environ)
    rows = contrast.rows({name: one.values for name, one in found.items()}, mask=mask)
    shown = [row for row in rows if everything or row.differs]
    problems = sorted({mask.masked(problem) for one in found.values() for problem in one.problems})
    if form == 'table':
        _table(shown, tuple(found))
        _summary(rows, tuple(found))
    else:
        _data(origin, tuple(found), shown, problems, form)
    for problem in problems:
        click.echo(f'warning: {problem.where}: {problem.message}', err=True)
    if problems:
        raise click.exceptions.Exit(1)


def _look(
    origin: sources.Origin,
    names: Sequence[str],
    given: request.Given,
    settings: settings_module.Settings,
) -> Mapping[str, ingredients.Ingredients]:
    """What each stage is made of; one that cannot be looked into is a problem, unless it is the only one."""
    found: dict[str, ingredients.Ingredients] = {}
    for name in names:
        try:
            found[name] = ingredients.of_stage(origin, dataclasses.replace(given, stage=name), settings)
        except errors.UsageFault as err:
            if len(names) == 1:
                raise
            problem = errors.Problem(file=name, message=err.message, hint=err.hint)
            found[name] = ingredients.Ingredients(problems=[problem])
    return found


def _summary(rows: Sequence[contrast.Row], names: Sequence[str]) -> None:
    differ = sum(row.differs for row in rows)
    if len(names) == 1:
        only = f'the only stage is "{names[0]}"' if names[0] else 'the spec has no stages'
        click.echo(f'nothing to compare: {only}; --all shows what it is made of', err=True)
    else:
        count = wording.counted(len(rows), 'value')
        click.echo(f'{differ} of {count} differ between {len(names)} stages', err=True)


def _data(
    origin: sources.Origin,
    names: Sequence[str],
    rows: Sequence[contrast.Row],
    problems: Sequence[errors.Problem],
    form: str,
) -> None:
    data = {
        'spec': origin.url,
        'stages': list(names),
        'rows': [{'path': row.path, 'differs': row.differs, 'values': dict(row.values)} for row in rows],
        'problems': [
            {'file': p.file, 'line': p.line, 'column': p.column, 'message': p.message, 'hint': p.hint}
            for p in problems
        ],
    }
    if form == 'json':
        click.echo(json.dumps(data))
    else:
        import yaml

        click.echo(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), nl=False)


def _table(rows: Sequence[contrast.Row], names: Sequence[str]) -> None:
    """One column a stage where that is not wider than the terminal, else stages of one value together."""
    if not rows:
        return
    cells = [
        ['', *(name or 'the spec' for name in names)],
        *([row.path, *_cells(row, names, _CELL)] for row in rows),
    ]
    widths = [max(len(line[index]) for line in cells) for index in range(len(cells[0]))]
    if sum(widths) + 2 * len(names) <= shutil.get_terminal_size((110, 24)).columns:
        for line in cells:
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            click.echo('  '.join(padded).rstrip())
        return
    for row in rows:
        click.echo(row.path)
        for text, holders in _grouped(row, names):
            click.echo(f'  {text}\n      {holders}')


def _grouped(row: contrast.Row, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    groups: dict[str, list[str]] = {}
    for name, cell in zip(names, _cells(row, names, _LINE), strict=True):
        groups.setdefault(cell, []).append(name or 'the spec')
    for cell, holders in groups.items():
        yield cell, 'all' if len(holders) == len(names) > 1 else ', '.join(holders)


def _cells(row: contrast.Row, names: Sequence[str], width: int) -> list[str]:
    """The row's values in short; letters tell those apart that are the same in short."""
    keys = [contrast.exact(row.values[name]) for name in names]
    short = {key: _short(key[1], width) for key in keys}
    letters = contrast.lettered(keys)
    alike = {text for text in short.values() if list(short.values()).count(text) > 1}
    return [f'{short[key]} ({letters[key]})' if short[key] in alike else short[key] for key in keys]


def _short(value: contrast.Value | None, width: int) -> str:
    if value is None:
        return '-'
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    text = ' '.join(str(value).split()) or '""'
    return text if len(text) <= width else f'{text[: width - 12]}...{text[-9:]}'
