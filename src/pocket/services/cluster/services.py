"""Services of a model on Kubernetes: one for each application, and those that clients made or changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pocket.model import PortRange
from pocket.model.cluster import ClusterService, ServicePort
from pocket.services import network, rows
from pocket.services.cluster import objectrows
from pocket.services.cluster.objectrows import KubeObject
from pocket.state import Tx

Document = dict[str, Any]

KIND = 'Service'
HEADLESS = 'None'
_PODS = """
    SELECT unit.application, unit.number, unit.ports, machine.address, machine.running
    FROM unit JOIN machine ON machine.model_uuid = unit.model_uuid AND machine.id = unit.machine_id
    WHERE unit.model_uuid = ? AND machine.pod_of = unit.name AND machine.address <> ''
    ORDER BY unit.application, unit.number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod that has an address, as services see it."""

    application: str
    number: int
    address: str
    running: bool
    ports: tuple[PortRange, ...]
    labels: Mapping[str, str]

    @property
    def name(self) -> str:
        """As Kubernetes has it."""
        return f'{self.application}-{self.number}'


def labels_of(application: str) -> Document:
    """What each pod of an application has, and its service selects by."""
    return {'app.kubernetes.io/name': application, 'app.kubernetes.io/managed-by': 'juju'}


def pod_labels(application: str, number: int, run: KubeObject | None) -> Document:
    """The labels of one pod, of which *run* is what is kept."""
    name = f'{application}-{number}'
    metadata: Document = (run.document.get('metadata') or {}) if run else {}
    return {
        **labels_of(application),
        'apps.kubernetes.io/pod-index': str(number),
        'statefulset.kubernetes.io/pod-name': name,
        **(metadata.get('labels') or {}),
    }


def pods(tx: Tx, uuid: str) -> list[Pod]:
    """Return the pods that have an address, by application and number."""
    runs = {run.name: run for run in objectrows.list_(tx, uuid, 'Pod')}
    return [
        Pod(
            application=str(row['application']),
            number=int(row['number']),
            address=str(row['address']),
            running=bool(row['running']),
            ports=tuple(network.ports_from(row['ports'])),
            labels=pod_labels(
                str(row['application']),
                int(row['number']),
                runs.get(f'{row["application"]}-{row["number"]}'),
            ),
        )
        for row in rows.many(tx, _PODS, uuid)
    ]


def applications(tx: Tx, uuid: str) -> Mapping[str, int]:
    """Return when each application was made."""
    found = rows.many(tx, 'SELECT name, created_ms FROM application WHERE model_uuid = ? ORDER BY name', uuid)
    return {str(row['name']): int(row['created_ms']) for row in found}


def kept(tx: Tx, uuid: str) -> dict[str, KubeObject]:
    """Return what clients have said of services, by name; what was said of applications that went, went."""
    made = applications(tx, uuid)
    return {
        found.name: found
        for found in objectrows.list_(tx, uuid, KIND)
        if found.document.get('owner', made.get(found.name)) == made.get(found.name)
    }


def members(tx: Tx, uuid: str, name: str) -> list[Pod]:
    """Return the pods of a service that run."""
    changed = kept(tx, uuid).get(name)
    spec: Mapping[str, Any] = changed.document['spec'] if changed else {}
    return _selected(pods(tx, uuid), spec, name if name in applications(tx, uuid) else '')


def opened(all_pods: Iterable[Pod], application: str) -> tuple[ServicePort, ...]:
    """Return the ports that units of an application opened."""
    backends: dict[tuple[str, int, int], list[str]] = {}
    for pod in all_pods:
        if pod.application == application and pod.running:
            for key in {(port.protocol, port.first, port.last) for port in pod.ports if port.first}:
                backends.setdefault(key, []).append(pod.address)
    return tuple(
        ServicePort(protocol=protocol, first=first, last=last, backends=tuple(sorted(addresses)))
        for (protocol, first, last), addresses in sorted(backends.items())
    )


def wanted(tx: Tx, uuid: str) -> tuple[ClusterService, ...]:
    """Return what the network is to have: the services that have an address."""
    own, changed, known = applications(tx, uuid), kept(tx, uuid), pods(tx, uuid)
    made: dict[str, ClusterService] = {}
    for name in sorted({*own, *changed}):
        ports: tuple[ServicePort, ...] = ()
        uid = changed[name].uid if name in changed else ''
        if name in changed:
            spec: Mapping[str, Any] = changed[name].document['spec']
            if name not in own and spec.get('clusterIP') == HEADLESS:
                continue
            leads_to = _selected(known, spec, name if name in own else '')
            ports = _ports(spec, [pod.address for pod in leads_to])
        if name in own:
            said = {(port.protocol, port.first) for port in ports}
            ports += tuple(port for port in opened(known, name) if (port.protocol, port.first) not in said)
        made[name] = ClusterService(name=name, uid=uid, ports=ports)
    return tuple(made.values())


def target(port: Mapping[str, Any]) -> int:
    """The port of the pods that a port of a service leads to."""
    given: object = port.get('targetPort')
    return given if isinstance(given, int) and given else int(port['port'])


def _ports(spec: Mapping[str, Any], addresses: Iterable[str]) -> tuple[ServicePort, ...]:
    backends = tuple(sorted(addresses))
    if not backends:
        return ()
    return tuple(
        ServicePort(
            protocol=str(port.get('protocol') or 'TCP').lower(),
            first=int(port['port']),
            last=int(port['port']),
            backends=backends,
            target=0 if target(port) == int(port['port']) else target(port),
        )
        for port in spec.get('ports') or ()
    )


def _selected(known: Iterable[Pod], spec: Mapping[str, Any], application: str) -> list[Pod]:
    """Those of the *known* that run and that a service means; by default all of its *application*."""
    selector: Mapping[str, Any] = spec.get('selector') or {}
    if not selector and application:
        selector = {'app.kubernetes.io/name': application}
    return [pod for pod in known if selector and pod.running and _meets(pod.labels, selector)]


def _meets(labels: Mapping[str, str], selector: Mapping[str, Any]) -> bool:
    return all(labels.get(key) == str(value) for key, value in selector.items())
