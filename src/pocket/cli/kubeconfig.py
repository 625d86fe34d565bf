"""``pocket kubeconfig``: what kubectl needs to reach the Kubernetes API of a model."""

from __future__ import annotations

import base64
from pathlib import Path

import click
import yaml

from bedrock import errors, files
from pocket import settings as settings_
from pocket.api import identity
from pocket.cli import output as output_
from pocket.daemon import control
from pocket.services import models
from pocket.services.cluster import access, addresses
from pocket.services.cluster.access import Credentials
from pocket.state import State, Tx
from pocket.substrate import preflight


@click.command()
@click.argument('model', required=False, default='')
@click.option(
    '--output', '-o', 'path', type=click.Path(dir_okay=False, path_type=Path), help='Write it there instead.'
)
def kubeconfig(model: str, path: Path | None) -> None:
    """Print a kubeconfig for a model on Kubernetes; without MODEL, for the only one that there is.

    It holds a token that may do everything in the model. With --output only the owner may read the file.

    The API has what charms ask for most: services, pods, secrets (kubernetes.io/tls ones are checked),
    ingresses, and more, see docs/howto/kubernetes-charms.md. Ingresses are carried out by a front proxy
    (haproxy) at ports 80 and 443 of the same address.

    \b
    Examples:
      sudo pocket kubeconfig blog --output blog.kubeconfig
      kubectl --kubeconfig blog.kubeconfig create secret tls blog-tls --cert blog.crt --key blog.key
      kubectl --kubeconfig blog.kubeconfig get ingress
    """
    preflight.require_root()
    settings = settings_.load()
    if control.find(settings.home) is None:
        raise errors.Fault('cannot reach a Kubernetes API: pocket does not run', hint='Start it: pocket up')
    who = identity.load_or_create(settings.home)
    state = State(settings.home / 'state.db')
    try:
        credentials = state.read(_credentials, model, who.kube_secret)
    finally:
        state.close()
    text = render(credentials, ca_pem=who.ca_cert_pem)
    if path is None:
        click.echo(text, nl=False)
    else:
        files.write_private(path.absolute(), text)
        output_.note(f'wrote {path}')


def render(credentials: Credentials, *, ca_pem: str) -> str:
    """A kubeconfig as text."""
    name = credentials.namespace
    cluster = {
        'server': f'https://{credentials.host}:{credentials.port}',
        'certificate-authority-data': base64.b64encode(ca_pem.encode()).decode(),
    }
    document = {
        'apiVersion': 'v1',
        'kind': 'Config',
        'clusters': [{'name': name, 'cluster': cluster}],
        'users': [{'name': name, 'user': {'token': credentials.token}}],
        'contexts': [{'name': name, 'context': {'cluster': name, 'namespace': name, 'user': name}}],
        'current-context': name,
    }
    return yaml.safe_dump(document, sort_keys=False)


def _credentials(tx: Tx, name: str, secret: bytes) -> Credentials:
    uuids = addresses.models(tx)
    if name:
        found = models.find(tx, name)
        if found is None or found.uuid not in uuids:
            what = 'there is no such model' if found is None else 'it is not on Kubernetes'
            raise errors.Fault(f'cannot make a kubeconfig for model "{name}": {what}')
        uuids = [found.uuid]
    if len(uuids) != 1:
        known = ', '.join(models.info(tx, uuid).name for uuid in uuids) or 'none'
        raise errors.UsageFault(f'cannot choose a model on Kubernetes: there is {known}', hint='Name one.')
    credentials = access.for_admin(tx, uuids[0], secret)
    if credentials is None:
        raise errors.Fault("cannot make a kubeconfig: the model's Kubernetes API does not answer yet")
    return credentials
