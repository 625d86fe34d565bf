"""Stands for ``hoodoo`` where only its watcher matters: an attempt ends as the folder PLAY says.

PLAY/begun gets a line for each attempt that begins. An attempt of a commit for which there is a pipe
PLAY/COMMIT waits until somebody writes there how it ends.
With PLAY/stubborn, no attempt ends when it is told to. With PLAY/broken, none can begin.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from hoodoo.ci import attempts, marks


def main() -> int:
    play, words = Path(os.environ['PLAY']), sys.argv[1:]
    if (play / 'broken').exists():
        sys.exit('ERROR cannot open database: no space left')
    opened = attempts.Attempts(Path(os.environ['XDG_STATE_HOME'], 'hoodoo', 'ci.db'))
    if words[:2] == ['ci', 'reap']:
        _note(play / 'reaped', words[2])
        return 0
    assert words[:2] == ['ci', 'run']
    reports, commit = Path(words[words.index('--reports') + 1]), words[2].rpartition('@')[2]
    token = reports.name
    opened.begin(
        token=token,
        spec=words[2],
        owner=str(marks.me()),
        reports=str(reports),
        now_ms=_now_ms(),
    )
    if not (play / 'stubborn').exists():
        signal.signal(signal.SIGTERM, lambda number, frame: _end(opened, token, attempts.CANCELLED))
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _note(play / 'begun', commit)
    verdict = attempts.PASSED
    if (play / commit).exists():
        verdict = (play / commit).read_text().strip()
    (reports / 'summary.md').write_text(f'## {verdict}: the summary, {os.environ.get("API_TOKEN", "")}\n')
    _end(opened, token, verdict)
    return 0


def _end(opened: attempts.Attempts, token: str, verdict: str) -> None:
    opened.end(token, verdict=verdict, why='', now_ms=_now_ms())
    opened.close()
    sys.exit({attempts.PASSED: 0, attempts.UNTRIED: 3, attempts.CANCELLED: 130}.get(verdict, 1))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _note(file: Path, line: str) -> None:
    number = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(number, f'{line}\n'.encode())
    os.close(number)


if __name__ == '__main__':
    sys.exit(main())
