"""As much of S3 as backups need: put, get and list, signed by hand."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import hmac
import html
import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import BinaryIO, cast
from urllib.parse import quote, urlsplit

import objectstore

_FOLDER = 'backups'
_TIMEOUT_S = 60
_EMPTY = hashlib.sha256(b'').hexdigest()
_BLOCK = 1 << 20
_PART = 1 << 28
_MOST_PARTS = 10_000
_TAR = {'content-type': 'application/x-tar'}
_UPLOAD = re.compile(r'<UploadId>([^<]*)</UploadId>')
_KEY = re.compile(r'<Key>([^<]*)</Key>')


class S3Error(Exception):
    """The storage refuses or does not answer."""


class Bucket:
    """The folder of backups in a bucket."""

    def __init__(self, settings: objectstore.S3) -> None:
        self._settings = settings
        base = settings.endpoint or f'https://s3.{settings.region}.amazonaws.com'
        parts = urlsplit(base)
        path = parts.path.rstrip('/')
        if settings.path_style:
            self._host, self._root = parts.netloc, f'{path}/{settings.bucket}'
        else:
            self._host, self._root = f'{settings.bucket}.{parts.netloc}', path
        self._scheme = parts.scheme or 'https'
        self._prefix = f'{settings.path}/{_FOLDER}/' if settings.path else f'{_FOLDER}/'

    @property
    def where(self) -> str:
        """Where backups are, as people read it."""
        return f's3://{self._settings.bucket}/{self._prefix}'

    def put(self, name: str, source: BinaryIO, *, size: int, part: int = _PART) -> None:
        """Store *size* bytes of *source*, which can be read twice, as *name*; more than *part* in parts."""
        key = self._prefix + name
        if size <= part:
            self._send(key, _Piece(source, 0, size))
            return
        part = max(part, -(-size // _MOST_PARTS))
        query = {'uploadId': self._begin(key)}
        try:
            tags: list[str] = []
            for start in range(0, size, part):
                piece = _Piece(source, start, min(part, size - start))
                tags.append(self._send(key, piece, {**query, 'partNumber': str(len(tags) + 1)}))
            self._finish(key, query, tags)
        except BaseException:
            # What was sent so far would be there, unseen, and be paid for.
            with contextlib.suppress(S3Error):
                self._open('DELETE', key, query=query).close()
            raise

    def _begin(self, key: str) -> str:
        with self._open('POST', key, query={'uploads': ''}, headers=_TAR) as answer:
            found = _UPLOAD.search(answer.read().decode())
        if not found:
            raise S3Error(f'{self.where} takes no upload in parts')
        return _plain(found[1])

    def _send(self, key: str, piece: _Piece, query: Mapping[str, str] | None = None) -> str:
        headers = {'content-length': str(piece.size), **({} if query else _TAR)}
        with self._open(
            'PUT', key, query=query, sha256=piece.digest(), headers=headers, body=piece.rewound()
        ) as answer:
            return answer.headers.get('ETag', '')

    def _finish(self, key: str, query: Mapping[str, str], tags: list[str]) -> None:
        parts = ''.join(
            f'<Part><PartNumber>{number}</PartNumber><ETag>{html.escape(tag)}</ETag></Part>'
            for number, tag in enumerate(tags, 1)
        )
        body = f'<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>'.encode()
        sha256 = hashlib.sha256(body).hexdigest()
        headers = {'content-length': str(len(body)), 'content-type': 'application/xml'}
        with self._open('POST', key, query=query, sha256=sha256, headers=headers, body=body) as answer:
            # The status was sent before the storage knew how it ends.
            if '<Error>' in answer.read().decode():
                raise S3Error(f'{self.where} could not put the parts together')

    def get(self, name: str) -> BinaryIO:
        """Return the content of *name*, to be read once and closed."""
        return cast('BinaryIO', self._open('GET', self._prefix + name))

    def names(self) -> list[str]:
        """Return the names of everything in the folder."""
        found: list[str] = []
        token = ''
        while True:
            query = {'list-type': '2', 'prefix': self._prefix}
            if token:
                query['continuation-token'] = token
            with self._open('GET', '', query=query) as answer:
                text = answer.read().decode()
            found += [_plain(key).removeprefix(self._prefix) for key in _KEY.findall(text)]
            more = re.search(r'<NextContinuationToken>([^<]*)</NextContinuationToken>', text)
            if not more:
                return found
            token = _plain(more[1])

    def _open(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        sha256: str = _EMPTY,
        headers: Mapping[str, str] | None = None,
        body: bytes | _Piece | None = None,
    ) -> http.client.HTTPResponse:
        path = quote(f'{self._root}/{key}' if key or not self._root else self._root)
        now = datetime.datetime.now(datetime.UTC)
        signed = sign(
            self._settings, method, host=self._host, path=path, query=query or {}, sha256=sha256, now=now
        )
        line = '&'.join(f'{quote(k, safe="")}={quote(v, safe="")}' for k, v in sorted((query or {}).items()))
        address = f'{self._scheme}://{self._host}{path}{f"?{line}" if line else ""}'
        request = urllib.request.Request(
            address, method=method, data=cast('bytes | None', body), headers={**(headers or {}), **signed}
        )
        context = ssl.create_default_context(cadata=self._settings.ca or None)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        try:
            return cast('http.client.HTTPResponse', opener.open(request, timeout=_TIMEOUT_S))
        except urllib.error.HTTPError as err:
            with err:
                raise S3Error(f'{self.where} refuses: {err.code} {err.reason}') from None
        except OSError as err:
            raise S3Error(f'{self.where} does not answer: {getattr(err, "reason", err)}') from None


def sign(
    settings: objectstore.S3,
    method: str,
    *,
    host: str,
    path: str,
    query: Mapping[str, str],
    sha256: str,
    now: datetime.datetime,
) -> dict[str, str]:
    """Return the headers that make a request acceptable (AWS signature version 4).

    Args:
        path: The path as it is sent, its special characters replaced.
        sha256: The digest of the request's body.
    """
    stamp, day = now.strftime('%Y%m%dT%H%M%SZ'), now.strftime('%Y%m%d')
    line = '&'.join(f'{quote(k, safe="")}={quote(v, safe="")}' for k, v in sorted(query.items()))
    headers = {'host': host, 'x-amz-content-sha256': sha256, 'x-amz-date': stamp}
    names = ';'.join(headers)
    canonical = '\n'.join(
        (method, path, line, *(f'{name}:{value}' for name, value in headers.items()), '', names, sha256)
    )
    scope = f'{day}/{settings.region}/s3/aws4_request'
    text = '\n'.join(('AWS4-HMAC-SHA256', stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f'AWS4{settings.secret_key}'.encode()
    for part in (day, settings.region, 's3', 'aws4_request'):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f'{settings.access_key}/{scope}'
    proof = f'AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}'
    del headers['host']  # urllib says it itself
    return {**headers, 'authorization': proof}


class _Piece:
    """A part of a file as a file of its own, to be read once from its beginning."""

    def __init__(self, source: BinaryIO, start: int, size: int) -> None:
        self._source = source
        self._start = start
        self._left = 0
        self.size = size

    def rewound(self) -> _Piece:
        self._source.seek(self._start)
        self._left = self.size
        return self

    def read(self, most: int = -1) -> bytes:
        found = self._source.read(self._left if most < 0 else min(most, self._left))
        self._left -= len(found)
        return found

    def digest(self) -> str:
        found = hashlib.sha256()
        self.rewound()
        while block := self.read(_BLOCK):
            found.update(block)
        return found.hexdigest()


def _plain(text: str) -> str:
    return html.unescape(text)
