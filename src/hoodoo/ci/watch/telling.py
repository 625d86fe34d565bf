"""Telling people of revisions, by apprise: what cannot be told now is told later, and fails nothing."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bedrock import errors
from hoodoo.ci import attempts
from hoodoo.ci.reports import report
from hoodoo.ci.watch import config, deciding, history, sources
from hoodoo.secrets import masker

SUMMARY = 'summary.md'
_LONGEST = 8000
"""Characters of a summary; apprise cuts to what a service takes."""


@dataclass(slots=True, kw_only=True)
class Teller:
    """Sends the notices that are due."""

    config: config.Config
    history: history.History
    told: Callable[[str], None]
    now_ms: Callable[[], int]
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self) -> None:
        """There may be a new notice."""
        self.heard.set()

    def tell_due(self) -> float | None:
        """Send what is due; returns after how many seconds there is more to do, None for nothing."""
        later: list[int] = []
        for notice in self.history.notices():
            now_ms = self.now_ms()
            due_ms = deciding.notice_due_ms(notice.due_ms, now_ms)
            if due_ms > now_ms:
                later.append(due_ms)
                continue
            why = self._tell(notice)
            if not why:
                self.history.told(notice.id)
                continue
            tries = notice.tries + 1
            due_ms = self.now_ms() + round(deciding.notice_backoff_s(notice.tries) * 1000)
            again = due_ms if tries < deciding.NOTICES else None
            self.history.not_told(notice.id, why, due_ms=again)
            later += [again] if again else []
            end = '' if again else '; given up'
            self.told(f'cannot tell {notice.target} of revision {notice.revision}: {why}{end}')
        return max(0.0, (min(later) - self.now_ms()) / 1000) if later else None

    def _tell(self, notice: history.Notice) -> str:
        """Send one; returns why it could not be sent."""
        target = next((one for one in self.config.targets if one.name == notice.target), None)
        revision = self.history.get(notice.revision)
        if target is None or revision is None:
            return 'there is no such target any more'
        if notice.event == config.ERROR and revision.state == history.DONE:
            return ''  # it was tried meanwhile
        try:
            url = sources.read(target.source, f'the address of "{target.name}"')
            title, body = text(revision, notice.event, secrets(self.config, revision, url))
            return send(url, title, body)
        except errors.Fault as err:
            return report.first_line(errors.render(err))
        except Exception as err:  # noqa: BLE001 - a plug-in of apprise; what it says may hold the address
            return f'it failed with {type(err).__name__}'


def check(targets: tuple[config.Target, ...]) -> None:
    """See that what sends is there.

    Raises:
        UsageFault: it is not.
    """
    if targets and importlib.util.find_spec('apprise') is None:
        raise errors.UsageFault(
            'cannot tell anybody: the Python package apprise is not installed',
            hint='Install it with pip install "hoodoo[notify]", or leave "notify" out.',
        )


def secrets(told: config.Config, revision: history.Revision, url: str) -> masker.Masker:
    """Hides what the file of the watcher knows; what a run knows its reports hide already."""
    mask = masker.Masker()
    mask.learn([url])
    repository = told.repository(revision.repository)
    spec = repository.spec(revision.spec) if repository else None
    if spec is not None:
        mask.learn_variables(dict(spec.env))
    return mask


def text(revision: history.Revision, event: str, mask: masker.Masker) -> tuple[str, str]:
    """Title and body in Markdown."""
    lost = revision.verdict == attempts.UNDECIDED
    error = 'not tried to its end, to be tried again' if lost else 'cannot be tried yet'
    what = {config.RECOVERY: 'passed again', config.ERROR: error}.get(event, revision.verdict)
    where = f'{revision.repository} {revision.spec}' if revision.spec else revision.repository
    title = f'{where} at {revision.commit_id[:8]} ({revision.branch}): {what}'
    try:
        body = Path(revision.reports, SUMMARY).read_text(errors='replace')
    except OSError:
        body = revision.why or revision.verdict
    body = mask(body)
    if len(body) > _LONGEST:
        body = body[:_LONGEST].rpartition('\n')[0] + '\n\n(cut)\n'
    return mask(title), f'{body}\nReports: `{revision.reports}`\n'


def send(url: str, title: str, body: str) -> str:
    """Send to one address; returns why that failed. What is said of it holds no address."""
    import apprise  # few watch, and fewer are told

    library: Any = apprise
    sender = library.Apprise()
    mask = masker.Masker()
    mask.learn([url])
    with library.LogCapture(level=library.logging.WARNING, fmt='%(message)s') as said:
        if not sender.add(url):
            return 'its address is of no kind that apprise knows'
        if sender.notify(title=title, body=body, body_format=library.NotifyFormat.MARKDOWN):
            return ''
        lines = mask(said.getvalue()).strip().splitlines()
    return lines[0] if lines else 'it was refused'
