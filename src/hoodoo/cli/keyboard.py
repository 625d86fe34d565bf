"""The terminal while it is ours: keys as they are pressed, a screen of our own, all as it was afterwards."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import signal
import socket
import termios
from collections.abc import Generator, Iterator
from types import FrameType

_ESCAPE_S = 0.03
"""A terminal sends what follows an escape at once; a person's next key is later."""
_NAMES = {
    '[A': 'up',
    '[B': 'down',
    '[H': 'home',
    '[F': 'end',
    '[1~': 'home',
    '[4~': 'end',
    '[5~': 'page-up',
    '[6~': 'page-down',
    '[7~': 'home',
    '[8~': 'end',
}
_CONTROLS = {
    '\x03': 'ctrl-c',
    '\x04': 'ctrl-d',
    '\x07': 'ctrl-g',
    '\x08': 'backspace',
    '\x09': 'tab',
    '\x0a': 'enter',
    '\x0c': 'ctrl-l',
    '\x0d': 'enter',
    '\x0e': 'ctrl-n',
    '\x10': 'ctrl-p',
    '\x15': 'ctrl-u',
    '\x17': 'ctrl-w',
    '\x7f': 'backspace',
}
_SEQUENCE = re.compile(r'[\[O][0-?]*[ -/]*[@-~]')
_UNFINISHED = re.compile(r'[\[O][0-?]*[ -/]*')
_PASTE, _PASTED = '[200~', '[201~'
# A second screen, which ends as it began; the cursor and pasted text as ours; then the reverse.
_ENTER, _LEAVE = '\x1b[?1049h\x1b[?2004h', '\x1b[?2004l\x1b[?25h\x1b[0m\x1b[?1049l'


class Keys:
    """Takes keys out of what a terminal sends: characters as they are, others by name."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder('utf-8')('ignore').decode
        self._rest = ''
        self._pasting = False

    def feed(self, sent: bytes) -> list[str]:
        """The keys that *sent* completes."""
        self._rest += self._decode(sent)
        return list(self._taken())

    @property
    def waiting(self) -> bool:
        """Whether an escape was sent that may be a key of its own, or the begin of another."""
        return bool(self._rest)

    def flush(self) -> list[str]:
        """The key that was pressed if nothing follows."""
        rest, self._rest = self._rest, ''
        return ['escape'] if rest else []

    def _taken(self) -> Iterator[str]:
        while self._rest:
            char, after = self._rest[0], self._rest[1:]
            if char != '\x1b':
                self._rest = after
                if self._pasting:
                    yield ' ' if char.isspace() else char if char.isprintable() else ''
                elif char.isprintable() or char in _CONTROLS:
                    yield _CONTROLS.get(char, char)
                continue
            found = _SEQUENCE.match(after)
            if found is None:
                if not after or _UNFINISHED.fullmatch(after):
                    return
                self._rest = after
                yield 'escape'
                continue
            self._rest = after[found.end() :]
            said = found[0].replace('O', '[', 1) if found[0][0] == 'O' else found[0]
            if said in (_PASTE, _PASTED):
                self._pasting = said == _PASTE
            elif said in _NAMES:
                yield _NAMES[said]


class Terminal:
    """A terminal that sends each key at once and shows nothing by itself."""

    def __init__(self, number: int, woken: socket.socket) -> None:
        self._number = number
        self._woken = woken
        self._keys = Keys()

    def size(self) -> tuple[int, int]:
        """Columns and lines; what a terminal without a size is taken for where it does not tell."""
        columns, lines = os.get_terminal_size(self._number)
        return columns or 80, lines or 24

    def draw(self, text: str) -> None:
        """Write all of *text*."""
        left = memoryview(text.encode(errors='replace'))
        while left:
            left = left[os.write(self._number, left) :]

    def keys(self) -> list[str]:
        """Wait for keys, and return all that were pressed; none where the window has changed its size.

        Raises:
            EOFError: the terminal is gone.
        """
        while True:
            patience = _ESCAPE_S if self._keys.waiting else None
            ready, _, _ = select.select([self._number, self._woken], [], [], patience)
            if not ready:
                return self._keys.flush()
            if self._woken in ready:
                self._woken.recv(4096)
                return []
            try:
                sent = os.read(self._number, 4096)
            except OSError as err:
                raise EOFError from err
            if not sent:
                raise EOFError
            if keys := self._keys.feed(sent):
                return keys


@contextlib.contextmanager
def opened() -> Generator[Terminal]:
    """The terminal of this process, whatever its input and output are.

    Raises:
        OSError: it has none.
    """
    number = os.open('/dev/tty', os.O_RDWR | os.O_CLOEXEC)
    try:
        before = termios.tcgetattr(number)
        woken, wakes = socket.socketpair()
        with woken, wakes, _waking(wakes):
            terminal = Terminal(number, woken)
            try:
                _make_raw(number)
                terminal.draw(_ENTER)
                yield terminal
            finally:
                with contextlib.suppress(OSError, termios.error):  # it may be gone
                    terminal.draw(_LEAVE)
                with contextlib.suppress(OSError, termios.error):
                    termios.tcsetattr(number, termios.TCSADRAIN, before)
    finally:
        os.close(number)


@contextlib.contextmanager
def _waking(wakes: socket.socket) -> Generator[None]:
    """Have a window's new size wake up who waits for keys."""
    wakes.setblocking(False)
    before = signal.signal(signal.SIGWINCH, _noted)
    woke_before = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(woke_before)
        signal.signal(signal.SIGWINCH, before)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """A signal without a handler would not write to the wake-up socket."""


def _make_raw(number: int) -> None:
    mode = termios.tcgetattr(number)
    mode[0] &= ~(termios.ICRNL | termios.IXON | termios.INLCR | termios.IGNCR | termios.ISTRIP)
    # Output stays as it is: it is drawn line by line, with positions.
    mode[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(number, termios.TCSADRAIN, mode)
