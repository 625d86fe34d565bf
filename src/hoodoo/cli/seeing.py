"""What ``hoodoo plan`` and ``hoodoo drift`` share: a spec and a model that are only looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from hoodoo.cli import common
from hoodoo.journal import journal
from hoodoo.juju import connect, driver
from hoodoo.review import check, request
from hoodoo.runner import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A spec that was checked, the model that it is for, and what is remembered of it."""

    lines: Sequence[check.Line]
    juju: driver.Driver | None
    """None when the model does not exist."""
    memory: journal.Journal
    default_model: str


@contextlib.contextmanager
def sight(given: request.Given) -> Generator[Sight]:
    """Check what *given* asks for and connect to its model, changing nothing.

    Raises:
        Problems: something is wrong with the spec. UnreachableFault: the controller does not answer.
    """
    settings = common.settings()
    with common.opened_journal(settings) as opened:
        asked = request.complete(given, settings)
        runner = run.Runner(settings=settings, journal=opened, connect=run.connect_juju(settings))
        lines = runner.check(asked)
        juju = connect.find_driver(settings, wanted=asked.model, default=asked.default_model)
        try:
            yield Sight(
                lines=lines,
                juju=juju,
                memory=opened,
                default_model=asked.model or asked.default_model,
            )
        finally:
            if juju is not None:
                juju.close()
