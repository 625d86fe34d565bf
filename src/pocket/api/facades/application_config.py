"""The part of Application that is about options and the charm that declares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import yaml

from bedrock import yamltext
from pocket.api import encode, storagejson, store
from pocket.api.facade import Call, each
from pocket.api.facades import application_bindings
from pocket.api.fields import Fields
from pocket.api.rpc import Json
from pocket.services import applications, charms, origins, refresh
from pocket.services.applicationconfig import OptionValue
from pocket.services.applications import ApplicationRecord
from pocket.services.errors import BAD_REQUEST, JujuError

TRUST = 'trust'
"""The one option that is the application's own, not its charm's."""
_TRUST_DESCRIPTION = 'Does this application have access to trusted credentials'


async def get(call: Call) -> Json:
    """Application.Get."""
    record = call.read(applications.get, call.model_uuid, call.params.text('application'))
    return {
        'application': record.name,
        'charm': record.charm.name,
        'config': _options(call, record.name),
        'application-config': {TRUST: _trust(record)},
        'constraints': dict(record.constraints),
        'base': encode.base(record.base),
        'channel': origins.channel(record.origin),
        'endpoint-bindings': {'': 'alpha', **dict.fromkeys(record.charm.charm.endpoints, 'alpha')},
    }


async def charm_config(call: Call) -> Json:
    """Application.CharmConfig: the options alone, of several applications."""

    async def one(argument: Fields) -> Json:
        return {'config': _options(call, argument.text('application'))}

    return {'results': await each(call.params.children('args'), one)}


async def set_configs(call: Call) -> Json:
    """Application.SetConfigs."""

    async def one(argument: Fields) -> Json:
        name = argument.text('application')
        await call.write(applications.set_config, call.model_uuid, name, parse(argument, name))
        return {}

    return {'results': await each(call.params.children('Args'), one)}


async def unset_config(call: Call) -> Json:
    """Application.UnsetApplicationsConfig."""

    async def one(argument: Fields) -> Json:
        name, options = argument.text('application'), argument.texts('options')
        await call.write(applications.unset_config, call.model_uuid, name, options)
        return {}

    return {'results': await each(call.params.children('Args'), one)}


async def set_charm(call: Call) -> Json:
    """Application.SetCharm: units run upgrade-charm for it."""
    params = call.params
    name = params.text('application')
    bindings = params.text_map('endpoint-bindings')
    if bindings:
        charm = call.read(charms.get, call.model_uuid, params.text('charm-url')).charm
        application_bindings.check(charm, name, bindings, doing=f'cannot upgrade application "{name}"')
    config = {**from_yaml(params.text('config-settings-yaml'), name), **params.text_map('config-settings')}
    origin = params.child('charm-origin')
    await call.write(
        refresh.set_charm,
        call.model_uuid,
        name,
        charm_url=params.text('charm-url'),
        config=config,
        base=encode.parse_base(origin.child('base')),
        origin=store.kept_origin(origin, params.text('channel')),
        force=params.flag('force'),
        force_base=params.flag('force-base'),
        force_units=params.flag('force-units'),
        resource_ids=params.text_map('resource-ids'),
        storage=storagejson.wanted_by_name(params.map('storage-constraints'), 'storage-constraints'),
    )
    return {}


def parse(argument: Fields, application: str) -> dict[str, str]:
    """Return the options that a request gives, trust included.

    Single options win over those of a YAML document, as they do on the command line.
    """
    return {**from_yaml(argument.text('config-yaml'), application), **argument.text_map('config')}


def split_trust(options: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """Part the charm's options from whether the application is trusted."""
    trust = options.get(TRUST, 'false').lower()
    if trust not in ('true', 'false'):
        raise JujuError(f'cannot set {TRUST}: "{trust}" is not true or false', BAD_REQUEST)
    return {key: value for key, value in options.items() if key != TRUST}, trust == 'true'


def from_yaml(text: str, *names: str) -> dict[str, str]:
    """The options of a YAML document: below one of the application's *names*, or at its top.

    Raises:
        JujuError: it is no such document.
    """
    try:
        loaded = yamltext.load(text)
    except yaml.YAMLError as err:
        raise JujuError('cannot read options: they are not valid YAML', BAD_REQUEST) from err
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise JujuError('cannot read options: they are not a mapping', BAD_REQUEST)
    document = cast('dict[str, Any]', loaded)
    inner: object = next((document[name] for name in names if name in document), None)
    options = cast('dict[str, Any]', inner) if isinstance(inner, dict) else document
    return {str(key): _text(value) for key, value in options.items() if value is not None}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _options(call: Call, name: str) -> Json:
    options = call.read(applications.get_config, call.model_uuid, name)
    return {key: _option(option) for key, option in options.items()}


def _option(option: OptionValue) -> Json:
    described = {
        'type': option.type,
        'description': option.description,
        'value': option.value,
        'default': option.default,
        'source': option.source,
    }
    return {key: value for key, value in described.items() if value is not None}


def _trust(record: ApplicationRecord) -> Json:
    return {
        'type': 'bool',
        'description': _TRUST_DESCRIPTION,
        'value': record.trust,
        'default': False,
        'source': 'user' if record.trust else 'default',
    }
