"""Telling people that a repository does not answer any more: else nothing would be tried, and nobody miss it.

What was told is not written down: a watcher that is started anew tells again after its own hour.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass, field

from bedrock import errors
from hoodoo.ci.reports import report
from hoodoo.ci.watch import config, sources

LONG_S = 3600.0
"""After which it is worth telling: forges are mended within minutes, too."""


@dataclass(slots=True)
class _Outage:
    since_s: float
    told: set[str] = field(default_factory=set[str])
    """Names of targets."""


@dataclass(slots=True, kw_only=True)
class Silence:
    """Who heard of which repository. Each repository is told of by one thread at a time."""

    config: config.Config
    said: Callable[[str], None]
    """Gets a line when somebody cannot be told."""
    send: Callable[[str, str, str], str]
    """Sends to an address a title and a body; returns why that failed."""
    _outages: dict[str, _Outage] = field(default_factory=dict[str, _Outage])

    def failed(self, repository: str, why: str, now_s: float) -> None:
        """It did not answer; whoever wants to hear of errors and was not told yet is told if that lasts.

        Args:
            now_s: On the monotonic clock.
        """
        outage = self._outages.setdefault(repository, _Outage(now_s))
        if now_s - outage.since_s < LONG_S:
            return
        hours = (now_s - outage.since_s) / 3600
        body = f'It has not answered for {hours:.0f} h, so that nothing new of it is tried:\n\n{why}\n'
        for target in self._concerned(repository, config.ERROR):
            if target.name not in outage.told and self._tell(target, f'{repository}: does not answer', body):
                outage.told.add(target.name)

    def answered(self, repository: str) -> None:
        """It answers; who was told that it did not, and wants to hear of recoveries, is told that."""
        outage = self._outages.pop(repository, None)
        for target in self._concerned(repository, config.RECOVERY) if outage else ():
            if outage and target.name in outage.told:
                self._tell(target, f'{repository}: answers again', 'What is new is tried.\n')

    def _concerned(self, repository: str, event: str) -> list[config.Target]:
        return [
            target
            for target in self.config.targets
            if event in target.on
            and any(fnmatch.fnmatchcase(repository, pattern) for pattern in target.repositories)
        ]

    def _tell(self, target: config.Target, title: str, body: str) -> bool:
        try:
            why = self.send(sources.read(target.source, f'the address of "{target.name}"'), title, body)
        except errors.Fault as err:
            why = report.first_line(errors.render(err))
        except Exception as err:  # noqa: BLE001 - a plug-in of apprise; what it says may hold the address
            why = f'it failed with {type(err).__name__}'
        if why:
            self.said(f'cannot tell {target.name} that {title}: {why}')
        return not why
