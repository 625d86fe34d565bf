"""The table of commands: name -> module and attribute, so that a call imports only what it runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from pocket.client import faults, unsupported
from pocket.client.flags import Command

COMMANDS: Mapping[str, str] = {
    'actions': 'operations:ACTIONS',
    'add-cloud': 'clouds:ADD_CLOUD',
    'add-credential': 'credentials:ADD_CREDENTIAL',
    'add-machine': 'machines:ADD_MACHINE',
    'add-model': 'models:ADD_MODEL',
    'add-secret': 'secret_changes:ADD_SECRET',
    'add-ssh-key': 'ssh_keys:ADD_SSH_KEY',
    'add-storage': 'storage:ADD_STORAGE',
    'add-unit': 'units:ADD_UNIT',
    'attach-resource': 'resources:ATTACH_RESOURCE',
    'attach-storage': 'storage:ATTACH_STORAGE',
    'bind': 'bind:BIND',
    'cancel-task': 'operations:CANCEL_TASK',
    'charm-resources': 'resources:CHARM_RESOURCES',
    'clouds': 'clouds:CLOUDS',
    'config': 'config:CONFIG',
    'constraints': 'constraints:CONSTRAINTS',
    'controller-config': 'defaults:CONTROLLER_CONFIG',
    'consume': 'consume:CONSUME',
    'controllers': 'controllers:CONTROLLERS',
    'create-storage-pool': 'storage_pools:CREATE_STORAGE_POOL',
    'credentials': 'credentials:LIST',
    'debug-code': 'debug_hooks:DEBUG_CODE',
    'debug-hooks': 'debug_hooks:DEBUG_HOOKS',
    'debug-log': 'debug_log:DEBUG_LOG',
    'default-region': 'credentials:DEFAULT_REGION',
    'deploy': 'deploy:DEPLOY',
    'destroy-model': 'destroy_model:DESTROY_MODEL',
    'detach-storage': 'storage:DETACH_STORAGE',
    'disable-command': 'blocks:DISABLE_COMMAND',
    'disabled-commands': 'blocks:DISABLED_COMMANDS',
    'download': 'store:DOWNLOAD',
    'enable-command': 'blocks:ENABLE_COMMAND',
    'exec': 'exec:EXEC',
    'export-bundle': 'export_bundle:EXPORT_BUNDLE',
    'expose': 'expose:EXPOSE',
    'find': 'store:FIND',
    'find-offers': 'offers:FIND_OFFERS',
    'grant': 'grants:GRANT',
    'grant-secret': 'secret_changes:GRANT_SECRET',
    'help': 'help:HELP',
    'info': 'store:INFO',
    'integrate': 'relations:INTEGRATE',
    'machines': 'machines:MACHINES',
    'model-config': 'model_config:MODEL_CONFIG',
    'model-defaults': 'defaults:MODEL_DEFAULTS',
    'model-constraints': 'constraints:MODEL_CONSTRAINTS',
    'models': 'models:MODELS',
    'offer': 'offers:OFFER',
    'offers': 'offers:OFFERS',
    'operations': 'operations:OPERATIONS',
    'refresh': 'refresh:REFRESH',
    'regions': 'clouds:REGIONS',
    'remove-application': 'removal:REMOVE_APPLICATION',
    'remove-cloud': 'clouds:REMOVE_CLOUD',
    'remove-credential': 'credentials:REMOVE_CREDENTIAL',
    'remove-machine': 'removal:REMOVE_MACHINE',
    'remove-offer': 'offers:REMOVE_OFFER',
    'remove-relation': 'relations:REMOVE_RELATION',
    'remove-saas': 'consume:REMOVE_SAAS',
    'remove-secret': 'secret_changes:REMOVE_SECRET',
    'remove-ssh-key': 'ssh_keys:REMOVE_SSH_KEY',
    'remove-storage': 'storage:REMOVE_STORAGE',
    'remove-storage-pool': 'storage_pools:REMOVE_STORAGE_POOL',
    'remove-unit': 'removal:REMOVE_UNIT',
    'resolved': 'units:RESOLVED',
    'resources': 'resources:RESOURCES',
    'resume-relation': 'consume:RESUME_RELATION',
    'revoke': 'grants:REVOKE',
    'revoke-secret': 'secret_changes:REVOKE_SECRET',
    'run': 'run:RUN',
    'scale-application': 'scale:SCALE_APPLICATION',
    'scp': 'ssh:SCP',
    'secrets': 'secrets:SECRETS',
    'set-application-base': 'application_base:SET_APPLICATION_BASE',
    'set-constraints': 'constraints:SET_CONSTRAINTS',
    'set-model-constraints': 'constraints:SET_MODEL_CONSTRAINTS',
    'show-application': 'show:SHOW_APPLICATION',
    'show-cloud': 'clouds:SHOW_CLOUD',
    'show-controller': 'controllers:SHOW_CONTROLLER',
    'show-credential': 'credentials:SHOW_CREDENTIAL',
    'show-machine': 'machines:SHOW_MACHINE',
    'show-model': 'models:SHOW_MODEL',
    'show-offer': 'offers:SHOW_OFFER',
    'show-operation': 'operations:SHOW_OPERATION',
    'show-secret': 'secrets:SHOW_SECRET',
    'show-space': 'subnets:SHOW_SPACE',
    'show-status-log': 'status_log:SHOW_STATUS_LOG',
    'show-storage': 'storage_list:SHOW_STORAGE',
    'show-task': 'operations:SHOW_TASK',
    'show-unit': 'show:SHOW_UNIT',
    'show-user': 'users:SHOW_USER',
    'spaces': 'spaces:SPACES',
    'ssh': 'ssh:SSH',
    'ssh-keys': 'ssh_keys:SSH_KEYS',
    'status': 'status:STATUS',
    'storage': 'storage_list:STORAGE',
    'storage-pools': 'storage_pools:STORAGE_POOLS',
    'subnets': 'subnets:SUBNETS',
    'suspend-relation': 'consume:SUSPEND_RELATION',
    'switch': 'controllers:SWITCH',
    'trust': 'config:TRUST',
    'unexpose': 'expose:UNEXPOSE',
    'update-cloud': 'clouds:UPDATE_CLOUD',
    'update-credential': 'credentials:UPDATE_CREDENTIAL',
    'update-secret': 'secret_changes:UPDATE_SECRET',
    'update-storage-pool': 'storage_pools:UPDATE_STORAGE_POOL',
    'users': 'users:USERS',
    'version': 'version:VERSION',
    'wait-for': 'wait_for:WAIT_FOR',
    'whoami': 'controllers:WHOAMI',
}
ALIASES: Mapping[str, str] = {
    'debug-hook': 'debug-hooks',
    'list-actions': 'actions',
    'list-clouds': 'clouds',
    'list-charm-resources': 'charm-resources',
    'list-controllers': 'controllers',
    'list-disabled-commands': 'disabled-commands',
    'list-credentials': 'credentials',
    'list-machines': 'machines',
    'list-models': 'models',
    'list-offers': 'offers',
    'list-operations': 'operations',
    'list-regions': 'regions',
    'list-resources': 'resources',
    'list-secrets': 'secrets',
    'list-spaces': 'spaces',
    'list-ssh-keys': 'ssh-keys',
    'list-users': 'users',
    'list-subnets': 'subnets',
    'list-storage': 'storage',
    'list-storage-pools': 'storage-pools',
    'model-default': 'model-defaults',
    'relate': 'integrate',
    'resolve': 'resolved',
    'set-default-region': 'default-region',
    'show-credentials': 'show-credential',
    'update-credentials': 'update-credential',
}


def load(name: str) -> Command:
    """The command called *name*.

    Raises:
        WrongUsage: there is none.
    """
    place = COMMANDS.get(ALIASES.get(name, name))
    if place is None and name in unsupported.REASONS:
        return unsupported.command(name)
    if place is None:
        raise faults.WrongUsage(
            f'juju: "{name}" is not a juju command. See "juju --help".', hint=_did_you_mean(name)
        )
    module, _, attribute = place.partition(':')
    loaded: Command = getattr(importlib.import_module(f'pocket.client.commands.{module}'), attribute)
    return loaded


def _did_you_mean(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, [*COMMANDS, *ALIASES], n=1, cutoff=0.65)
    return f'Did you mean:\n\t{close[0]}' if close else ''
