"""The public API of a charm store (Charmhub's API documentation, "Charms"), over plain HTTP requests."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from bedrock import errors, web

__all__ = ['Hub', 'HubFault', 'download']

_ANSWER_S = 10.0
_DOWNLOAD_S = 60.0
_CHUNK = 2**18
_MAX_ANSWER_BYTES = 32 * 2**20
_REFRESH_FIELDS = (
    'bases',
    'config-yaml',
    'download',
    'id',
    'license',
    'metadata-yaml',
    'name',
    'publisher',
    'resources',
    'revision',
    'summary',
    'type',
    'version',
)
_INFO_FIELDS = (
    'channel-map',
    'default-release.revision.config-yaml',
    'default-release.revision.metadata-yaml',
    'default-release.revision.revision',
    'default-release.channel',
    'result.categories',
    'result.description',
    'result.publisher',
    'result.summary',
    'result.store-url',
    'result.title',
)
_FIND_FIELDS = (
    'result.categories',
    'result.publisher',
    'result.summary',
    'result.store-url',
    'default-release.revision.version',
    'default-release.revision.bases',
)


class HubFault(errors.Fault):
    """The store does not answer, or refuses."""

    def __init__(self, message: str, *, code: str = '', extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        """The store's own: ``name-not-found``, ``revision-not-found``; empty when it did not answer."""
        self.extra: Mapping[str, Any] = extra or {}


class Hub:
    """A store at one URL. Every call blocks, and ends within seconds when nobody answers."""

    def __init__(self, url: str) -> None:
        """Use the store at *url*.

        Raises:
            HubFault: it is no URL of a store.
        """
        if urllib.parse.urlsplit(url).scheme not in ('http', 'https'):
            raise HubFault(f'cannot use charm store "{url}": it is no http or https URL')
        self.url = url.rstrip('/')

    def refresh(self, action: Mapping[str, Any], context: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Return what the store would install for *action*.

        Raises:
            HubFault: it has no such charm, revision or base (the code says which), or does not answer.
        """
        request = {'context': list(context), 'actions': [dict(action)], 'fields': list(_REFRESH_FIELDS)}
        answer = self._ask('/v2/charms/refresh', body=request)
        results = cast('list[dict[str, Any]]', answer.get('results') or [])
        if len(results) != 1:
            raise HubFault(f'the charm store at {self.url} gave {len(results)} answers to one question')
        _raise_for(results[0].get('error'))
        return results[0]

    def info(self, name: str, fields: Sequence[str] = _INFO_FIELDS) -> dict[str, Any]:
        """Return what the store says of one charm, its releases included.

        Raises:
            HubFault: there is no such charm, or the store does not answer.
        """
        query = urllib.parse.urlencode({'fields': ','.join(fields)})
        return self._ask(f'/v2/charms/info/{urllib.parse.quote(name, safe="")}?{query}')

    def find(self, query: str, *, kind: str = '') -> list[dict[str, Any]]:
        """Return the charms and bundles that match *query*.

        Raises:
            HubFault: the store does not answer.
        """
        asked = {'q': query, 'fields': ','.join(_FIND_FIELDS)} | ({'type': kind} if kind else {})
        return list(self._ask(f'/v2/charms/find?{urllib.parse.urlencode(asked)}').get('results') or [])

    def resource_revisions(self, charm: str, resource: str) -> list[dict[str, Any]]:
        """Return every revision of a charm's resource.

        Raises:
            HubFault: there is none of that name, or the store does not answer.
        """
        names = '/'.join(urllib.parse.quote(name, safe='') for name in (charm, resource))
        found = self._ask(f'/v2/charms/resources/{names}/revisions')
        return list(found.get('revisions') or [])

    def _ask(self, path: str, *, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            with _open(f'{self.url}{path}', body=body, timeout_s=_ANSWER_S) as response:
                return _object(response.read(_MAX_ANSWER_BYTES))
        except urllib.error.HTTPError as err:
            with err:
                said = _object(err.read(_MAX_ANSWER_BYTES))
            for error in cast('list[object]', said.get('error-list') or []):
                _raise_for(error)
            raise HubFault(f'the charm store at {self.url} answered {err.code} {err.reason}') from err
        except (OSError, http.client.HTTPException) as err:
            raise HubFault(f'cannot reach the charm store at {self.url}: {web.reason(err)}') from None


def download(url: str, write: Callable[[bytes], None]) -> None:
    """Hand the content at *url* to *write*, piece by piece.

    Raises:
        HubFault: it cannot be had.
    """
    try:
        with _open(url, timeout_s=_DOWNLOAD_S) as response:
            while chunk := response.read(_CHUNK):
                write(chunk)
    except urllib.error.HTTPError as err:
        err.close()
        raise HubFault(f'cannot download {url}: the server answered {err.code}') from err
    except (OSError, http.client.HTTPException) as err:
        raise HubFault(f'cannot download {url}: {web.reason(err)}') from None


def _open(url: str, *, body: Mapping[str, Any] | None = None, timeout_s: float) -> Any:
    if urllib.parse.urlsplit(url).scheme not in ('http', 'https'):
        raise HubFault(f'cannot use "{url}": it is no http or https URL')
    headers = {'Accept': 'application/json'}
    data = None
    if body is not None:
        data, headers['Content-Type'] = json.dumps(body).encode(), 'application/json'
    return web.open_url(url, data=data, headers=headers, timeout_s=timeout_s)


def _raise_for(error: object) -> None:
    if isinstance(error, dict):
        said = cast('dict[str, Any]', error)
        extra = said.get('extra')
        raise HubFault(
            str(said.get('message') or said.get('code') or 'refused'),
            code=str(said.get('code') or ''),
            extra=cast('dict[str, Any]', extra) if isinstance(extra, dict) else {},
        )


def _object(data: bytes) -> dict[str, Any]:
    try:
        loaded: object = json.loads(data)
    except ValueError:
        return {}
    return cast('dict[str, Any]', loaded) if isinstance(loaded, dict) else {}
