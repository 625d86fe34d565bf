"""``pocket cloud``: named clouds and regions on this machine, to rehearse a fleet on several of them."""

from __future__ import annotations

from typing import Any

import click

from bedrock import errors
from pocket import settings as settings_
from pocket.cli import output
from pocket.client import rpc
from pocket.client.files import Files
from pocket.daemon import control

_TYPES = {'aws': 'ec2', 'azure': 'azure', 'gce': 'gce', 'google': 'gce', 'oracle': 'oci'}
"""Kinds of clouds that have a usual name."""


@click.group()
def cloud() -> None:
    """Look after clouds to rehearse on.

    They are names for parts of this machine, each region with networks of its own.

    \b
    Example:
      sudo pocket cloud add aws --region us-east-1 --region eu-west-1
      juju add-model web aws/us-east-1
    """


@cloud.command()
@click.argument('name')
@click.option('--region', 'regions', multiple=True, required=True, help='A region; may be given again.')
@click.option('--type', 'type_', default='', help='Kind of cloud as Juju calls it; default: by its name.')
def add(name: str, regions: tuple[str, ...], type_: str) -> None:
    """Make the cloud NAME, or give the one that there is more regions.

    \b
    Examples:
      sudo pocket cloud add aws --region us-east-1 --region eu-west-1
      sudo pocket cloud add mine --region left --type openstack
    """
    with _api() as api:
        known: dict[str, Any] = api.call('Cloud', 'Clouds').get('clouds') or {}
        current: dict[str, Any] | None = known.get(f'cloud-{name}')
        if current is None:
            kind = type_ or _TYPES.get(name, 'pocket')
            definition = {'type': kind, 'regions': [{'name': region} for region in dict.fromkeys(regions)]}
            api.call('Cloud', 'AddCloud', {'cloud': definition, 'name': name})
            return
        if type_ and type_ != current['type']:
            raise errors.UsageFault(f'cannot make cloud {name} a {type_} cloud: it is {current["type"]}')
        had = [region['name'] for region in current['regions']]
        more = [{'name': region} for region in dict.fromkeys(regions) if region not in had]
        changed = {**current, 'regions': [*current['regions'], *more]}
        answer = api.call('Cloud', 'UpdateCloud', {'clouds': [{'cloud': changed, 'name': name}]})
        _check(answer)


@cloud.command('list')
@output.format_option
def list_(format_: str) -> None:
    """List the clouds, their regions and how many models are there.

    \b
    Example:
      pocket cloud list --format json
    """
    with _api() as api:
        clouds: dict[str, Any] = api.call('Cloud', 'Clouds').get('clouds') or {}
        listed = api.call('ModelManager', 'ListModelSummaries', {'user-tag': 'user-admin', 'all': True})
    models = [item['result'] for item in listed.get('results') or () if item.get('result')]
    rows = [
        (tag.removeprefix('cloud-'), found['type'], region['name'], _on(models, tag, region['name']))
        for tag, found in clouds.items()
        for region in found['regions']
    ]
    result = [
        {'cloud': cloud, 'type': type_, 'region': name, 'models': on} for cloud, type_, name, on in rows
    ]

    def table() -> str:
        shown = [(cloud, type_, name, str(len(on))) for cloud, type_, name, on in rows]
        return output.columns([('Cloud', 'Type', 'Region', 'Models'), *shown])

    output.show(result, format_, table)


@cloud.command()
@click.argument('name')
def rm(name: str) -> None:
    """Remove the cloud NAME, which no model may be on.

    \b
    Example:
      sudo pocket cloud rm aws
    """
    with _api() as api:
        _check(api.call('Cloud', 'RemoveClouds', {'entities': [{'tag': f'cloud-{name}'}]}))


def _on(models: list[dict[str, Any]], tag: str, region: str) -> list[str]:
    """Names of the models in a region."""
    found = [model for model in models if (model['cloud-tag'], model['cloud-region']) == (tag, region)]
    return sorted(str(model['name']) for model in found)


def _api() -> rpc.Api:
    """A connection to this home's controller, which must run."""
    settings = settings_.load()
    info = control.find(settings.home)
    if info is None or not info.port:
        raise errors.UnreachableFault('cannot reach the controller: it does not run', hint='Run: pocket up')
    return rpc.Api(Files(settings.juju_data).controller(settings.controller_name))


def _check(answer: dict[str, Any]) -> None:
    for item in answer.get('results') or ():
        if item.get('error'):
            raise errors.Fault(str(item['error'].get('message')))
