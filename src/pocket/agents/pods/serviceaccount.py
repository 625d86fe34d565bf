"""The service account of a pod: the files by which Kubernetes clients in it find their API and log in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bedrock import errors
from pocket.agents.site import Site
from pocket.model.pods import ACCOUNT
from pocket.services.cluster import access


async def install(site: Site, host_name: str, *, uuid: str, application: str) -> bool:
    """Put them where all containers of a pod have them; False while the model's API does not answer.

    Raises:
        Fault: the pod does not run.
    """
    secret = (site.home / 'kube-secret').read_text().strip().encode()
    credentials = site.state.read(access.for_application, uuid, application, secret)
    if credentials is None:
        return False
    host = (await site.substrate.running()).get(host_name)
    if host is None:
        raise errors.Fault(f'cannot write the service account of pod {host_name}: it does not run')
    put(
        host.run_dir / ACCOUNT,
        {
            'ca.crt': (site.home / 'tls' / 'ca.pem').read_text(),
            'namespace': credentials.namespace,
            'token': credentials.token,
        },
    )
    return True


def put(folder: Path, files: Mapping[str, str]) -> None:
    """Write *files*, each whole or not at all, for every user of a container to read.

    On the host nobody but root gets to the folder, as pocket's own is closed; containers have it mounted.
    """
    folder.mkdir(exist_ok=True)
    for name, text in sorted(files.items()):
        number, part = tempfile.mkstemp(dir=folder, prefix=f'.{name}.')
        with os.fdopen(number, 'w') as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        os.replace(part, folder / name)
