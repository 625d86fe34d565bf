"""Plain HTTP requests, and downloads that are whole or not at all."""

from __future__ import annotations

import base64
import functools
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bedrock import errors, urls

__all__ = ['Answer', 'WebFault', 'get', 'open_url', 'reason']

_ANSWER_S = 60.0
_CHUNK = 2**18
_NOT_MODIFIED = 304


class WebFault(errors.Fault):
    """A URL cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came with a download."""

    modified: bool
    """False when the server said that nothing changed since; then nothing was written."""
    etag: str = ''
    last_modified: str = ''


def get(
    url: str,
    write: Callable[[bytes], object],
    *,
    etag: str = '',
    last_modified: str = '',
    size: Callable[[int, int | None], object] = lambda done, whole: None,
) -> Answer:
    """Hand the content at *url* to *write*, piece by piece.

    Args:
        etag, last_modified: What came with the content that is there already.
        size: Called with the bytes had so far and, where known, those to come in all.

    Raises:
        WebFault: it cannot be had, or ended too early.
    """
    bare, shown = _without_user(url), urls.shown(url)
    headers = {'If-None-Match': etag, 'If-Modified-Since': last_modified, 'Authorization': _login(url)}
    try:
        with open_url(bare, headers={k: v for k, v in headers.items() if v}, timeout_s=_ANSWER_S) as response:
            length = response.headers.get('Content-Length')
            whole = int(length) if length and length.isdecimal() else None
            done = 0
            size(done, whole)
            while chunk := response.read(_CHUNK):
                write(chunk)
                done += len(chunk)
                size(done, whole)
            if whole is not None and done != whole:
                raise WebFault(f'cannot download {shown}: it ended after {done} of {whole} bytes')
            return Answer(
                modified=True,
                etag=response.headers.get('ETag') or '',
                last_modified=response.headers.get('Last-Modified') or '',
            )
    except urllib.error.HTTPError as err:
        with err:
            if err.code == _NOT_MODIFIED:
                return Answer(modified=False, etag=etag, last_modified=last_modified)
        raise WebFault(f'cannot download {shown}: the server answered {err.code} {err.reason}') from None
    except (OSError, http.client.HTTPException) as err:
        raise WebFault(f'cannot download {shown}: {reason(err)}') from None


def open_url(
    url: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None, timeout_s: float
) -> Any:
    """Open an http or https URL and no other, redirects followed.

    Raises:
        ValueError: it is of another kind. OSError, HTTPException: it cannot be opened.
    """
    if urllib.parse.urlsplit(url).scheme not in ('http', 'https'):
        raise ValueError(f'"{url}" is no http or https URL')
    request = urllib.request.Request(url, data=data, headers={'User-Agent': 'hoodoo', **(headers or {})})  # noqa: S310 (checked above)
    return _opener().open(request, timeout=timeout_s)


def _without_user(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition('@')[2]))


def _login(url: str) -> str:
    """The header for the name and password in *url*; empty when it has none."""
    parts = urllib.parse.urlsplit(url)
    if not parts.username:
        return ''
    pair = f'{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or "")}'
    return f'Basic {base64.b64encode(pair.encode()).decode()}'


def reason(err: BaseException) -> str:
    """Why a request failed, in a few words."""
    inner = err.reason if isinstance(err, urllib.error.URLError) else err
    if isinstance(inner, TimeoutError):
        return 'no answer in time'
    return str(getattr(inner, 'strerror', None) or inner or type(err).__name__)


@functools.cache
def _opener() -> urllib.request.OpenerDirector:
    """Opens only these: a server must not be able to send its reader to a file."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
