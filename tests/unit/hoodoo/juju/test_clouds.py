"""The cloud of a new model, from what the controller has and what somebody asked for."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from bedrock import errors
from hoodoo.juju import clouds

ONE = {'pocket': 'lxd', 'k8s': 'kubernetes'}
SEVERAL = {**ONE, 'aks': 'kubernetes'}


@pytest.mark.parametrize(
    ('known', 'asked', 'on_kubernetes', 'chosen'),
    [
        (ONE, '', False, ''),
        (ONE, '', True, 'k8s'),
        (ONE, 'k8s', True, 'k8s'),
        (SEVERAL, 'aks/west', True, 'aks/west'),
        (ONE, 'pocket', False, 'pocket'),
    ],
)
def test_a_cloud_is_chosen(known: dict[str, str], asked: str, on_kubernetes: bool, chosen: str) -> None:
    found = clouds.choose(known, asked=asked, on_kubernetes=on_kubernetes, controller='c')
    assert found == chosen


@pytest.mark.parametrize(
    ('known', 'asked', 'on_kubernetes', 'said', 'hint'),
    [
        (ONE, 'k9s', True, 'cannot use cloud "k9s": the controller has none of that name', 'Did you mean'),
        (ONE, 'pocket', True, 'cannot use cloud "pocket" of type lxd: the bundle is for Kubernetes', ''),
        (ONE, 'k8s', False, 'cannot use cloud "k8s" of type kubernetes: the bundle is for machines', ''),
        (SEVERAL, '', True, 'the controller has several', '--cloud or HOODOO_CLOUD'),
        ({'pocket': 'lxd'}, '', True, 'the controller has none', 'juju add-k8s'),
    ],
)
def test_what_cannot_be_chosen_is_told_with_what_there_is(
    known: dict[str, str], asked: str, on_kubernetes: bool, said: str, hint: str
) -> None:
    with pytest.raises(errors.UsageFault) as failure:
        clouds.choose(known, asked=asked, on_kubernetes=on_kubernetes, controller='c')
    assert said in failure.value.message
    assert hint in failure.value.hint
    assert 'pocket (lxd)' in failure.value.hint


def test_clouds_are_read_from_the_controllers_answer() -> None:
    answer: dict[str, Any] = {
        'clouds': {'cloud-k8s': {'type': 'kubernetes', 'regions': 1}, 'cloud-a': {'type': 'lxd'}}
    }
    assert clouds.decode(answer) == {'k8s': 'kubernetes', 'a': 'lxd'}


@pytest.mark.parametrize(
    ('cloud', 'region', 'asked', 'elsewhere'),
    [
        ('aws', 'east', '', ''),
        ('aws', 'east', 'aws', ''),
        ('aws', 'east', 'aws/east', ''),
        ('aws', 'east', 'aws/west', 'aws/east'),
        ('aws', 'east', 'azure', 'aws/east'),
        ('aws', 'east', '/west', 'aws/east'),
        ('k8s', '', 'azure/west', 'k8s'),
        # It does not tell.
        ('', '', 'aws', ''),
    ],
)
def test_a_model_that_is_on_another_cloud_is_refused(
    cloud: str, region: str, asked: str, elsewhere: str
) -> None:
    refused = pytest.raises(errors.UsageFault, match=f'"m" is there already, on {elsewhere}$')
    with refused if elsewhere else contextlib.nullcontext():
        clouds.check_home(cloud, region, asked=asked, model='m')


def test_where_a_model_is_is_read_from_the_controllers_answer() -> None:
    told = {'results': [{'result': {'cloud-tag': 'cloud-aws', 'cloud-region': 'east'}}]}
    assert clouds.home(told) == ('aws', 'east')
    assert clouds.home({'results': [{'error': {'message': 'no'}}]}) == ('', '')
