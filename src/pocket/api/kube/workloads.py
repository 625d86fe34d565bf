"""What clients may say of StatefulSets, pods and services, which are there without them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from pocket.api.kube.objects import Document, Refused, check_reference, labelled, list_, mapping
from pocket.model import quantities
from pocket.services.cluster.templates import Template

_SHOWN = (
    *('affinity', 'nodeSelector', 'priorityClassName', 'terminationGracePeriodSeconds', 'tolerations'),
    'topologySpreadConstraints',
)
"""What has no effect where there is one node and pods end as Juju has them end: kept and shown."""
_FIXED = ('podManagementPolicy', 'replicas', 'selector', 'serviceName')
_TYPES = ('ClusterIP', 'LoadBalancer')
_PROTOCOLS = ('TCP', 'UDP')


def template(current: Document, wanted: Document, before: Template) -> Template:
    """What *wanted* asks of the pods of the StatefulSet that is *current* now, as *before* has made it.

    Raises:
        Refused: it asks for something that pods here cannot have, or that is not the StatefulSet's to say.
    """
    spec, now = mapping(wanted.get('spec'), 'spec'), current['spec']
    for key in _FIXED:
        if key in spec and spec[key] != now[key]:
            hint = ': it is what Juju says, see `juju scale-application`' if key == 'replicas' else ''
            raise Refused(f'spec.{key}: Forbidden: it cannot be changed{hint}')
    asked = mapping(spec.get('template'), 'spec.template')
    where = 'spec.template.spec'
    pod = mapping(asked.get('spec'), where)
    if refused := sorted(key for key in pod if key not in (*_SHOWN, *now['template']['spec'])):
        raise Refused(f'{where}.{refused[0]}: Forbidden: pods of pocket cannot have it')
    names = [one['name'] for one in now['template']['spec']['containers']]
    metadata = labelled(mapping(asked.get('metadata'), 'spec.template.metadata'))
    labels: Mapping[str, str] = metadata.get('labels') or {}
    own = current['spec']['selector']['matchLabels']
    if any(labels.get(key, value) != value for key, value in own.items()):
        raise Refused('spec.template.metadata.labels: Invalid value: `selector` does not match them')
    return Template(
        labels={key: value for key, value in labels.items() if key not in _managed(own)},
        annotations=metadata.get('annotations') or {},
        resources=_resources(
            list_(pod.get('containers'), f'{where}.containers'), names, f'{where}.containers'
        ),
        more={key: pod[key] for key in _SHOWN if key in pod and pod[key] != _default(key)},
        partition=_partition(mapping(spec.get('updateStrategy'), 'spec.updateStrategy')),
        restarts=before.restarts,
        metadata=_own_metadata(current, wanted),
    )


def pod_metadata(current: Document, wanted: Document) -> Document:
    """Labels and annotations that *wanted* gives a pod.

    Raises:
        Refused: it changes something else of the pod.
    """
    if any(wanted.get(key) not in (None, current[key]) for key in ('spec', 'status')):
        raise Refused('spec: Forbidden: pod updates may not change fields other than labels and annotations')
    return labelled(mapping(wanted.get('metadata'), 'metadata'))


def service(sent: Document) -> Document:
    """What is kept of a service's specification.

    Raises:
        Refused: it is not valid, or of a type that there is not.
    """
    spec = mapping(sent.get('spec'), 'spec')
    kind = str(spec.get('type') or 'ClusterIP')
    if kind not in _TYPES:
        listed = ', '.join(f'"{one}"' for one in _TYPES)
        raise Refused(f'spec.type: Unsupported value: "{kind}": supported values on pocket: {listed}')
    ports = list_(spec.get('ports'), 'spec.ports')
    is_headless = spec.get('clusterIP') == 'None'
    if not ports and not is_headless:
        raise Refused('spec.ports: Required value')
    names = [str(port.get('name') or '') for port in ports]
    for index, port in enumerate(ports):
        where = f'spec.ports[{index}]'
        _check_port(port.get('port'), f'{where}.port')
        if port.get('targetPort') not in (None, 0, ''):
            _check_port(port['targetPort'], f'{where}.targetPort')
        if str(port.get('protocol') or 'TCP') not in _PROTOCOLS:
            raise Refused(f'{where}.protocol: Unsupported value: supported values: "TCP", "UDP"')
        if names.count(names[index]) > 1:
            what = 'Duplicate value' if names[index] else 'Required value'
            raise Refused(f'{where}.name: {what}')
    kept = {
        key: value
        for key, value in spec.items()
        if key not in ('clusterIPs', 'ports') and value is not None and (key != 'clusterIP' or is_headless)
    }
    kept['ports'] = [
        {
            'protocol': 'TCP',
            **port,
            'targetPort': port.get('targetPort') or port['port'],
        }
        for port in ports
    ]
    selector = mapping(spec.get('selector'), 'spec.selector')
    return {'spec': {**kept, 'selector': {str(key): str(value) for key, value in selector.items()}}}


def config_map(sent: Document) -> Document:
    """What is kept of a ConfigMap."""
    found: Document = {}
    for key in ('data', 'binaryData'):
        values = mapping(sent.get(key), key)
        if not all(isinstance(value, str) for value in values.values()):
            raise Refused(f'{key}: Invalid value: must be text')
        if values:
            found[key] = dict(values)
    return found


def endpoints(sent: Document) -> Document:
    """What is kept of Endpoints: they are noted, and lead nowhere."""
    subsets = list_(sent.get('subsets'), 'subsets')
    return {'subsets': subsets} if subsets else {}


def lease(sent: Document) -> Document:
    """What is kept of a Lease."""
    return {'spec': dict(mapping(sent.get('spec'), 'spec'))}


def _resources(listed: list[Document], names: Collection[str], where: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for one in listed:
        name = str(one.get('name') or '')
        if name not in names:
            raise Refused(f'{where}: Forbidden: "{name}": the charm says which containers there are')
        if other := sorted(set(one) - {'image', 'name', 'resources'}):
            raise Refused(f'{where}[{name}].{other[0]}: Forbidden: containers of pocket cannot have it')
        check_reference(name, where)
        given = mapping(one.get('resources'), f'{where}[{name}].resources')
        kept: Document = {}
        for kind in ('limits', 'requests'):
            amounts = mapping(given.get(kind), f'{where}[{name}].resources.{kind}')
            for key, value in amounts.items():
                if quantities.parse(str(value)) is None:
                    raise Refused(
                        f'{where}[{name}].resources.{kind}[{key}]: Invalid value: "{value}": no quantity'
                    )
            if amounts:
                kept[kind] = {str(key): str(value) for key, value in amounts.items()}
        # What may be used is asked for, unless less is.
        if 'limits' in kept:
            kept['requests'] = {**kept['limits'], **(kept.get('requests') or {})}
        if kept:
            found[name] = kept
    return found


def _partition(strategy: Mapping[str, Any]) -> int:
    if str(strategy.get('type') or 'RollingUpdate') != 'RollingUpdate':
        raise Refused('spec.updateStrategy.type: Unsupported value: supported values: "RollingUpdate"')
    rolling = mapping(strategy.get('rollingUpdate'), 'spec.updateStrategy.rollingUpdate')
    value: object = rolling.get('partition') or 0
    if not isinstance(value, int) or value < 0:
        raise Refused('spec.updateStrategy.rollingUpdate.partition: Invalid value: must be a number')
    return value


def _own_metadata(current: Document, wanted: Document) -> Document:
    found = labelled(mapping(wanted.get('metadata'), 'metadata'))
    managed = _managed(current['spec']['selector']['matchLabels'])
    labels = cast('Mapping[str, str]', found.get('labels') or {})
    kept = {key: value for key, value in labels.items() if key not in managed}
    return {
        **({'labels': kept} if kept else {}),
        **({'annotations': found['annotations']} if 'annotations' in found else {}),
    }


def _managed(selector: Mapping[str, str]) -> frozenset[str]:
    return frozenset({*selector, 'app.kubernetes.io/managed-by'})


def _default(key: str) -> object:
    return 30 if key == 'terminationGracePeriodSeconds' else None


def _check_port(value: object, where: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
        raise Refused(f'{where}: Invalid value: "{value}": must be between 1 and 65535')
