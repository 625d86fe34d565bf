"""The environment of hooks, actions and commands: all of it, since nothing is inherited."""

from __future__ import annotations

from collections.abc import Sequence

from pocket.agents import secrets, storage
from pocket.agents.context import HookContext
from pocket.agents.local import Hook
from pocket.agents.paths import MachinePaths
from pocket.model import JUJU_VERSION, PendingAction, StorageView
from pocket.model.pods import WorkloadEvent

SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin'

_PROXIES = tuple(f'JUJU_CHARM_{kind}_PROXY' for kind in ('FTP', 'HTTPS', 'HTTP', 'NO'))


def build(
    context: HookContext,
    *,
    paths: MachinePaths,
    api_addresses: Sequence[str],
    dispatch_path: str = '',
) -> dict[str, str]:
    """Return the environment of *context*'s run.

    Args:
        dispatch_path: What is run, such as ``hooks/install``; empty for a command.
    """
    view, hook = context.view, context.hook
    charm_dir = paths.charm(view.unit)
    env = {
        'APT_LISTCHANGES_FRONTEND': 'none',
        'CHARM_DIR': charm_dir,
        'CLOUD_API_VERSION': '',
        'DEBIAN_FRONTEND': 'noninteractive',
        'JUJU_AGENT_SOCKET_ADDRESS': paths.socket(view.unit),
        'JUJU_AGENT_SOCKET_NETWORK': 'unix',
        'JUJU_API_ADDRESSES': ' '.join(api_addresses),
        'JUJU_AVAILABILITY_ZONE': view.availability_zone,
        'JUJU_CHARM_DIR': charm_dir,
        'JUJU_CONTEXT_ID': context.id,
        'JUJU_HOOK_NAME': hook.name if hook else '',
        'JUJU_MACHINE_ID': view.machine,
        'JUJU_MODEL_NAME': view.model_name,
        'JUJU_MODEL_UUID': view.model_uuid,
        'JUJU_PRINCIPAL_UNIT': view.principal,
        'JUJU_SLA': 'unsupported',
        'JUJU_UNIT_NAME': view.unit,
        'JUJU_VERSION': JUJU_VERSION,
        'LANG': 'C.UTF-8',
        'PATH': f'{paths.tools(view.unit)}:{SYSTEM_PATH}',
        'TERM': 'tmux-256color',
    }
    env |= dict.fromkeys(_PROXIES, '') | dict(view.surroundings.proxies)
    env |= dict(view.surroundings.kubernetes)
    if view.pod:
        env['JUJU_CONTAINER_NAMES'] = ','.join(sorted(view.charm.metadata.get('containers') or ()))
    if dispatch_path:
        env['JUJU_DISPATCH_PATH'] = dispatch_path
    if hook and hook.in_relation:
        env.update(_relation(hook))
    if hook and hook.secret:
        env.update(secrets.environment(hook.secret))
    if hook and (instance := storage.find(view, hook.storage_id)):
        env.update(_storage(instance))
    if hook and hook.workload:
        env.update(_workload(hook.workload))
    if context.action and dispatch_path:
        env.update(_action(context.action))
    return env


def _relation(hook: Hook) -> dict[str, str]:
    env = {
        'JUJU_RELATION': hook.endpoint,
        'JUJU_RELATION_ID': f'{hook.endpoint}:{hook.relation_id}',
        'JUJU_REMOTE_APP': hook.remote_application,
        'JUJU_REMOTE_UNIT': hook.remote_unit,
    }
    if hook.departing_unit:
        env['JUJU_DEPARTING_UNIT'] = hook.departing_unit
    return env


def _storage(instance: StorageView) -> dict[str, str]:
    return {
        'JUJU_STORAGE_ID': instance.id,
        'JUJU_STORAGE_KIND': instance.kind,
        'JUJU_STORAGE_LOCATION': instance.location,
    }


def _workload(event: WorkloadEvent) -> dict[str, str]:
    env = {'JUJU_WORKLOAD_NAME': event.container}
    if event.check_name:
        env['JUJU_PEBBLE_CHECK_NAME'] = event.check_name
    elif event.notice_id:
        env['JUJU_NOTICE_ID'] = event.notice_id
        env['JUJU_NOTICE_TYPE'] = event.notice_type
        env['JUJU_NOTICE_KEY'] = event.notice_key
    return env


def _action(action: PendingAction) -> dict[str, str]:
    return {
        'JUJU_ACTION_NAME': action.name,
        'JUJU_ACTION_TAG': f'action-{action.id}',
        'JUJU_ACTION_UUID': action.id,
    }
