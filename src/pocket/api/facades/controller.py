"""Controller: this controller itself."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, Scope, each, one_result
from pocket.api.facades import model_manager, model_summary_watcher, user_manager
from pocket.api.rpc import Json
from pocket.model import JUJU_VERSION
from pocket.services import blocks, models
from pocket.services.errors import NOT_SUPPORTED, JujuError


async def api_info_for_models(call: Call) -> Json:
    """Controller.ControllerAPIInfoForModels: every model is here."""
    here = {
        'addresses': [f'127.0.0.1:{call.controller.port}'],
        'cacert': call.controller.identity.ca_cert_pem,
    }
    return {'results': [here for _ in call.params.children('entities')]}


async def controller_config(call: Call) -> Json:
    """Controller.ControllerConfig."""
    return {
        'config': {
            'api-port': call.controller.port,
            'ca-cert': call.controller.identity.ca_cert_pem,
            'controller-name': call.controller.settings.controller_name,
            'controller-uuid': call.controller.identity.controller_uuid,
        }
    }


async def set_config(call: Call) -> Json:
    """Controller.ConfigSet: refused."""
    names = ', '.join(sorted(call.params.map('config')))
    raise JujuError(
        f'setting controller options ({names}) not supported: pocket takes its own from the environment',
        NOT_SUPPORTED,
    )


async def controller_version(_call: Call) -> Json:
    """Controller.ControllerVersion."""
    return {'version': JUJU_VERSION, 'git-commit': ''}


async def get_controller_access(call: Call) -> Json:
    """Controller.GetControllerAccess."""

    async def one(tag: str) -> Json:
        user_manager.check_user(tag)
        return one_result({'user-tag': tag, 'access': 'superuser'})

    return {'results': await each((entity.text('tag') for entity in call.params.children('entities')), one)}


async def hosted_model_configs(call: Call) -> Json:
    """Controller.HostedModelConfigs: of every model but the controller's own."""
    found: list[Json] = []
    for record in call.read(models.list_):
        if not record.is_controller:
            options = call.read(models.get_config, record.uuid)
            config = {name: option.value for name, option in options.items()}
            found.append({'name': record.name, 'owner': f'user-{record.owner}', 'config': config})
    return {'models': found}


async def list_blocked_models(call: Call) -> Json:
    """Controller.ListBlockedModels."""
    found = [(record, call.read(blocks.list_, record.uuid)) for record in call.read(models.list_)]
    return {
        'models': [
            {
                'name': record.name,
                'model-uuid': record.uuid,
                'owner-tag': f'user-{record.owner}',
                'blocks': [block.value for block in disabled],
            }
            for record, disabled in found
            if disabled
        ]
    }


async def identity_provider_url(_call: Call) -> Json:
    """Controller.IdentityProviderURL: there is none, passwords are checked here."""
    return {'result': ''}


FACADE = Facade(
    name='Controller',
    versions=(11, 12),
    scope=Scope.CONTROLLER,
    methods={
        'AllModels': model_manager.list_models,
        'ConfigSet': set_config,
        'ControllerAPIInfoForModels': api_info_for_models,
        'ControllerConfig': controller_config,
        'ControllerVersion': controller_version,
        'GetControllerAccess': get_controller_access,
        'HostedModelConfigs': hosted_model_configs,
        'IdentityProviderURL': identity_provider_url,
        'ListBlockedModels': list_blocked_models,
        'ModelStatus': model_manager.model_status,
        'ModifyControllerAccess': user_manager.refuse('changing access', 'changes'),
        'WatchAllModelSummaries': model_summary_watcher.begin,
        'WatchModelSummaries': model_summary_watcher.begin,
    },
)
