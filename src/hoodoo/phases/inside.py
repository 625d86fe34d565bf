"""Which container a line runs in, and whether that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hoodoo.phases import base
from hoodoo.projects import layout
from hoodoo.spec import manifest

if TYPE_CHECKING:  # most projects have none
    from hoodoo.containers import container


def find(call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> container.Container | None:
    """The project's container, or None when it has none; why it cannot be used goes to *outlook*."""
    project = place.workspace.project
    if project.container_class() == layout.CONTAINERLESS:
        return None
    from hoodoo.containers import container

    found = container.Container(
        folder=project.path, series=project.series, cache=place.cache, variables=place.variables
    )
    problem = container.obstacle()
    if problem is not None:
        outlook.problems.append(call.problem(problem.message, hint=problem.hint))
    return found
