"""What is kept of an attempt that failed: Juju's log and state, the runs, and what a run would do now."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from bedrock import errors, files
from hoodoo.journal import journal, plain
from hoodoo.juju import driver, models
from hoodoo.phases import base, common
from hoodoo.review import check, preview
from hoodoo.secrets import masker, values

_PROGRAM_S = 60.0


@dataclass(slots=True, kw_only=True)
class Collection:
    """Files below *folder*, for its owner alone. What cannot be had is noted, and fails nothing."""

    folder: Path
    mask: masker.Masker
    names: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def runs(self, kept: journal.Journal) -> None:
        """What each run said."""
        for run in reversed(kept.runs()):
            with self.noted(f'the log of run {run.id}'):
                lines = plain.Plain()
                texts = [text for record in kept.records(run.id) for text in lines.lines(record)]
                self._write(f'run-{run.id}.log', ''.join(f'{text}\n' for text in texts))

    def plan(self, lines: Sequence[check.Line], juju: driver.Driver, kept: journal.Journal) -> None:
        """What a run would still change."""
        with self.noted('the plan'):
            made = preview.preview(lines, juju, kept)
            rows = [
                {'line': line.title, 'steps': [str(step) for step in line.plan.steps]} for line in made.lines
            ]
            facts = {'model': made.model, 'lines': rows, 'notes': made.notes, 'problems': made.problems}
            self._write('plan.json', json.dumps(facts, indent=2) + '\n')

    def juju(self, known: models.Models, model: str, units: Sequence[str]) -> None:
        """The model's log and state, as the juju program tells them."""
        which = ('--model', f'{known.controller}:{model}')
        commands: dict[str, tuple[str, ...]] = {
            'status.txt': ('status', '--relations', '--storage'),
            'status.json': ('status', '--format', 'json'),
            'units.json': ('show-unit', '--format', 'json', *units),
            'debug-log.txt': ('debug-log', '--replay', '--no-tail'),
        }
        if not units:
            del commands['units.json']
        for name, (command, *rest) in commands.items():
            with self.noted(name):
                said = known.run(command, *which, *rest, timeout_s=_PROGRAM_S).stdout
                self._write(name, scrubbed(said) if name.endswith('.json') else said)

    def _write(self, name: str, text: str) -> None:
        files.write_private(self.folder / name, self.mask(text))
        self.names.append(name)

    @contextlib.contextmanager
    def noted(self, what: str) -> Generator[None]:
        """Note an error of the block, which is about *what*, and go on."""
        try:
            yield
        except (errors.Fault, OSError, ValueError) as err:
            lines = str(err).splitlines()
            said = f'{lines[0]} {lines[-1].strip()}' if len(lines) > 1 else str(err)
            self.notes.append(self.mask(f'{what} could not be had: {said}'))


def learn(mask: masker.Masker, lines: Sequence[check.Line]) -> None:
    """Tell *mask* of the options that bundles of *lines* have for secret."""
    for line in lines:
        job = common.bare(line.job)
        if isinstance(job, base.Deploys):
            for application in job.foreseen.applications.values():
                mask.learn(application.options[key] for key in application.private)


def scrubbed(text: str) -> str:
    """JSON without the values of keys that are called like secrets: units tell each other passwords."""
    return json.dumps(_without_secrets(json.loads(text)), indent=2) + '\n'


def _without_secrets(value: object) -> object:
    if isinstance(value, dict):
        entries = cast('dict[str, object]', value)
        return {
            key: masker.SHOWN
            if isinstance(inner, str) and values.looks_secret(key)
            else _without_secrets(inner)
            for key, inner in entries.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in cast('list[object]', value)]
    return value
