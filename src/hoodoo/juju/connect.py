"""Which controller, which juju program, which model; and starting pocket when there is no controller."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock import errors, process
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.juju import clientfiles, clouds, handing, jujudriver, reader, rpc

_POCKET_CLOUD = 'pocket'
_POCKET_UP_S = 900.0
_PROBE_S = 3.0

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A controller that answers and the program that talks to it."""

    controller: clientfiles.Controller
    program: Path
    juju_data: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a model is to be, when it has to be made."""

    cloud: str = ''
    """``CLOUD`` or ``CLOUD/REGION``; empty leaves the choice to us, and ours to Juju."""
    on_kubernetes: bool = False


def find_target(settings: settings_module.Settings, *, controller: str = '', note: Note) -> Target:
    """Return the controller to use, starting pocket when none is registered or pocket is down.

    Args:
        controller: Its name; empty means JUJU_CONTROLLER, else the Juju client's current one.
        note: Told when pocket is started.

    Raises:
        UsageFault: no controller has that name. UnreachableFault: there is none, and no pocket either.
    """
    name = _chosen(settings, controller)
    if not name:
        note('no Juju controller is registered: starting pocket')
        return _pocket(settings)
    found = clientfiles.find(settings.juju_data, name)
    if found is None:
        known = clientfiles.names(settings.juju_data)
        listed = f'Registered controllers: {", ".join(known) or "none"}.'
        raise errors.UsageFault(
            f'cannot find controller "{name}"', hint=f'{wording.guess(name, known)} {listed}'.strip()
        )
    if found.cloud == _POCKET_CLOUD and not _listens(found):
        note('pocket is not running: starting it')
        return _same(_pocket(settings), name)
    program = shutil.which(settings.juju or 'juju', path=settings.environ.get('PATH'))
    if settings.juju and not program:
        raise errors.UsageFault(
            f'cannot use HOODOO_JUJU="{settings.juju}": there is no such program', hint='Mend it or unset it.'
        )
    if program:
        return Target(controller=found, program=Path(program), juju_data=settings.juju_data)
    if found.cloud == _POCKET_CLOUD:
        return _same(_pocket(settings), name)
    raise errors.UnreachableFault(
        f'cannot use controller "{name}": there is no juju program on PATH',
        hint='Install Juju, or set HOODOO_JUJU to its path.',
    )


def open_driver(
    settings: settings_module.Settings,
    *,
    wanted: str,
    default: str,
    note: Note,
    making: Making = Making(),
) -> tuple[jujudriver.JujuDriver, Target]:
    """Connect to a model, creating it when it is absent.

    Args:
        wanted: ``[controller:]model`` from the command line or JUJU_MODEL; may be empty.
        default: The model's name when *wanted* is empty.
        making: How a model that is created is to be; one that is there stays as it is.

    Raises:
        UsageFault: no cloud of the controller fits *making*, or the model is there and on another cloud.
    """
    controller, _, name = wanted.rpartition(':')
    target = find_target(settings, controller=controller, note=note)
    name = name or default
    uuid = _model_uuid(target, name)
    owner, _, own = name.rpartition('/')
    if not uuid and owner not in ('', target.controller.user):
        raise errors.UsageFault(
            f'cannot find model "{name}" on controller "{target.controller.name}"',
            hint=f'Only {owner} can make it, and let {target.controller.user} into it with "juju grant".',
        )
    if uuid and making.cloud:
        _check_cloud(target, uuid, name=name, asked=making.cloud)
    if not uuid:
        cloud = _cloud(target, making)
        note(f'creating model {name} on {target.controller.name}{f", cloud {cloud}" if cloud else ""}')
        jujudriver.add_model(target.program, controller=target.controller.name, name=own, cloud=cloud)
        uuid = _model_uuid(target, name)
    if not uuid:
        raise errors.Fault(f'cannot find model "{name}" though it was created')
    return _driver(settings, target, name, uuid), target


def find_model(
    settings: settings_module.Settings, *, wanted: str, default: str, note: Note
) -> tuple[jujudriver.JujuDriver | None, Target | None]:
    """Connect to a model if it exists; no second value where no controller is registered. A registered pocket
    that is down is started, nothing is made.

    Args:
        wanted: ``[controller:]model`` from the command line or JUJU_MODEL; may be empty.
        default: The model's name when *wanted* is empty.

    Raises:
        UnreachableFault: the controller does not answer.
    """
    controller, _, name = wanted.rpartition(':')
    if not _chosen(settings, controller):
        return None, None
    target = find_target(settings, controller=controller, note=note)
    uuid = _model_uuid(target, name or default)
    return (_driver(settings, target, name or default, uuid) if uuid else None), target


def find_driver(
    settings: settings_module.Settings, *, wanted: str, default: str
) -> jujudriver.JujuDriver | None:
    """Connect to a model that exists; None when it or any controller does not. Nothing is started or made.

    Args:
        wanted: ``[controller:]model`` from the command line or JUJU_MODEL; may be empty.
        default: The model's name when *wanted* is empty.

    Raises:
        UnreachableFault: the controller does not answer.
    """
    controller = _chosen(settings, wanted.rpartition(':')[0])
    found = clientfiles.find(settings.juju_data, controller) if controller else None
    if found is not None and found.cloud == _POCKET_CLOUD and not _listens(found):
        raise errors.UnreachableFault(
            f'cannot see the models of controller "{controller}": pocket is not running',
            hint='Run "pocket up".',
        )
    return find_model(settings, wanted=wanted, default=default, note=lambda _: None)[0]


def open_existing(settings: settings_module.Settings, *, wanted: str, note: Note) -> jujudriver.JujuDriver:
    """Connect to a model that must be there: *wanted*, else the Juju client's current one.

    Raises:
        UsageFault: there is no such model, or none is meant.
    """
    controller, _, name = wanted.rpartition(':')
    if not _chosen(settings, controller):
        raise errors.UsageFault(
            'cannot find a model: no Juju controller is registered',
            hint='Run "juju login", "juju bootstrap" or "pocket up".',
        )
    target = find_target(settings, controller=controller, note=note)
    found = target.controller
    name = name or clientfiles.current_model(target.juju_data, found.name)
    if not name:
        raise errors.UsageFault(
            f'cannot tell which model of controller "{found.name}" is meant',
            hint='Name one with --model, or choose one with "juju switch".',
        )
    models = _models(target)
    uuid = models.get(_owned(target, name), '')
    if not uuid:
        known = [each.removeprefix(f'{found.user}/') for each in models]
        listed = f'Models: {", ".join(sorted(known)) or "none"}.'
        raise errors.UsageFault(
            f'cannot find model "{name}" on controller "{found.name}"',
            hint=f'{wording.guess(name, known)} {listed}'.strip(),
        )
    return _driver(settings, target, name, uuid)


def _chosen(settings: settings_module.Settings, controller: str) -> str:
    """The controller of the command line, of JUJU_CONTROLLER, or the Juju client's current one; or none."""
    return controller or settings.controller or clientfiles.current(settings.juju_data)


