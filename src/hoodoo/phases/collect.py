"""The phase collect: bring sources into the build directory and charms into the repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from hoodoo import wording
from hoodoo.collect import grammar, sources
from hoodoo.phases import base, common, options
from hoodoo.spec import manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a collect line may say."""

    config: str = 'collect'
    """The collect file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A collect line whose file is fine."""

    options: Options

    def run(self, context: base.Context) -> base.Outcome:
        """Fetch all, then stock the repository."""
        place = context.place
        read = grammar.parse(place.view.get(self.options.config).read_text(), file=self.options.config)
        count = 0
        build = place.workspace.build
        for text in sources.collect(read.directives, build=build, origin=place.origin):
            context.told.note(text)
            count += 1
        changed = sources.stock(build, place.workspace.repo / place.series)
        if changed:
            context.told.note(f'charm repository: {", ".join(changed)}')
        charms = wording.counted(len(changed), 'charm') if changed else 'no charm'
        return base.Outcome(summary=f'{wording.counted(count, "source")}, {charms} changed')


class Collect:
    """See the module."""

    name = 'collect'
    needs_model = False
    repeatable = True
    own = Options
    shared = common.STEP

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check the collect file; local sources must be there."""
        given = options.read(Options, call, outlook.problems)
        told = 'config' not in given.untold
        file = base.find_file(call, given.options.config, place, outlook) if told else None
        if file is None:
            outlook.doubtful.add(self.name)
            return None
        read = grammar.parse(file.read_text(), file=place.view.shown(file))
        outlook.problems += read.problems
        if read.problems:
            outlook.doubtful.add(self.name)
        for directive in read.directives:
            self._check(directive, place, outlook, shown=place.view.shown(file))
        return Job(options=given.options) if given.fine and not read.problems else None

    def _check(
        self, directive: grammar.Directive, place: base.Place, outlook: base.Outlook, *, shown: str
    ) -> None:
        name = str(PurePosixPath(directive.destination))
        if directive.kind != 'local':
            if directive.kind == 'git':
                outlook.charms[name] = None
            return
        source = sources.local_path(directive, place.origin)
        outlook.charms[name] = source
        if not source.exists():
            outlook.problems.append(
                grammar.problem(
                    directive,
                    shown,
                    f'there is no "{directive.source}" to collect',
                    hint=f'Relative sources start at {place.origin}.',
                )
            )
