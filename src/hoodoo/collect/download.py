"""Fetch files and archives by http: kept in the cache, checked, put in place in one step."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import archives, errors, files, trees, web
from hoodoo.collect import info, kinds, orders

_SAID_S = 0.25
"""Shortest time between two words about the bytes that came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the cache has of a URL."""

    sha256: str
    etag: str = ''
    last_modified: str = ''


def web_file(order: orders.Order, means: orders.Means) -> orders.Got:
    """Bring a file, or what an archive holds, to its destination.

    A destination that is there stays as it is, as codetree has it, unless a digest, ``overwrite`` or the
    lock says that it is to be another.
    """
    directive = order.directive
    target = means.build / directive.destination
    existed = os.path.lexists(target)
    digests = {name: value.lower() for name in kinds.DIGESTS if (value := directive.options.get(name))}
    if order.pin is not None:
        digests['sha256'] = order.pin.digest.removeprefix('sha256:')
    unpacked = directive.asks('unpack')
    if unpacked == target.is_file() and existed and not directive.overwrite:
        what = 'a directory' if not unpacked else 'a file'
        raise errors.Fault(f'{target} is not {what}' if unpacked else f'{target} is a directory')
    here = _here(target, unpacked=unpacked)
    if existed and here and not directive.overwrite and _fits(here, digests, target):
        return _got(order, here, orders.UNCHANGED)
    archive, sha256 = _cached(order, means, digests)
    if here == sha256 and existed:
        return _got(order, sha256, orders.UNCHANGED)
    with trees.replacing(target, keep=order.inner if unpacked else ()) as new:
        if unpacked:
            order.say('unpacking')
            archives.unpack(archive, new, strip=int(directive.options.get('strip', '0')))
        else:
            shutil.copyfile(archive, new)
    return _got(order, sha256, orders.state(existed, True))


def _got(order: orders.Order, sha256: str, state: str) -> orders.Got:
    directive = order.directive
    return orders.Got(
        destination=directive.destination,
        kind='web',
        state=state,
        about=f'{"content" if directive.asks("unpack") else "file"} with sha256 {sha256[:12]}',
        url=orders.exact(directive, sha256=sha256),
        digest=f'sha256:{sha256}',
    )


def _here(target: Path, *, unpacked: bool) -> str:
    """The digest of the download that is there; empty when that is not known."""
    if unpacked:
        return info.noted_url(target).rpartition('sha256=')[2].partition(',')[0]
    return info.digest(target).removeprefix('sha256:') if target.is_file() else ''


def _fits(here: str, digests: Mapping[str, str], target: Path) -> bool:
    if not digests:
        return True
    if 'sha256' in digests:
        return digests['sha256'] == here
    return target.is_file() and all(_digest(target, name) == value for name, value in digests.items())


def _cached(order: orders.Order, means: orders.Means, digests: Mapping[str, str]) -> tuple[Path, str]:
    """The cache's copy of a download, made up to date first, and its SHA-256."""
    url = order.directive.source
    folder = means.cache / 'downloads' / hashlib.sha256(url.encode()).hexdigest()[:32]
    with trees.held(folder.with_suffix('.lock')):
        known = _known(folder)
        if known is not None and digests and not _wrong(folder / known.sha256, digests):
            return folder / known.sha256, known.sha256
        if means.offline:
            if known is None:
                raise errors.Fault(
                    f'{order.directive.shown} was never downloaded here, so it cannot be had offline',
                    hint='Collect once without offline=True.',
                )
        else:
            known = _download(order, means, folder, known)
        if bad := _wrong(folder / known.sha256, digests):
            raise errors.Fault(f'{order.directive.shown} is not what it should be: {bad}')
        return folder / known.sha256, known.sha256


def _download(order: orders.Order, means: orders.Means, folder: Path, known: _Known | None) -> _Known:
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob('.part-*'):  # by a process that was killed: we hold the lock
        left.unlink()
    hashed = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=folder, prefix='.part-', delete=False) as part:
        try:

            def write(chunk: bytes) -> None:
                if means.stop.is_set():
                    raise orders.Stopped('interrupted')
                hashed.update(chunk)
                part.write(chunk)

            order.say('downloading')
            answer = web.get(
                order.directive.source,
                write,
                etag=known.etag if known else '',
                last_modified=known.last_modified if known else '',
                size=rationed(order.say),
            )
            if not answer.modified and known is not None:
                return known
            part.flush()
            fresh = _Known(sha256=hashed.hexdigest(), etag=answer.etag, last_modified=answer.last_modified)
            Path(part.name).rename(folder / fresh.sha256)
        finally:
            Path(part.name).unlink(missing_ok=True)
    facts = {'sha256': fresh.sha256, 'etag': fresh.etag, 'last_modified': fresh.last_modified}
    files.write(folder / 'facts.json', json.dumps(facts))
    for stale in folder.iterdir():
        if stale.name not in (fresh.sha256, 'facts.json'):
            stale.unlink()
    return fresh


def _known(folder: Path) -> _Known | None:
    try:
        known = _Known(**json.loads((folder / 'facts.json').read_text()))
    except (OSError, ValueError, TypeError):
        return None
    content = folder / known.sha256
    return known if content.is_file() and _digest(content, 'sha256') == known.sha256 else None


def _wrong(file: Path, digests: Mapping[str, str]) -> str:
    """What is wrong with *file*; empty when it has every digest."""
    for name, wanted in digests.items():
        found = _digest(file, name)
        if found != wanted:
            return f'its {name} is {found}, not {wanted}'
    return ''


def _digest(file: Path, name: str) -> str:
    with file.open('rb') as opened:
        return hashlib.file_digest(opened, name).hexdigest()


def rationed(say: Callable[[str], object]) -> Callable[[int, int | None], None]:
    """Say how many bytes came, now and then."""
    last = 0.0

    def size(done: int, whole: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SAID_S:
            last = now
            say(f'{done / 1e6:.1f} of {whole / 1e6:.1f} MB' if whole else f'{done / 1e6:.1f} MB')

    return size