def _driver(
    settings: settings_module.Settings, target: Target, name: str, uuid: str
) -> jujudriver.JujuDriver:
    scratch = handing.scratch(target.program, home=settings.home)
    handing.sweep(scratch)
    seen_by = reader.Reader(lambda: rpc.Connection(_as_registered(target), model_uuid=uuid))
    return jujudriver.JujuDriver(
        target.program,
        model_name=f'{target.controller.name}:{name}',
        model_uuid=uuid,
        seen_by=seen_by,
        scratch=scratch,
    )


def _as_registered(target: Target) -> clientfiles.Controller:
    """The controller as the client's files have it now: after a restart it may listen elsewhere."""
    return clientfiles.find(target.juju_data, target.controller.name) or target.controller


def _model_uuid(target: Target, name: str) -> str:
    """The uuid of a model, ours unless *name* says whose; empty when there is none."""
    return _models(target).get(_owned(target, name), '')


def _owned(target: Target, name: str) -> str:
    """The name of a model with its owner, who is us unless it says."""
    return name if '/' in name else f'{target.controller.user}/{name}'


def _cloud(target: Target, making: Making) -> str:
    """The cloud of a model to be made; empty for the controller's own."""
    if not making.cloud and not making.on_kubernetes:
        return ''
    connection = rpc.Connection(target.controller)
    try:
        found = clouds.decode(connection.call('Cloud', 'Clouds', {}))
    finally:
        connection.close()
    return clouds.choose(
        found, asked=making.cloud, on_kubernetes=making.on_kubernetes, controller=target.controller.name
    )


