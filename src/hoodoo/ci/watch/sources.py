"""Secrets of a watcher, read when they are needed: a new one holds from the next time on."""

from __future__ import annotations

from bedrock import errors, process
from hoodoo.ci.watch import config

_TIMEOUT_S = 30.0


def read(source: config.Source, what: str) -> str:
    """The secret at *source*, without the end of its line.

    Raises:
        Fault: it cannot be read, or is empty.
    """
    if source.file is not None:
        try:
            text = source.file.read_text()
        except (OSError, ValueError) as err:
            why = err.strerror if isinstance(err, OSError) else 'it is no text'
            raise errors.Fault(f'cannot read {what} from {source.file}: {why}') from None
    else:
        # What it prints is a secret, so a failure shows none of it.
        done = process.run(source.command, timeout_s=_TIMEOUT_S, check=False)
        if done.returncode != 0:
            raise errors.Fault(f'cannot read {what}: "{source.command[0]}" failed ({done.returncode})')
        text = done.stdout
    if not text.strip():
        raise errors.Fault(f'cannot use {what}: it is empty')
    return text.strip()
