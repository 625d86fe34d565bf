"""Which controllers can be asked for leftovers: those that answer, those that do not, those nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.ci.reports import report
from hoodoo.juju import clientfiles, connect, models


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Controllers, by name."""

    known: dict[str, models.Models]
    """Those that answer."""
    problems: dict[str, str]
    """Why others do not."""
    lost: set[str]
    """Those that the Juju client does not know."""


def registered(settings: settings_module.Settings, name: str) -> bool:
    """Whether the Juju client knows the controller *name*."""
    return clientfiles.find(settings.juju_data, name) is not None


def chosen(settings: settings_module.Settings, asked: str) -> str:
    """The controller that is *asked* for, else the one that a run would use; empty for none.

    Raises:
        UsageFault: the one that somebody named is not registered.
    """
    named = asked or settings.controller
    if named and not registered(settings, named):
        # It says that, and which there are.
        connect.find_target(settings, controller=named, note=lambda _: None)
    return named or clientfiles.current(settings.juju_data)


def reach(settings: settings_module.Settings, names: Iterable[str], told: Callable[[str], None]) -> Reached:
    """Ask each of *names* for its models."""
    reached = Reached(known={}, problems={}, lost=set())
    for name in names:
        if not registered(settings, name):
            reached.lost.add(name)
            continue
        try:
            known = models.Models(connect.find_target(settings, controller=name, note=told), settings.environ)
            known.listed()
            reached.known[name] = known
        except errors.Fault as err:
            reached.problems[name] = report.first_line(errors.render(err))
    return reached
