"""The phase secrets: copy what the operator keeps under LOCAL into the workspace.

Every run does the same when it begins; a line of its own brings what was added since.
"""

from __future__ import annotations

from dataclasses import dataclass

from hoodoo import wording
from hoodoo.phases import base, common, options
from hoodoo.projects import localsecrets
from hoodoo.spec import manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A secrets line says nothing of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line that is fine."""

    def run(self, context: base.Context) -> base.Outcome:
        """Copy."""
        place = context.place
        brought = localsecrets.bring(place.workspace, place.view.stage)
        if not brought.files:
            return base.Outcome(summary=f'none in {localsecrets.source(place.workspace, place.view.stage)}')
        return base.Outcome(summary=f'{wording.counted(brought.files, "file")}, {brought.changed} changed')


class Secrets:
    """See the module."""

    name = 'secrets'
    model_use = base.ModelUse.NONE
    repeatable = True
    own = Options
    shared = common.AFTERMATH

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """There is nothing to check but that no option is given."""
        return Job() if options.read(Options, call, outlook.problems).fine else None
