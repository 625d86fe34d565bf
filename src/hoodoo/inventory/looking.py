"""Look at all of a model that an adopted spec may say, and fetch what the spec has to bring itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bedrock import errors
from hoodoo import model
from hoodoo.bundle.reading import tree
from hoodoo.bundle.wanted import sensitive
from hoodoo.inventory import adopted
from hoodoo.juju import clientfiles, fetching, jujudriver, particulars

RESOURCES = 'resources'
"""The folder of a spec with the files of its applications."""
_IMAGE = 'oci-image'
_SECRETS = 'secret:'


def seen(
    juju: jujudriver.JujuDriver,
    controller: clientfiles.Controller,
    scratch: Path,
    told: Callable[[str], None],
) -> adopted.Seen:
    """Return what was seen; the files of applications are in `RESOURCES` of *scratch* then."""
    snapshot = juju.snapshot()
    settings = juju.settings(list(snapshot.applications))
    attached = juju.attached(list(snapshot.applications))
    return adopted.Seen(
        snapshot=snapshot,
        settings=settings,
        annotations=juju.machine_annotations([one for one in snapshot.machines if '/' not in one]),
        attached=_fetched(juju.model_uuid, attached, controller, scratch, told),
        secrets=_secrets(juju, settings),
        own=juju.own(),
    )


def _secrets(
    juju: jujudriver.JujuDriver, settings: Mapping[str, model.Settings]
) -> dict[str, particulars.Secret]:
    options = (option for each in settings.values() for option in each.options.values())
    uris = {str(one.value) for one in options if str(one.value).startswith(_SECRETS)}
    found = {uri: juju.secret(uri) for uri in sorted(uris)}
    return {uri: secret for uri, secret in found.items() if secret is not None}


def _fetched(
    uuid: str,
    attached: Mapping[str, Sequence[particulars.Resource]],
    controller: clientfiles.Controller,
    scratch: Path,
    told: Callable[[str], None],
) -> dict[str, dict[str, str]]:
    """What a bundle calls each resource; empty where it cannot be had, or is a secret."""
    found: dict[str, dict[str, str]] = {}
    for name, resources in attached.items():
        for one in resources:
            # The ending is looked at when a file is brought.
            file = Path(RESOURCES, name, one.name + Path(one.path).suffix)
            found.setdefault(name, {})[one.name] = ''
            if sensitive.options({one.name: (tree.NOWHERE, '')}, None, secret=()):
                continue
            told(f'fetching resource {one.name} of {name}')
            target = scratch / file
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                fetching.resource(controller, uuid, name, one.name, target)
            except errors.Fault:
                target.unlink(missing_ok=True)
                continue
            if one.type == _IMAGE:
                found[name][one.name] = particulars.image(target.read_bytes())
                target.unlink()
            else:
                found[name][one.name] = f'./{file}'
    return found
