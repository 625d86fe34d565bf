"""The service account of a pod: the files by which a charm's Kubernetes client finds its API and logs in."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from bedrock import errors
from pocket.agents.site import Site
from pocket.services.cluster import access

FOLDER = 'var/run/secrets/kubernetes.io/serviceaccount'
_TIMEOUT_S = 60.0


async def install(site: Site, host_name: str, *, uuid: str, application: str) -> bool:
    """Put them into the charm's container of a pod; False while the model's API does not answer.

    Raises:
        Fault: the container refuses them.
    """
    secret = (site.home / 'kube-secret').read_text().strip().encode()
    credentials = site.state.read(access.for_application, uuid, application, secret)
    if credentials is None:
        return False
    data = archive(
        {
            'ca.crt': (site.home / 'tls' / 'ca.pem').read_text(),
            'namespace': credentials.namespace,
            'token': credentials.token,
        }
    )
    # The container's own tar unpacks: nothing is written where a charm could lead it elsewhere.
    done = await site.substrate.exec(
        host_name,
        ['tar', '-C', '/', '-x', '-f', '-', '--no-same-owner'],
        env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'},
        stdin=data,
        timeout_s=_TIMEOUT_S,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors='replace').strip()
        raise errors.Fault(f'cannot write the service account of pod {host_name}: {said}')
    return True


def archive(files: Mapping[str, str]) -> bytes:
    """The files as a tar stream."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as tar:
        for name, text in sorted(files.items()):
            member = tarfile.TarInfo(f'{FOLDER}/{name}')
            member.size, member.mode = len(text.encode()), 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()
