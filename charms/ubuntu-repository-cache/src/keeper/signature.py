"""Signatures, by the machine's gpgv and a pinned keyring."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Generator
from pathlib import Path

from keeper import errors

_TIMEOUT_S = 20


async def signed_text(inrelease: bytes, *, keyring: str) -> bytes:
    """The text of *inrelease* that its signature covers; what stands outside of it is not returned.

    Raises:
        Refused: no key of *keyring* signed it, or a signature is bad.
    """
    with _files(InRelease=inrelease) as folder:
        names = ['--output', f'{folder}/text', f'{folder}/InRelease']
        await _gpgv(names, keyring=keyring)
        return _content(folder, 'text')


async def check_detached(release: bytes, signature: bytes, *, keyring: str) -> None:
    """Check that *signature* signs *release*.

    Raises:
        Refused: it does not.
    """
    with _files(release=release, signature=signature) as folder:
        await _gpgv([f'{folder}/signature', f'{folder}/release'], keyring=keyring)


@contextlib.contextmanager
def _files(**contents: bytes) -> Generator[str, None, None]:
    """A folder with these small files, for as long as gpgv needs them."""
    with tempfile.TemporaryDirectory(prefix='keeper-') as folder:
        for name, content in contents.items():
            Path(folder, name).write_bytes(content)
        yield folder


def _content(folder: str, name: str) -> bytes:
    try:
        return Path(folder, name).read_bytes()
    except FileNotFoundError as err:
        raise errors.Refused('cannot trust the archive: nothing in it is signed', cause='signature') from err


async def _gpgv(arguments: list[str], *, keyring: str) -> None:
    process = await asyncio.create_subprocess_exec(
        'gpgv',
        '--status-fd=1',
        '--keyring',
        keyring,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _TIMEOUT_S)
    except asyncio.TimeoutError as err:
        raise errors.Unavailable('gpgv does not come to an end', status=503) from err
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # gpgv's exit code also fails for a second signature by a key that the ring lacks, which is common and
    # harmless. Good means what it means to apt: one good signature by an unexpired key, and none that is bad.
    verdicts = {line.split()[1] for line in output.decode('utf-8', 'replace').splitlines() if ' ' in line}
    if 'GOODSIG' not in verdicts or 'BADSIG' in verdicts:
        reason = 'bad' if 'BADSIG' in verdicts else 'not by a trusted key'
        raise errors.Refused(f'cannot trust the archive: its signature is {reason}', cause='signature')
