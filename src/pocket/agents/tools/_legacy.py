"""Tools that charms of other times or other clouds call."""

from __future__ import annotations

from pocket.agents.tools._protocol import Reply, ToolFault
from pocket.agents.tools._status import NOT_LEADER
from pocket.agents.tools._tool import Call, Tool


def _ignored(_: Call) -> Reply:
    """Payloads were never more than notes to the operator, and Juju itself gave them up."""
    return Reply()


def _refused(_: Call) -> Reply:
    """Only the leader of an application on Kubernetes has a pod to describe."""
    raise ToolFault(NOT_LEADER)


_POD = ('k8s-raw-get', 'k8s-raw-set', 'k8s-spec-get', 'k8s-spec-set', 'pod-spec-get', 'pod-spec-set')

TOOLS = (
    Tool(name='payload-register', usage='<type> <class> <id> [tags...]', run=_ignored, max_args=None),
    Tool(name='payload-status-set', usage='<class> <id> <status>', run=_ignored, max_args=None),
    Tool(name='payload-unregister', usage='<class> <id>', run=_ignored, max_args=None),
    *(
        Tool(
            name=name,
            usage='[--file FILE]' if name.endswith('set') else '',
            run=_refused,
            texts=('file', 'k8s-resources') if name.endswith('set') else (),
        )
        for name in _POD
    ),
)
