"""What clients of the Kubernetes API have made of the pods of applications: limits, labels, rollouts.

The wish is kept as the object of kind StatefulSet that has the application's name, and what a run of a pod
was started with as the object of kind Pod that has the pod's.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pocket.model import application_of, quantities
from pocket.model.pods import UNLIMITED, ContainerLimits
from pocket.services import rows
from pocket.services.cluster import objectrows
from pocket.state import Tx

Document = dict[str, Any]

SET, POD = 'StatefulSet', 'Pod'
_OWNER = 'owner'
"""Which application of that name it is for: one that is deployed anew is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What pods of an application are to have besides what their charm says."""

    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    resources: Mapping[str, Document] = field(default_factory=dict[str, Document])
    """By container: its limits and requests, as they were given."""
    more: Document = field(default_factory=dict[str, Any])
    """What of the pods' specification has no effect here, and is as well shown as given."""
    partition: int = 0
    """Pods of lower numbers are not replaced."""
    restarts: Mapping[str, int] = field(default_factory=dict[str, int])
    """How often clients have deleted the pod of each number."""
    metadata: Document = field(default_factory=dict[str, Any])
    """Labels and annotations of the StatefulSet itself."""
    version: int = 0

    def limits(self, container: str) -> ContainerLimits:
        """What a container may use."""
        given: Mapping[str, Any] = (self.resources.get(container) or {}).get('limits') or {}
        memory, cpu = (quantities.parse(str(given.get(key, '0'))) or 0 for key in ('memory', 'cpu'))
        found = ContainerLimits(memory_bytes=int(memory), cpu_millis=int(cpu * 1000))
        return UNLIMITED if found == UNLIMITED else found

    def revision(self, number: int | None = None) -> str:
        """Names what the pod *number* is made of; empty when it is nothing but what its charm says."""
        restarts = 0 if number is None else self.restarts.get(str(number), 0)
        wanted = (self.labels, self.annotations, self.resources, restarts)
        if not any(wanted):
            return ''
        return hashlib.sha256(rows.dumps(wanted).encode()).hexdigest()[:10]


def read(tx: Tx, uuid: str, application: str) -> Template:
    """Return what the pods of an application are to have."""
    found = objectrows.find(tx, uuid, SET, application)
    if found is None or found.document.get(_OWNER) != _owner(tx, uuid, application):
        return Template()
    values = {key: value for key, value in found.document.items() if key != _OWNER}
    return Template(**values, version=found.version)


def write(tx: Tx, uuid: str, application: str, template: Template) -> None:
    """Keep what the pods of an application are to have."""
    document = {
        _OWNER: _owner(tx, uuid, application),
        'labels': dict(template.labels),
        'annotations': dict(template.annotations),
        'resources': dict(template.resources),
        'more': template.more,
        'partition': template.partition,
        'restarts': dict(template.restarts),
        'metadata': template.metadata,
    }
    objectrows.put(tx, uuid, SET, application, document)


def note_started(tx: Tx, uuid: str, unit: str, revision: str) -> None:
    """Note that a new run of a unit's pod has begun, made of *revision*: to Kubernetes, it is another pod."""
    application, number = application_of(unit), int(unit.rpartition('/')[2])
    template, name = read(tx, uuid, application), unit.replace('/', '-')
    if revision != template.revision(number):
        template = Template()  # it will be replaced as soon as it runs
    if objectrows.find(tx, uuid, POD, name) is not None:
        objectrows.delete(tx, uuid, POD, name)
    metadata = {'labels': dict(template.labels), 'annotations': dict(template.annotations)}
    document = {'metadata': metadata, 'resources': dict(template.resources), 'revision': revision}
    objectrows.create(tx, uuid, POD, name, document)


def label(tx: Tx, uuid: str, pod: str, metadata: Document) -> None:
    """Give the run of a pod that there is other labels and annotations, which go with it."""
    found = objectrows.find(tx, uuid, POD, pod)
    document: Document = dict(found.document) if found else {'resources': {}, 'revision': ''}
    objectrows.put(tx, uuid, POD, pod, {**document, 'metadata': metadata})


def restart(tx: Tx, uuid: str, pod: str) -> None:
    """Have a pod replaced by one like it."""
    application, _, number = pod.rpartition('-')
    template = read(tx, uuid, application)
    restarts = {**template.restarts, number: template.restarts.get(number, 0) + 1}
    write(tx, uuid, application, dataclasses.replace(template, restarts=restarts))


def _owner(tx: Tx, uuid: str, application: str) -> int:
    row = rows.one(
        tx, 'SELECT created_ms FROM application WHERE model_uuid = ? AND name = ?', uuid, application
    )
    return 0 if row is None else int(row['created_ms'])
