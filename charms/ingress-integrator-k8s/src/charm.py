#!/usr/bin/env python3
"""The ingress integrator: every event leads to one look at what is asked for, and to the Ingresses for it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

import ingresses
import kube
import ops
import options
import related
import routes
from routes import Route

log = logging.getLogger(__name__)


class IngressIntegratorCharm(ops.CharmBase):
    """An Ingress for every related application."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self._cluster = ingresses.Cluster(app=self.app.name, model=self.model.name)
        on = self.on
        for event in (on.start, on.upgrade_charm, on.config_changed, on.leader_elected, on.update_status):
            framework.observe(event, self._reconcile)
        for name in (routes.INGRESS, routes.NGINX):
            for event in (on[name].relation_created, on[name].relation_changed, on[name].relation_broken):
                framework.observe(event, self._reconcile)
        framework.observe(on.remove, self._remove)

    def _reconcile(self, event: ops.EventBase) -> None:
        if not self.unit.is_leader():
            # One unit of the application keeps them, and the API's objects outlive it.
            self.unit.status = ops.ActiveStatus()
            return
        wanted = self.load_config(options.Options, errors='blocked')
        others = related.Related(self, event)
        found, faults = self._routes(wanted, others)
        kept, fault = routes.apart(found)
        kept, faults = self._in_reach(kept, [*faults, fault])
        if fault := self._carry_out(kept, wanted):
            faults.insert(0, fault)
        else:
            self._publish(kept, others)
        faults = list(filter(None, faults))
        self.unit.status = ops.BlockedStatus(faults[0]) if faults else _status(kept, others)

    def _remove(self, _: ops.RemoveEvent) -> None:
        if self.app.planned_units() == 0:
            try:
                self._cluster.keep(())
            except kube.KubeError as err:
                log.warning('the Ingresses stay: %s', err)

    def _routes(self, wanted: options.Options, others: related.Related) -> tuple[list[Route], list[str]]:
        found: list[Route] = []
        faults: list[str] = []
        for endpoint, read in ((routes.INGRESS, routes.from_ingress), (routes.NGINX, routes.from_nginx)):
            for relation in others.relations(endpoint):
                try:
                    route = read(
                        others.app_bag(relation),
                        wanted,
                        relation=relation.id,
                        application=relation.app.name,
                    )
                except routes.RouteFault as err:
                    faults.append(str(err))
                    continue
                if route is not None:
                    found.append(route)
        return sorted(found, key=lambda route: route.relation), faults

    def _in_reach(self, found: Sequence[Route], faults: list[str]) -> tuple[tuple[Route, ...], list[str]]:
        """An Ingress leads to services of its own namespace only."""
        here = self._cluster.namespace
        kept = tuple(route for route in found if route.namespace in ('', here))
        far = [
            f'{route.endpoint}: {route.application} is in the namespace {route.namespace}; deploy '
            f'{self.meta.name} there and relate that one'
            for route in found
            if route not in kept
        ]
        return kept, [*faults, *far]

    def _carry_out(self, kept: Sequence[Route], wanted: options.Options) -> str:
        """Return what a person must do first, empty when nothing."""
        namespace = self._cluster.namespace
        documents = [
            ingresses.ingress(
                route, app=self.app.name, namespace=namespace, ingress_class=wanted.ingress_class
            )
            for route in kept
        ]
        trust = f'juju trust {self.app.name} --scope=cluster'
        try:
            self._cluster.keep(documents)
            secrets = dict.fromkeys(route.tls_secret for route in kept if route.tls_secret)
            missing = [name for name in secrets if not self._cluster.has_secret(name)]
        except kube.KubeError as err:
            if err.is_refusal:
                return f'the charm may not keep Ingresses; {trust}'
            log.error('Kubernetes: %s', err)
            return f'Kubernetes does not do it ({err}); check {trust}'
        if missing:
            command = f'kubectl -n {namespace} create secret tls {missing[0]} --cert=FILE --key=FILE'
            return f'tls-secret-name: there is no secret {missing[0]}; {command}'
        return ''

    def _publish(self, kept: Sequence[Route], others: related.Related) -> None:
        """Tell who asked by ``ingress`` where it is; ``nginx-route`` has no such word."""
        urls = {route.relation: route.url for route in kept}
        for relation in others.relations(routes.INGRESS):
            url = urls.get(relation.id)
            others.publish_app(relation, {'ingress': json.dumps({'url': url}) if url else ''})


def _status(kept: Sequence[Route], others: related.Related) -> ops.StatusBase:
    if kept:
        return ops.ActiveStatus(' '.join(route.url for route in kept))
    for endpoint in (routes.INGRESS, routes.NGINX):
        for relation in others.relations(endpoint):
            return ops.WaitingStatus(f'{endpoint}: {relation.app.name} has not said what it wants')
    return ops.BlockedStatus('no application: relate one by ingress or nginx-route')


if __name__ == '__main__':
    ops.main(IngressIntegratorCharm)
