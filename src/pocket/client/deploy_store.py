"""Deploying a charm of a store: the controller finds and downloads it."""

from __future__ import annotations

from typing import Any

import yaml

from bedrock import errors
from pocket.client import charms, deploying, faults, images, shape, values
from pocket.client.context import Context, Session, local_path
from pocket.client.flags import Given


def deploy(ctx: Context, given: Given, name: str) -> int:
    """Have the controller deploy charm *name* of its store."""
    revision = given.number('revision') if given.was_given('revision') else None
    if revision is not None and not given.text('channel'):
        raise faults.WrongUsage(
            'specifying a revision requires a channel for future upgrades. Please use --channel'
        )
    with ctx.session(given) as session:
        request = _request(given, session, name, revision=revision)
        answer = session.call('Application', 'DeployFromRepository', {'Args': [request]})
        result = shape.objects(answer.get('Results') or answer.get('results'))[0]
        failed = shape.objects(result.get('Errors') or result.get('errors'))
        for error in failed:
            ctx.error(str(error.get('message')))
        if failed:
            return 1
        info = shape.mapping(result.get('Info') or result.get('info'))
        _tell(ctx, name, info, dry_run=given.on('dry-run'))
        for pending in shape.objects(
            result.get('PendingResourceUploads') or result.get('pendingresourceuploads')
        ):
            charms.upload_content(
                session,
                application=str(info.get('name')),
                name=str(pending.get('Name')),
                kind=str(pending.get('Type')),
                value=str(pending.get('Filename')),
            )
    return 0


def _request(given: Given, session: Session, name: str, *, revision: int | None) -> dict[str, Any]:
    application = given.args[1] if len(given.args) > 1 else ''
    config, config_yaml = deploying.config(given, application or name)
    if given.number('num-units') < 1:
        raise faults.WrongUsage('--num-units must be a positive integer')
    resources = dict(values.pair(word) for word in given.many('resource'))
    for key, value in resources.items():
        if images.is_local(value):
            resources[key] = images.absolute(key, value)
        elif value.startswith(('.', '/', '~')) and not local_path(value).is_file():
            raise errors.Fault(f'file for resource "{key}": cannot read {value}')
    found: dict[str, Any] = {
        'CharmName': name,
        'ApplicationName': application,
        'AttachStorage': deploying.attached(given),
        'base': values.base(given.text('base')) if given.text('base') else None,
        'channel': given.text('channel') or None,
        'ConfigYAML': _merged(config, config_yaml, application or name),
        'Cons': values.constraints(given.many('constraints')),
        'Devices': {},
        'DryRun': given.on('dry-run'),
        'endpoint-bindings': values.bindings(given.text('bind')),
        'force': given.on('force'),
        'num-units': given.number('num-units'),
        'Placement': values.placement(given.listed('to'), model_uuid=session.target.model.uuid),
        'revision': revision,
        'resources': resources,
        'Storage': values.storage(given.many('storage')),
        'Trust': given.on('trust'),
    }
    return {key: value for key, value in found.items() if value is not None}


def _merged(config: dict[str, str], text: str, application: str) -> str:
    """The settings of the command line over those of a file, as one document."""
    if not config and not text:
        return ''
    try:
        loaded = shape.mapping(yaml.safe_load(text)) if text else {}
    except yaml.YAMLError as err:
        raise errors.Fault('cannot read the settings: they are not valid YAML') from err
    return yaml.safe_dump({application: {**shape.mapping(loaded.get(application)), **config}})


def _tell(ctx: Context, name: str, info: dict[str, Any], *, dry_run: bool) -> None:
    base = shape.mapping(info.get('base'))
    channel = f' in channel {info.get("channel")}' if info.get('channel') else ''
    told = (
        f'"{info.get("name")}" from charm-hub charm "{name}", revision {info.get("revision")}'
        f'{channel} on {base.get("name")}@{base.get("channel")}'
    )
    ctx.info(f'{told} would be deployed' if dry_run else f'Deployed {told}')