def _check_cloud(target: Target, uuid: str, *, name: str, asked: str) -> None:
    connection = rpc.Connection(target.controller)
    try:
        wanted = {'entities': [{'tag': f'model-{uuid}'}]}
        cloud, region = clouds.home(connection.call('ModelManager', 'ModelInfo', wanted))
    finally:
        connection.close()
    clouds.check_home(cloud, region, asked=asked, model=name)


def _models(target: Target) -> dict[str, str]:
    """The UUIDs of the models that we may see, by ``owner/name``."""
    connection = rpc.Connection(target.controller)
    try:
        answer = connection.call('ModelManager', 'ListModels', {'tag': f'user-{target.controller.user}'})
    finally:
        connection.close()
    models: dict[str, str] = {}
    for entry in cast('list[dict[str, Any]]', answer.get('user-models') or []):
        found = entry.get('model', entry)
        owner = str(found.get('owner-tag', '')).removeprefix('user-')
        models[f'{owner}/{found.get("name")}'] = str(found['uuid'])
    return models


def _pocket(settings: settings_module.Settings) -> Target:
    """Run ``pocket up``, which may be run twice and says where it is."""
    beside = Path(sys.executable).with_name('pocket')
    program = str(beside) if beside.is_file() else shutil.which('pocket', path=settings.environ.get('PATH'))
    if not program:
        raise errors.UnreachableFault(
            'cannot find a Juju controller: none is registered and the program "pocket" is not installed',
            hint='Run "juju bootstrap" or "juju login", or install pocket.',
        )
    done = process.run([program, 'up', '--format', 'json'], timeout_s=_POCKET_UP_S, env=settings.environ)
    try:
        said: dict[str, str] = json.loads(done.stdout)
        data, name, juju = Path(said['juju_data']), said['controller'], said['juju']
    except (ValueError, KeyError) as err:
        raise errors.Fault(f'cannot understand what "{program} up" said: {done.stdout[:200]!r}') from err
    found = clientfiles.find(data, name)
    if found is None:
        raise errors.Fault(f'cannot find controller "{name}" in {data}, where pocket says that it is')
    # In a connected shell the juju of that shell comes first, whoever started pocket.
    first = shutil.which('juju', path=settings.environ.get('PATH')) or ''
    guard = first if first and Path(first).with_name(handing.BEHIND).is_symlink() else ''
    return Target(controller=found, program=Path(settings.juju or guard or juju), juju_data=data)


def _same(target: Target, wanted: str) -> Target:
    """*target*, unless it is another controller than the one that is *wanted*."""
    if target.controller.name != wanted:
        raise errors.UnreachableFault(
            f'cannot use controller "{wanted}": it is not running, and the pocket of this home is '
            f'"{target.controller.name}"',
            hint=f'Start it with its own home: POCKET_CONTROLLER={wanted} POCKET_HOME=... pocket up',
        )
    return target


def _listens(controller: clientfiles.Controller) -> bool:
    for endpoint in controller.endpoints:
        host, _, port = endpoint.rpartition(':')
        try:
            socket.create_connection((host.strip('[]'), int(port)), timeout=_PROBE_S).close()
        except OSError:
            continue
        return True
    return False
