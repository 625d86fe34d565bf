from __future__ import annotations

from dataclasses import replace

import pytest

from pocket.agents.pods import rollout
from pocket.agents.pods.rollout import PodState
from pocket.model import Base, Life
from pocket.model.pods import ContainerLimits, ContainerSpec, OciReference, PodSpec
from pocket.services.cluster.pods import PodRecord

POD = PodRecord(
    model_uuid='m',
    id='0',
    host_name='juju-1-0',
    unit='web/0',
    region='k8s/default',
    base=Base(name='ubuntu', channel='24.04'),
    life=Life.ALIVE,
    spec=PodSpec(
        hostname='web-0', containers=(ContainerSpec(name='web', image=OciReference(path='oci:/image')),)
    ),
    waiting='',
)


def _print(pod: PodRecord = POD, *, charm_url: str = 'local:web-0', charm_modified: int = 0) -> str:
    return rollout.fingerprint(pod, charm_url=charm_url, charm_modified=charm_modified)


def test_a_pod_is_told_from_one_of_another_image_charm_or_base() -> None:
    other = (ContainerSpec(name='web', image=OciReference(path='oci:/other')),)
    prints = [
        _print(),
        _print(charm_url='local:web-1'),
        _print(charm_modified=1),
        _print(replace(POD, base=Base(name='ubuntu', channel='22.04'))),
        _print(replace(POD, spec=replace(POD.spec, containers=other))),
    ]
    assert len(set(prints)) == len(prints)


def test_limits_and_what_clients_say_of_a_pod_make_another() -> None:
    limits = ContainerLimits(memory_bytes=4096)
    limited = (replace(POD.spec.containers[0], limits=limits),)
    prints = [
        _print(),
        _print(replace(POD, spec=replace(POD.spec, limits=limits))),
        _print(replace(POD, spec=replace(POD.spec, containers=limited))),
        _print(replace(POD, spec=replace(POD.spec, revision='a'))),
    ]
    assert len(set(prints)) == len(prints)


def test_what_containers_are_told_of_the_cluster_makes_no_other_pod() -> None:
    told = replace(POD.spec, environment={'KUBERNETES_SERVICE_HOST': '10.0.0.1'})
    assert _print(replace(POD, spec=told)) == _print()


def test_a_pod_that_no_client_has_changed_is_what_it_was_when_none_could() -> None:
    # Else an upgrade of pocket would replace every pod.
    assert _print().startswith('aeeccd0f364395f3')


def test_what_a_pod_is_not_made_of_makes_no_other() -> None:
    assert _print(replace(POD, life=Life.DYING, waiting='something', host_name='other')) == _print()


def test_what_a_tag_means_makes_no_other_pod() -> None:
    def of(**image: str) -> str:
        web = ContainerSpec(name='web', image=OciReference(path='registry.example/web:1', **image))
        return _print(replace(POD, spec=replace(POD.spec, containers=(web,))))

    assert of() == of(digest=f'sha256:{"0" * 64}')
    assert of() != of(password='other')
    # Of a pod that runs since before digests were known: it goes on.
    assert _print() == 'aeeccd0f364395f3e8b03286556b7081c61a10a0bb89b5a62198e3a68669fb9c'


@pytest.mark.parametrize(
    ('ordinal', 'current', 'may'),
    [
        (2, {0: False, 1: False, 2: False}, True),
        (1, {0: False, 1: False, 2: False}, False),
        (1, {0: False, 1: False, 2: True}, True),
        (0, {0: False, 1: False, 2: True}, False),
        (0, {0: False}, True),
    ],
)
def test_pods_take_turns_from_the_highest(ordinal: int, current: dict[int, bool], may: bool) -> None:
    others = [PodState(ordinal=number, current=done) for number, done in current.items()]
    assert rollout.may_be_replaced(ordinal, others) is may


def test_a_container_that_keeps_ending_is_started_ever_later() -> None:
    pauses: list[float | None] = [None]
    for _ in range(8):
        pauses.append(rollout.next_pause_s(pauses[-1], ran_s=1.0))
    assert pauses[1:] == [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    assert rollout.next_pause_s(300.0, ran_s=700.0) == 0.0
