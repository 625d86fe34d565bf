"""Which environments words mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.inventory import selecting
from hoodoo.inventory.environment import Environment, Place


def _environment(name: str, **labels: str) -> Environment:
    service, cloud, region, stage = name.split('/')
    return Environment(
        name=name,
        service=service,
        cloud=cloud,
        region=region,
        stage=stage,
        controller=f'{cloud}-{region}',
        model=f'{service}-{stage}',
        spec='',
        production=stage == 'production',
        owners=('web', 'ops') if service == 'blog' else (),
        labels=labels,
        place=Place(file=Path('x'), line=1),
    )


ALL = (
    _environment('blog/aws/us-east-1/ci'),
    _environment('blog/aws/us-east-1/production', tier='front'),
    _environment('mirror/azure/japaneast/production', tier='back'),
    _environment('mirror/azure/japanwest/production', tier='back'),
)


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        ([], [0, 1, 2, 3]),
        (['blog'], [0, 1]),
        (['blog/'], [0, 1]),
        (['blog/aws/us-east-1/ci'], [0]),
        (['*/production'], [1, 2, 3]),
        (['mirror/*/japan?ast'], [2]),
        (['!blog'], [2, 3]),
        (['stage=production', 'cloud=aws'], [1]),
        (['stage!=production'], [0]),
        (['region=japan*,us-*', '!mirror/azure/japanwest'], [0, 1, 2]),
        (['owner=web'], [0, 1]),
        (['owner!=web'], [2, 3]),
        (['tier=front'], [1]),
        (['tier!=front'], [0, 2, 3]),
        (['production=true', 'tier=back'], [2, 3]),
        (['controller=azure-japaneast'], [2]),
        (['model=none'], []),
        (['nothing*'], []),
    ],
)
def test_select(words: list[str], expected: list[int]) -> None:
    assert selecting.select(ALL, words) == tuple(ALL[index] for index in expected)


@pytest.mark.parametrize(
    ('word', 'message', 'hint'),
    [
        ('stge=ci', 'cannot select by "stge"', 'Did you mean "stage"?'),
        ('blg', 'cannot find environment "blg"', 'Did you mean'),
        ('!blg', 'cannot find environment "blg"', ''),
    ],
)
def test_what_is_not_there_is_told(word: str, message: str, hint: str) -> None:
    with pytest.raises(errors.UsageFault, match=message) as caught:
        selecting.select(ALL, [word])
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ('name', 'expected'),
    [('blog/aws/us-east-1/ci', 0), ('mirror/azure/japanwest', 3), ('*ci', 0), ('mirror japan east', 2)],
)
def test_the_one(name: str, expected: int) -> None:
    assert selecting.the_one(ALL, name) == ALL[expected]


def test_several_are_none() -> None:
    with pytest.raises(
        errors.UsageFault, match=r'it may be mirror/azure/japaneast.*, mirror/azure/japanwest'
    ):
        selecting.the_one(ALL, 'mirror')
    with pytest.raises(errors.UsageFault, match='cannot find environment "zzz"'):
        selecting.the_one(ALL, 'zzz')
