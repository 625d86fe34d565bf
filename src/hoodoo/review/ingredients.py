"""What a stage is made of, value by value: its manifest's lines, and what is in the files that they name."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.bundle.reading import deployer
from hoodoo.collect import grammar
from hoodoo.review import check, request
from hoodoo.spec import assemble, lookup, manifest, reading, sources

Value = str | int | float | bool

_INCLUDED = re.compile(r'include-(?:file|base64)://(.+)', re.DOTALL)
_BUNDLES = ('deploy', 'bundle')
_WITHOUT_FILES = ('sleep', 'nagios-check', 'juju-check-wait', 'secrets', 'builddeps')
_DIRECTORIES = ('MOJO_ROOT', 'MOJO_SPEC_DIR', 'MOJO_BUILD_DIR', 'MOJO_REPO_DIR', 'MOJO_LOCAL_DIR')


@dataclass(slots=True, kw_only=True)
class Ingredients:
    """Values by path, in the order of the manifest: ``manifest``, ``deploy services.timeout`` (an option),
    ``services:haproxy.num_units`` (in a file); and what could not be read."""

    values: dict[str, Value] = field(default_factory=dict[str, Value])
    problems: list[errors.Problem] = field(default_factory=list[errors.Problem])


def of_stage(origin: sources.Origin, given: request.Given, settings: settings_module.Settings) -> Ingredients:
    """Look into the stage that *given* names.

    Bundles are rendered as their phases would see them, but for directories, which have the names of their
    variables: they are other ones in every workspace, and secrets below them are not for showing. Nothing in
    the Mojo root is read.

    Raises:
        UsageFault: there is no such stage or manifest.
    """
    asked = request.complete(
        dataclasses.replace(given, spec=str(origin.root)), dataclasses.replace(settings, stage='')
    )
    names = {name: f'${name}' for name in _DIRECTORIES}
    asked = dataclasses.replace(asked, variables={**asked.variables, 'MOJO_SPEC': origin.url, **names})
    view = lookup.SpecView(root=origin.root, stage=asked.stage, label=origin.label)
    place = check.place(asked, view, cache=settings.cache)
    return _Stage(
        view=view,
        variables=asked.variables,
        template={**place.template_variables(), 'local_dir': names['MOJO_LOCAL_DIR']},
        closed=settings.root.resolve(),
    ).all(asked.manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    view: lookup.SpecView
    variables: Mapping[str, str]
    template: Mapping[str, str]
    closed: Path
    """A directory of which nothing is read, the spec excepted."""

    def all(self, name: str) -> Ingredients:
        read = assemble.assemble(self.view, name, self.variables)
        found = Ingredients(problems=list(read.problems))
        found.values['manifest'] = self._named(self.view.get(name))
        files: dict[str, tuple[manifest.PhaseCall, Path]] = {}
        titles: dict[str, int] = {}
        for call in read.calls:
            options = {option.key: option.value for option in call.options}
            config = options.pop('config', call.phase)
            title = call.phase if config == call.phase else f'{call.phase} {config}'
            titles[title] = titles.get(title, 0) + 1
            if titles[title] > 1:
                title = f'{title} #{titles[title]}'
            file = self.view.find(config)
            found.values[title] = self._named(file) if file else call.phase in _WITHOUT_FILES or 'no file'
            found.values.update((f'{title}.{key}', value) for key, value in options.items())
            if file and self._open(file):
                target = options.get('target', '') if call.phase in _BUNDLES else ''
                files.setdefault(f'{config}[{target}]' if target else config, (call, file))
        for label, (call, file) in files.items():
            try:
                for path, value in self._content(call, file, found.problems):
                    found.values.setdefault(f'{label}:{path}', value)
            except errors.Problems as err:
                found.values[f'{label}:'] = 'cannot be read'
                found.problems += err.problems
        return found

    def _content(
        self, call: manifest.PhaseCall, file: Path, problems: list[errors.Problem]
    ) -> Iterator[tuple[str, Value]]:
        shown = self.view.shown(file)
        if call.phase in _BUNDLES:
            target = next((o.value for o in reversed(call.options) if o.key == 'target'), '')
            deployments = deployer.load([file], self.template, shown=self.view.shown)
            for path, value in flat(deployer.choose(deployments, target).data):
                yield path, self._followed(value, deployments.folders)
            return
        text = reading.read(file, shown=shown)
        if call.phase == 'collect':
            collected = grammar.parse(text, file=shown)
            problems += collected.problems
            for line in collected.directives:
                options = ','.join(f'{key}={value}' for key, value in line.options.items())
                yield line.destination, f'{line.source};{options}' if options else line.source
        elif file.suffix in ('.yaml', '.yml'):
            try:
                yield from flat(yaml.safe_load(text))
            except yaml.YAMLError as err:
                problem = errors.Problem(file=shown, message=f'not valid YAML: {err}')
                raise errors.Problems(f'cannot read {shown}', [problem]) from None
        else:
            yield 'content', _digest(text)

    def _followed(self, value: Value, folders: Sequence[Path]) -> Value:
        """*value*, with a digest of the file that it includes if that is of the spec."""
        found = _INCLUDED.fullmatch(value) if isinstance(value, str) else None
        for folder in folders if found else ():
            file = folder / found[1] if found else folder
            if file.is_file() and self._open(file):
                return f'{value} ({_digest(file.read_text(errors="replace"))})'
        return value

    def _named(self, file: Path) -> str:
        return str(file.relative_to(self.view.root)) if file.is_relative_to(self.view.root) else str(file)

    def _open(self, file: Path) -> bool:
        real = file.resolve()
        return real.is_relative_to(self.view.root.resolve()) or not real.is_relative_to(self.closed)


def flat(data: object, path: str = '') -> Iterator[tuple[str, Value]]:
    """The values of a YAML document by their dotted paths.

    A list of plain values is one value. Of other lists each item is a path, as the order of relations means
    nothing.
    """
    if isinstance(data, dict) and data:
        for key, value in cast('dict[object, object]', data).items():
            yield from flat(value, f'{path}.{key}' if path else str(key))
    elif isinstance(data, list):
        items = cast('list[object]', data)
        if any(isinstance(item, dict | list) for item in items):
            yield from ((f'{path}.{_plain(item)}', True) for item in items)
        else:
            yield path, ', '.join(_plain(item) for item in items)
    elif isinstance(data, str | int | float):
        yield path, data
    else:
        yield path, '' if data is None else _plain(cast('object', data))


def _digest(text: str) -> str:
    """What tells one text from another without showing it."""
    count = wording.counted(len(text.splitlines()), 'line')
    return f'{count}, {hashlib.sha256(text.encode()).hexdigest()[:8]}'


def _plain(data: object) -> str:
    """*data* in one line."""
    if isinstance(data, list):
        return f'[{", ".join(_plain(item) for item in cast("list[Any]", data))}]'
    return data if isinstance(data, str) else json.dumps(data, default=str)
