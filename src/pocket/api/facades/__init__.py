"""Every facade that pocket has, by name; one module each."""

# No future import here: it would bind `annotations`, the name of a facade's module, in this package.
from collections.abc import Mapping

from pocket.api.facade import Facade
from pocket.api.facades import (
    action,
    all_watcher,
    annotations,
    application,
    application_offers,
    block,
    bundle,
    charms,
    client,
    cloud,
    controller,
    high_availability,
    key_manager,
    machine_manager,
    model_config,
    model_manager,
    model_summary_watcher,
    pinger,
    resources,
    secrets,
    spaces,
    ssh_client,
    storage,
    strings_watcher,
    subnets,
    user_manager,
)

__all__ = ['ALL']

_FACADES: tuple[Facade, ...] = (
    action.FACADE,
    all_watcher.FACADE,
    annotations.FACADE,
    application.FACADE,
    application_offers.FACADE,
    block.FACADE,
    bundle.FACADE,
    charms.FACADE,
    client.FACADE,
    cloud.FACADE,
    controller.FACADE,
    high_availability.FACADE,
    key_manager.FACADE,
    machine_manager.FACADE,
    model_config.FACADE,
    model_manager.FACADE,
    model_summary_watcher.FACADE,
    pinger.FACADE,
    resources.FACADE,
    secrets.FACADE,
    spaces.FACADE,
    ssh_client.FACADE,
    storage.FACADE,
    strings_watcher.FACADE,
    subnets.FACADE,
    user_manager.FACADE,
)
ALL: Mapping[str, Facade] = {facade.name: facade for facade in _FACADES}
