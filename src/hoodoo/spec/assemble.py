"""A manifest as it runs: variables replaced, and other manifests in the places of their ``include`` lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import wording
from hoodoo.spec import expand, lookup, manifest, reading

INCLUDE = 'include'
_LINE = 'command line'
"""What messages call a line that stands in no file."""


def assemble(
    view: lookup.SpecView,
    name: str,
    variables: Mapping[str, str],
    *,
    line: str = '',
    phases: Collection[str] = (),
) -> manifest.Manifest:
    """Read the manifest *name* of *view*, or *line* in its place, with all that it includes.

    Every call and every problem has the place where it is written. A manifest that cannot be included is a
    problem of the line that includes it, and its ``include`` is among the lines that are left out.

    Args:
        phases: What a line may begin with, for guesses at what a mistaken one means.

    Raises:
        UsageFault: there is no manifest *name*.
    """
    reader = _Reader(view=view, variables=variables, phases=phases)
    if line:
        return reader.whole(manifest.parse(line, file=_LINE, phases=phases), ())
    file = view.get(name)
    try:
        return reader.file(file, ())
    except errors.Problems as err:
        return manifest.Manifest(file=view.shown(file), problems=err.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    view: lookup.SpecView
    variables: Mapping[str, str]
    phases: Collection[str]

    def file(self, file: Path, above: tuple[Path, ...]) -> manifest.Manifest:
        """*file*, which is included by those *above*; raises Problems when it cannot be read."""
        shown = self.view.shown(file)
        text = reading.read(file, shown=shown)
        return self.whole(manifest.parse(text, file=shown, phases=self.phases), (*above, file.resolve()))

    def whole(self, written: manifest.Manifest, above: tuple[Path, ...]) -> manifest.Manifest:
        """*written* with its variables replaced and its includes in place."""
        read = expand.expand(written, self.variables)
        calls: list[manifest.PhaseCall] = []
        problems, misread = list(read.problems), list(read.misread)
        for call in read.calls:
            if call.phase != INCLUDE:
                calls.append(call)
                continue
            inner = self._included(call, above)
            calls += inner.calls
            problems += inner.problems
            misread += inner.misread
        return dataclasses.replace(read, calls=tuple(calls), problems=tuple(problems), misread=tuple(misread))

    def _included(self, call: manifest.PhaseCall, above: tuple[Path, ...]) -> manifest.Manifest:
        def refused(*problems: errors.Problem) -> manifest.Manifest:
            return manifest.Manifest(file=call.file, problems=problems, misread=(INCLUDE,))

        others = [option for option in call.options if option.key != 'config']
        if others:
            key = others[0].key
            hint = wording.guess(key, ['config']) or 'Known options: config.'
            problem = call.problem(f'"{INCLUDE}" has no option "{key}"', option=others[0], hint=hint)
            return refused(problem)
        option = next(reversed(call.options), None)
        if option is None:
            return refused(
                call.problem('no manifest is named to include', hint=f'Write {INCLUDE} config=FILE.')
            )
        if not option.known:
            return refused()  # expanding it has said why
        file = self.view.find(option.value)
        if file is None:
            hint = self.view.near(option.value)
            return refused(call.problem(f'cannot find manifest "{option.value}"', option=option, hint=hint))
        if file.resolve() in above:
            circle = ' includes '.join(self._circle(above, file))
            return refused(call.problem(f'a manifest includes itself: {circle}', option=option))
        try:
            return self.file(file, above)
        except errors.Problems as err:
            return refused(*err.problems)

    def _circle(self, above: tuple[Path, ...], file: Path) -> list[str]:
        """The files from *file* round to itself."""
        start = above.index(file.resolve())
        root = self.view.root.resolve()
        names = (
            path.relative_to(root) if path.is_relative_to(root) else path
            for path in (*above[start:], file.resolve())
        )
        return [str(name) for name in names]
