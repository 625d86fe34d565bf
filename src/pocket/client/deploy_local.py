"""Deploying a charm that is here: a folder or a ``.charm`` file."""

from __future__ import annotations

from pathlib import Path

from bedrock import charm as charm_files
from pocket.client import charms, deploying, faults, output, values
from pocket.client.context import Context
from pocket.client.flags import Given


def deploy(ctx: Context, given: Given, path: Path) -> int:
    """Upload the charm at *path* with its resources, and deploy it."""
    if given.was_given('revision'):
        raise faults.WrongUsage('cannot specify a revision when deploying a local charm')
    if given.was_given('channel'):
        raise faults.WrongUsage('cannot specify a channel when deploying a local charm')
    charm = charm_files.read(path)
    application = given.args[1] if len(given.args) > 1 else charm.name
    config, config_yaml = deploying.config(given, application)
    request = {
        'application': application,
        'channel': '',
        'num-units': deploying.units(given, subordinate=charm.subordinate),
        'config': config,
        'config-yaml': config_yaml,
        'storage': values.storage(given.many('storage')),
        'devices': {},
        'attach-storage': deploying.attached(given),
        'endpoint-bindings': values.bindings(given.text('bind')),
        'Force': given.on('force'),
    }
    constraints = values.constraints(given.many('constraints'))
    wanted = charms.checked_resources(charm, given.many('resource'))
    with ctx.session(given) as session:
        if session.is_caas:
            charms.need_images(charm, wanted)
        base = charms.chosen_base(session, charm, given.text('base'), force=given.on('force'))
        arch = charms.chosen_arch(session, constraints)
        shown = f'{base["name"]}@{base["channel"]}'
        if given.on('dry-run'):
            ctx.out(f'"{application}" from local charm "{charm.name}" on {shown} would be deployed')
            return 0
        uploaded = charms.upload(ctx, session, path, base=base, arch=arch)
        named = f'local charm "{charm.name}", revision {uploaded.revision}'
        ctx.info(f'Located {named}')
        ctx.info(f'Deploying "{application}" from {named} on {shown}')
        request |= {
            'charm-url': uploaded.url,
            'charm-origin': uploaded.origin,
            'constraints': constraints,
            'placement': values.placement(given.listed('to'), model_uuid=session.target.model.uuid),
            'resources': charms.upload_resources(session, uploaded, application=application, wanted=wanted),
        }
        answer = session.call('Application', 'Deploy', {'applications': [request]})
        return output.item_errors(ctx, answer.get('results'))
