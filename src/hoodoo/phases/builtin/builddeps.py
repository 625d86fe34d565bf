"""The phase builddeps: install packages that builds need into the project's container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import wording
from hoodoo.containers import container, dpkg
from hoodoo.phases import base, common, inside, options
from hoodoo.spec import manifest

_DEFAULT = 'builddeps'
_PACKAGE = re.compile(r'[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?([=/][A-Za-z0-9.+:~-]+)?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a builddeps line may say."""

    packages: tuple[str, ...] = ()
    """Names of packages, parted by commas; also NAME=VERSION."""
    config: str = ''
    """A file with the name of one package a line; builddeps, where the line has neither option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line whose packages have names that can be."""

    packages: tuple[str, ...]
    inside: container.Container | None = None

    def run(self, context: base.Context) -> base.Outcome:
        """Install what is missing; without a container only say what is."""
        count = wording.counted(len(self.packages), 'package')
        if self.inside is not None:
            installed = self.inside.install(self.packages, told=context.told, timeout_s=context.timeout_s)
            return base.Outcome(summary=f'{count} installed' if installed else f'{count} there already')
        missing = dpkg.missing(self.packages, dpkg.installed(Path('/')))
        if missing:
            context.told.note(f'the project has no container, and this machine lacks {", ".join(missing)}')
        return base.Outcome(summary=f'no container; {len(missing)} of {count} missing here')


class BuildDeps:
    """See the module."""

    name = 'builddeps'
    model_use = base.ModelUse.NONE
    repeatable = True
    own = Options
    shared = common.PROGRAM

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Check that packages are named, and that their names can be ones."""
        given = options.read(Options, call, outlook.problems)
        if given.untold:
            return None
        file, packages = given.options.config, list(given.options.packages)
        if not file and not packages:
            if place.view.find(_DEFAULT) is None:
                hint = f'Write packages=NAME,NAME or put one name a line into a file "{_DEFAULT}".'
                outlook.problems.append(call.problem('builddeps does not say what to install', hint=hint))
                return None
            file = _DEFAULT
        wrong = [_wrong(call, name) for name in packages if not _PACKAGE.fullmatch(name)]
        if file:
            found = base.find_file(call, file, place, outlook)
            if found is None:
                return None
            for number, name in _names(found.read_text()):
                packages.append(name)
                if not _PACKAGE.fullmatch(name):
                    wrong.append(_wrong_line(place.view.shown(found), number, name))
        outlook.problems += wrong
        box = inside.find(call, place, outlook)
        return Job(packages=tuple(dict.fromkeys(packages)), inside=box) if given.fine and not wrong else None


def _names(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for name in line.partition('#')[0].split():
            yield number, name


def _wrong(call: manifest.PhaseCall, name: str) -> errors.Problem:
    option = next((option for option in reversed(call.options) if option.key == 'packages'), None)
    return call.problem(f'"{name}" cannot be the name of a package', option=option)


def _wrong_line(file: str, number: int, name: str) -> errors.Problem:
    return errors.Problem(file=file, line=number, message=f'"{name}" cannot be the name of a package')
