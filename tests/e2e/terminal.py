"""A second terminal, as the reader of a page has one: what is typed goes to a shell on a pty."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import termios
import threading
import time
from collections.abc import Callable, Mapping

_ESCAPES = re.compile(
    rb'\x1b(?:\[[0-9;?>]*[A-Za-z]|[()][A-Z0-9]|[=>78HM]|\][^\x07]*\x07|P[^\x1b]*\x1b\\)|[\r\x0f]'
)
_PATIENCE_S = 90.0


class Terminal:
    """A shell with a terminal of 120 columns."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._pid, self._pty = pty.fork()
        if self._pid == 0:
            os.execvpe('sh', ['sh'], {**env, 'TERM': 'xterm'})
        termios.tcsetwinsize(self._pty, (40, 120))
        self._printed = b''
        self._looked_at = 0
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def type(self, text: str) -> None:
        """Press the keys of *text*; what is shown from now on is what :meth:`wait_for` looks at."""
        with self._news:
            self._looked_at = len(self._printed)
        for line in text.splitlines():
            os.write(self._pty, f'{line}\r'.encode())

    def press(self, keys: str) -> None:
        """Press *keys* and no others; looks at what is shown from now on, as :meth:`type` does."""
        with self._news:
            self._looked_at = len(self._printed)
        os.write(self._pty, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size; looks at what is shown from now on, as :meth:`type` does."""
        with self._news:
            self._looked_at = len(self._printed)
        termios.tcsetwinsize(self._pty, (lines, columns))

    def mode(self) -> list[object]:
        """How the terminal treats input and output."""
        return list(termios.tcgetattr(self._pty))

    def wait_for(self, shown: Callable[[str], bool]) -> str:
        """Wait until *shown* finds what it looks for in what was printed since the last keys."""
        deadline = time.monotonic() + _PATIENCE_S
        with self._news:
            while not shown(text := self._text()):
                left = deadline - time.monotonic()
                assert left > 0, f'the terminal shows otherwise:\n{text}'
                self._news.wait(left)
        return text

    def close(self) -> None:
        """Hang up, as a closed window does."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._reader.join()
        os.close(self._pty)

    def _text(self) -> str:
        return _ESCAPES.sub(b'', self._printed[self._looked_at :]).decode(errors='replace')

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while chunk := os.read(self._pty, 2**16):
                with self._news:
                    self._printed += chunk
                    self._news.notify_all()
