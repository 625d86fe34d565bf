"""Old revisions go, with their reports and attempts, as far as the file of the watcher says.

First what is known of them goes, in one transaction, then their folders. So nothing tells of reports that
are not there, and folders that a killed watcher left are found: nothing tells of them. That a commit was
tried stays known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bedrock import trees
from hoodoo import wording
from hoodoo.ci.watch import config, deciding, history

_OURS = re.compile('([0-9]+)-[0-9a-f]{8}')


def name(revision: int, word: str) -> str:
    """What the folder of a try of *revision* is called; *word* has eight hexadecimal digits."""
    return f'{revision}-{word}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Removes what need not be kept; one at a time."""

    config: config.Config
    history: history.History
    folder: Path
    """Has a folder of reports for each try."""
    told: Callable[[str], None]
    now_ms: Callable[[], int]

    def sweep(self) -> None:
        """Remove what is too old or too much; what is in use stays."""
        done = self.history.past.ended(self.folder)
        outdated = deciding.outdated(done, self._bounds, now_ms=self.now_ms())
        if outdated:
            self.history.past.remove(outdated, self.folder)
            self.told(f'{wording.counted(len(outdated), "old revision")} removed')
        self._remove_strays()

    def _bounds(self, repository: str, spec: str) -> config.Keep:
        found = self.config.repository(repository)
        named = found.spec(spec) if found else None
        return named.keep if named else found.keep if found else self.config.keep

    def _remove_strays(self) -> None:
        """Remove folders of tries that nothing tells of."""
        if not self.folder.is_dir():
            return
        # In this order: a try that begins meanwhile is not seen, or it is known.
        found = [path for path in self.folder.iterdir() if _OURS.fullmatch(path.name)]
        # Names: the folder itself may have been moved since.
        open_, known = self.history.past.unsettled(), self.history.past.reports()
        for path in found:
            revision = int(path.name.partition('-')[0])
            if revision not in open_ and path.name not in known:
                trees.remove(path)
