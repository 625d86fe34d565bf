"""Controller: this controller itself."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, Scope
from pocket.api.facades import model_manager
from pocket.api.rpc import Json
from pocket.model import JUJU_VERSION


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


async def controller_version(_call: Call) -> Json:
    """Controller.ControllerVersion."""
    return {'version': JUJU_VERSION, 'git-commit': ''}


FACADE = Facade(
    name='Controller',
    versions=(11, 12),
    scope=Scope.CONTROLLER,
    methods={
        'AllModels': model_manager.list_models,
        'ControllerAPIInfoForModels': api_info_for_models,
        'ControllerConfig': controller_config,
        'ControllerVersion': controller_version,
        'ModelStatus': model_manager.model_status,
    },
)
