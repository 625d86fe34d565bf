"""What may be said of StatefulSets, pods and services."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pocket.api.kube import workloads
from pocket.api.kube.objects import Refused
from pocket.model.pods import ContainerLimits
from pocket.services.cluster.templates import Template

OWN = {'app.kubernetes.io/name': 'blog'}
CURRENT: dict[str, Any] = {
    'metadata': {'name': 'blog', 'labels': OWN},
    'spec': {
        'replicas': 2,
        'selector': {'matchLabels': OWN},
        'serviceName': 'blog-endpoints',
        'podManagementPolicy': 'Parallel',
        'updateStrategy': {'type': 'RollingUpdate', 'rollingUpdate': {'partition': 0}},
        'template': {
            'metadata': {'labels': OWN},
            'spec': {
                'containers': [{'name': 'charm', 'image': 'c'}, {'name': 'web', 'image': 'w'}],
                'serviceAccountName': 'blog',
                'terminationGracePeriodSeconds': 30,
            },
        },
    },
}


def _wanted(path: str, value: object) -> dict[str, Any]:
    """`CURRENT` with another value at *path*."""
    found = copy.deepcopy(CURRENT)
    *steps, last = path.split('.')
    at: Any = found
    for step in steps:
        at = at[int(step) if step.isdecimal() else step]
    at[last] = value
    return found


def test_what_is_as_it_was_asks_for_nothing() -> None:
    assert workloads.template(CURRENT, CURRENT, Template()) == Template()
    assert Template().revision(0) == ''


def test_limits_are_those_of_the_container() -> None:
    limits = {'limits': {'memory': '64Mi', 'cpu': '1500m'}, 'requests': {'cpu': '100m'}}
    wanted = _wanted('spec.template.spec.containers.1.resources', limits)
    found = workloads.template(CURRENT, wanted, Template(restarts={'0': 1}))
    assert found.limits('web') == ContainerLimits(memory_bytes=64 * 2**20, cpu_millis=1500)
    assert found.limits('charm') == ContainerLimits()
    # What may be used is asked for.
    assert found.resources['web']['requests'] == {'memory': '64Mi', 'cpu': '100m'}
    assert found.restarts == {'0': 1}
    assert len({found.revision(0), found.revision(1), Template().revision()}) == 3


def test_pods_are_held_back_and_marked() -> None:
    held = _wanted('spec.updateStrategy.rollingUpdate.partition', 2)
    assert workloads.template(CURRENT, held, Template()).partition == 2
    marked = _wanted('spec.template.metadata.annotations', {'restartedAt': 'now'})
    found = workloads.template(CURRENT, marked, Template())
    assert (found.annotations, bool(found.revision(0))) == ({'restartedAt': 'now'}, True)
    shown = _wanted('spec.template.spec.terminationGracePeriodSeconds', 90)
    found = workloads.template(CURRENT, shown, Template())
    assert (found.more, found.revision(0)) == ({'terminationGracePeriodSeconds': 90}, '')


@pytest.mark.parametrize(
    ('path', 'value', 'said'),
    [
        ('spec.replicas', 3, 'juju scale-application'),
        ('spec.selector', {}, 'spec.selector: Forbidden'),
        ('spec.template.spec.volumes', [], 'volumes: Forbidden: pods of pocket cannot have it'),
        ('spec.template.spec.containers.1.env', [], r'containers\[web\].env: Forbidden'),
        ('spec.template.spec.containers.1.name', 'other', '"other": the charm says'),
        ('spec.template.spec.containers.1.resources', {'limits': {'cpu': 'much'}}, 'no quantity'),
        ('spec.template.metadata.labels', {'app.kubernetes.io/name': 'x'}, 'does not match'),
        ('spec.updateStrategy.type', 'OnDelete', 'Unsupported value'),
        ('spec.updateStrategy.rollingUpdate', {'partition': -1}, 'must be a number'),
    ],
)
def test_what_pods_cannot_have_is_refused(path: str, value: object, said: str) -> None:
    with pytest.raises(Refused, match=said):
        workloads.template(CURRENT, _wanted(path, value), Template())


def test_of_a_pod_labels_and_annotations_may_change() -> None:
    pod: dict[str, Any] = {'metadata': {'name': 'blog-0'}, 'spec': {'x': 1}, 'status': {}}
    labels = {'labels': {'role': 'primary'}}
    assert workloads.pod_metadata(pod, {**pod, 'metadata': {'name': 'blog-0', **labels}}) == labels
    with pytest.raises(Refused, match='labels and annotations'):
        workloads.pod_metadata(pod, {**pod, 'spec': {'x': 2}})


def test_a_service_has_ports_with_targets() -> None:
    spec = {'selector': {'role': 'primary'}, 'clusterIP': '10.0.0.9', 'ports': [{'port': 80}]}
    assert workloads.service({'spec': spec})['spec'] == {
        'selector': {'role': 'primary'},
        'ports': [{'port': 80, 'protocol': 'TCP', 'targetPort': 80}],
    }
    assert workloads.service({'spec': {'clusterIP': 'None'}})['spec']['clusterIP'] == 'None'


@pytest.mark.parametrize(
    ('spec', 'said'),
    [
        ({'type': 'NodePort', 'ports': [{'port': 80}]}, '"NodePort": supported values on pocket'),
        ({}, 'spec.ports: Required value'),
        ({'ports': [{'port': 0}]}, r'ports\[0\].port: Invalid value'),
        ({'ports': [{'port': 80, 'targetPort': 'http'}]}, 'targetPort: Invalid value: "http"'),
        ({'ports': [{'port': 80}, {'port': 81}]}, 'name: Required value'),
        ({'ports': [{'port': 80, 'name': 'a'}, {'port': 81, 'name': 'a'}]}, 'name: Duplicate value'),
        ({'ports': [{'port': 80, 'protocol': 'SCTP'}]}, 'protocol: Unsupported value'),
    ],
)
def test_services_that_cannot_be_are_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        workloads.service({'spec': spec})
