"""Charms and resources that a controller keeps, fetched over HTTP: of local ones there is no other source."""

from __future__ import annotations

import base64
import http.client
import shutil
import ssl
import urllib.parse
from pathlib import Path

from bedrock import errors
from hoodoo.juju import clientfiles, dialling

_TIMEOUT_S = 60.0


class _Connection(http.client.HTTPSConnection):
    """HTTPS to an address whose certificate is for another name, which is how Juju signs."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, name: str | None) -> None:
        super().__init__(host, port, timeout=_TIMEOUT_S, context=context)
        self._trust, self._name = context, name

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._trust.wrap_socket(self.sock, server_hostname=self._name or self.host)


def charm(controller: clientfiles.Controller, model_uuid: str, url: str, target: Path) -> None:
    """Write the archive of the charm *url* of a model to *target*.

    Raises:
        UnreachableFault: no endpoint answers. Fault: the controller does not give it.
    """
    query = urllib.parse.urlencode({'url': url, 'file': '*'})
    _fetch(controller, f'/model/{model_uuid}/charms?{query}', url, target)


def resource(
    controller: clientfiles.Controller, model_uuid: str, application: str, name: str, target: Path
) -> None:
    """Write what resource *name* of *application* holds to *target*.

    Raises:
        UnreachableFault: no endpoint answers. Fault: the controller does not give it.
    """
    path = f'/model/{model_uuid}/applications/{application}/resources/{urllib.parse.quote(name, safe="")}'
    _fetch(controller, path, f'resource {name} of {application}', target)


def _fetch(controller: clientfiles.Controller, path: str, what: str, target: Path) -> None:
    account = base64.b64encode(f'user-{controller.user}:{controller.password}'.encode()).decode()
    failed: OSError | None = None
    for endpoint in controller.endpoints:
        host, _, port = endpoint.rpartition(':')
        for context, name in dialling.trusted(controller):
            connection = _Connection(host.strip('[]'), int(port), context, name)
            try:
                connection.request('GET', path, headers={'Authorization': f'Basic {account}'})
                _save(connection.getresponse(), what, target)
            except (OSError, http.client.HTTPException) as err:
                failed = err if isinstance(err, OSError) else failed
            else:
                return
            finally:
                connection.close()
    raise errors.UnreachableFault(f'cannot fetch {what} from controller "{controller.name}"') from failed


def _save(response: http.client.HTTPResponse, what: str, target: Path) -> None:
    if response.status != http.client.OK:
        raise errors.Fault(f'cannot fetch {what}: the controller answers HTTP status {response.status}')
    with target.open('wb') as file:
        shutil.copyfileobj(response, file)
