"""Option values that stand for a file's content: ``include-file://`` and ``include-base64://``."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence
from pathlib import Path

_TEXT = 'include-file://'
_BASE64 = 'include-base64://'


class NotIncluded(Exception):
    """The file cannot be included; the text says why."""


class NotThere(NotIncluded):
    """There is no such file.

    Args:
        file: Where an absolute name leads; None for a relative one.
    """

    def __init__(self, text: str, file: Path | None) -> None:
        super().__init__(f'cannot find the file of "{text}"')
        self.file = file


def is_include(value: object) -> bool:
    """Whether *value* stands for a file."""
    return isinstance(value, str) and value.startswith((_TEXT, _BASE64))


def content(text: str, folders: Sequence[Path], now: Callable[[Path], Path] = lambda file: file) -> str:
    """Return what *text* stands for: the file as it is, nothing trimmed, or its base64 form.

    Args:
        folders: Where a relative name is sought, in order.
        now: Where the content of an absolute name is until it is put there.

    Raises:
        NotIncluded: there is no such file, or it cannot be read.
    """
    name = text.removeprefix(_TEXT).removeprefix(_BASE64)
    absolute = Path(name).is_absolute()
    candidates = [now(Path(name))] if absolute else [folder / name for folder in folders]
    file = next((candidate for candidate in candidates if os.path.isfile(candidate)), None)
    if file is None:
        raise NotThere(text, Path(name) if absolute else None)
    try:
        data = file.read_bytes()
        return base64.b64encode(data).decode() if text.startswith(_BASE64) else data.decode()
    except OSError as err:
        raise NotIncluded(f'cannot read the file of "{text}": {err.strerror}') from None
    except UnicodeDecodeError:
        raise NotIncluded(f'the file of "{text}" is not UTF-8 text; include-base64:// takes any') from None
