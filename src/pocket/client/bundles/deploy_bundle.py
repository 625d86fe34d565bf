"""juju deploy of a bundle."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bedrock import charm as charm_files
from bedrock import errors
from pocket import bundles
from pocket.client import charms, faults, http, values
from pocket.client.bundles import picture, source
from pocket.client.bundles.run import Runner
from pocket.client.context import Context, Session
from pocket.client.flags import Given, dashed

Json = dict[str, Any]

_CHARM_ONLY = (
    *('attach-storage', 'base', 'bind', 'config', 'constraints', 'device', 'num-units', 'resource'),
    *('revision', 'storage', 'to'),
)
_BUNDLE_ONLY = ('map-machines', 'overlay')


def run(ctx: Context, given: Given, found: source.Source) -> int:
    """Deploy the bundle *found* as the command line says."""
    _refuse(given, _CHARM_ONLY, 'bundle')
    if len(given.args) > 1:
        raise faults.WrongUsage(
            'options provided but not supported when deploying a bundle: application name'
        )
    machine_map = _machine_map(given.text('map-machines'))
    bundle = source.load(found, given.many('overlay'))
    _check_trust(bundle, given)
    if given.on('trust'):
        bundle = _trusting(bundle)
    _check_charms(bundle)
    with ctx.session(given) as session:
        _check_kind(bundle, session)
        model = picture.take(session, bundle, digest=functools.partial(_digest, ctx), machine_map=machine_map)
        changes = bundles.plan(bundle, model, default_arch=charms.chosen_arch(session, {}))
        if not changes:
            ctx.info('No changes to apply.')
            return 0
        if given.on('dry-run'):
            ctx.out('Changes to deploy bundle:')
            for change in changes:
                for line in change.lines:
                    ctx.out(f'- {line}')
            return 0
        ctx.out('Executing changes:')
        Runner(ctx, session, changes, force=given.on('force')).run()
    ctx.info('Deploy of bundle completed.')
    return 0


def refuse_bundle_flags(given: Given) -> None:
    """Refuse what makes no sense when a charm is deployed.

    Raises:
        WrongUsage: such a flag was given.
    """
    _refuse(given, _BUNDLE_ONLY, 'charm')


def _refuse(given: Given, keys: tuple[str, ...], what: str) -> None:
    refused = [dashed(key) for key in keys if given.was_given(key)]
    if refused:
        raise faults.WrongUsage(
            f'options provided but not supported when deploying a {what}: {", ".join(refused)}'
        )


def _machine_map(text: str) -> Callable[[Json], Mapping[str, str]]:
    """``existing`` and ``ID=ID`` words as a function of the machines that the model has.

    Raises:
        WrongUsage: a word is something else.
    """
    named: dict[str, str] = {}
    keep = False
    for word in filter(None, text.split(',')):
        ours, equals, theirs = word.partition('=')
        if word == 'existing':
            keep = True
        elif equals and ours.isdecimal() and values.is_machine(theirs):
            named[ours] = theirs
        else:
            raise faults.WrongUsage(
                f'error in --map-machines: expected "existing" or "<bundle-id>=<machine-id>", got "{word}"'
            )

    def of(machines: Json) -> Mapping[str, str]:
        unknown = [theirs for theirs in named.values() if theirs not in machines]
        if unknown:
            raise errors.Fault(f'error in --map-machines: the model has no machine "{unknown[0]}"')
        same = {name: name for name in machines} if keep else {}
        return {**same, **named}

    return of


def _check_kind(bundle: bundles.Bundle, session: Session) -> None:
    """Refuse a bundle that is for the other kind of model.

    Raises:
        BundleFault: it is.
    """
    problem = ''
    if bundle.kubernetes and not session.is_caas:
        problem = 'bundle is for a kubernetes model and cannot be deployed to this one'
    elif session.is_caas and not bundle.kubernetes:
        problem = 'bundle is for machines ("bundle: kubernetes" is not in it), the model is on kubernetes'
    if problem:
        raise bundles.BundleFault([problem], heading='cannot deploy bundle:')


def _check_trust(bundle: bundles.Bundle, given: Given) -> None:
    asking = [name for name, application in bundle.applications.items() if application.trust]
    if asking and not (given.on('trust') or given.on('force')):
        listed = '\n'.join(f'  - {name}' for name in asking)
        raise errors.Fault(
            'Bundle cannot be deployed without trusting applications with your cloud credentials.\n'
            'Please repeat the deploy command with the --trust argument if you consent to trust'
            f' the following application(s):\n{listed}'
        )


def _trusting(bundle: bundles.Bundle) -> bundles.Bundle:
    """*bundle* with the option ``trust`` on for the applications that ask for it."""
    return dataclasses.replace(
        bundle,
        applications={
            name: dataclasses.replace(application, options={**application.options, 'trust': True})
            if application.trust
            else application
            for name, application in bundle.applications.items()
        },
    )


def _check_charms(bundle: bundles.Bundle) -> None:
    """Read every local charm before the first change.

    Raises:
        BundleFault: some cannot be read.
    """
    problems: list[str] = []
    for name, application in bundle.applications.items():
        if not application.local:
            continue
        path = Path(application.charm)
        if not path.exists():
            problems.append(f'charm path in application "{name}" does not exist: {path}')
            continue
        try:
            charm = charm_files.read(path)
        except errors.Fault as err:
            problems.append(f'charm in application "{name}": {err}')
            continue
        if charm.subordinate and application.num_units:
            problems.append(f'application "{name}" is subordinate and cannot have units')
        problems += _resource_problems(name, application, charm)
        unknown = sorted(set(application.options) - set(charm.options) - {'trust'})
        problems += [f'application "{name}": unknown option "{option}"' for option in unknown]
    if problems:
        raise bundles.BundleFault(problems, heading='the provided bundle has the following errors:')


def _resource_problems(name: str, application: bundles.Application, charm: charm_files.Charm) -> list[str]:
    """What is wrong with the files and images that an application is to have."""
    words = [f'{key}={value}' for key, value in application.resources.items() if isinstance(value, str)]
    try:
        charms.checked_resources(charm, words)
    except errors.Fault as err:
        return [f'application "{name}": {err}']
    return []


def _digest(ctx: Context, charm: str) -> str:
    """The SHA-256 of the archive of a local charm, which is packed first when it is a folder."""
    path = Path(charm)
    if path.is_file():
        return http.file_digest(path, 'sha256')
    with tempfile.TemporaryDirectory(prefix='juju-charm-') as scratch:
        packed = charm_files.pack(
            path, Path(scratch, 'packed.charm'), cache=ctx.settings.cache, note=ctx.info
        )
        return http.file_digest(packed, 'sha256')
