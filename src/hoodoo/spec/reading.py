"""Files of a spec as text, and what is wrong with those that are none."""

from __future__ import annotations

from pathlib import Path

from bedrock import errors


def read(path: Path, *, shown: str) -> str:
    """The text of *path*, which messages call *shown*.

    Raises:
        Problems: the file cannot be read, or is not UTF-8 text; then with the place of the first wrong byte.
    """
    try:
        data = path.read_bytes()
    except OSError as err:
        raise _refused(shown, f'cannot read the file: {err.strerror}') from None
    try:
        return data.decode()
    except UnicodeDecodeError as err:
        before = data[: err.start].decode().split('\n')
        raise _refused(
            shown,
            f'not UTF-8 text: byte 0x{data[err.start]:02x}',
            line=len(before),
            column=len(before[-1]) + 1,
            hint='Save the file as UTF-8.',
        ) from None


def _refused(file: str, message: str, *, line: int = 0, column: int = 0, hint: str = '') -> errors.Problems:
    problem = errors.Problem(file=file, line=line, column=column, message=message, hint=hint)
    return errors.Problems(f'cannot read {file}', [problem])
