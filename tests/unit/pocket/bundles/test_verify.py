"""Everything that is wrong with a bundle is said at once."""

from __future__ import annotations

import pytest

from pocket import bundles

CASES = [
    ('name: x', 'at least one application must be specified'),
    ('applications: {a: {}}', 'empty charm path in application "a"'),
    ('applications: {a: {charm: x, num_units: -1}}', 'negative number of units specified on application "a"'),
    (
        'applications: {a: {charm: x, num_units: lots}}',
        'cannot read num_units of application "a": it is not a whole number',
    ),
    ('applications: {a: {charm: [x]}}', 'cannot read charm of application "a": it is not a string'),
    (
        'applications: {a: {charm: x, expose: maybe}}',
        'cannot read expose of application "a": it is not true or false',
    ),
    ('applications: {a: 7}', 'cannot read applications entry "a": it is not a mapping'),
    ('applications: {A_b: {charm: x}}', 'invalid application name "A_b"'),
    ('applications: {a: {charm: x, base: 24.04}}', 'application "a" declares an invalid base "24.04"'),
    ('applications: {a: {charm: x, series: oldest}}', 'application "a" declares an invalid series "oldest"'),
    (
        'applications: {a: {charm: x, to: ["0"]}}\nmachines: {0: {}}',
        'too many units specified in unit placement for application "a"',
    ),
    (
        'applications: {a: {charm: x, num_units: 1, to: ["1"]}}',
        'placement "1" refers to a machine not defined in this bundle',
    ),
    (
        'applications: {a: {charm: x, num_units: 1, to: [b]}}',
        'placement "b" refers to an application not defined in this bundle',
    ),
    (
        'applications: {a: {charm: x, num_units: 1, to: [b/1]}, b: {charm: x, num_units: 1}}',
        'placement "b/1" specifies a unit greater than the 1 unit(s) started by the target application',
    ),
    (
        'applications: {a: {charm: x, num_units: 1, to: [a]}}',
        'placement of application "a" leads back to itself',
    ),
    (
        'applications: {a: {charm: x, num_units: 1, to: ["lxd:0:1"]}}',
        'invalid placement syntax "lxd:0:1" in application "a"',
    ),
    (
        '{applications: {a: {charm: x}}, machines: {0: {}}}',
        'machine "0" is not referred to by a placement directive',
    ),
    (
        'applications: {a: {charm: x, constraints: mem=lots}}',
        'invalid constraints "mem=lots" in application "a": bad "mem" constraint: "lots" is not valid',
    ),
    (
        'applications: {a: {charm: x, constraints: wheels=4}}',
        'invalid constraints "wheels=4" in application "a": unknown constraint "wheels"',
    ),
    (
        '{applications: {a: {charm: x}}, relations: [[a, a]]}',
        'relation ["a" "a"] relates an application to itself',
    ),
    (
        '{applications: {a: {charm: x}}, relations: [[a, b]]}',
        'relation ["a" "b"] refers to application "b" not defined in this bundle',
    ),
    ('{applications: {a: {charm: x}}, relations: [[a]]}', 'relation ["a"] has 1 endpoint(s), not 2'),
    (
        '{applications: {a: {charm: x}, b: {charm: x}}, relations: [[a, b], [b, a]]}',
        'relation ["b" "a"] is defined more than once',
    ),
    ('{applications: {a: {charm: x}}, relations: [[a, "b:"]]}', 'invalid relation syntax "b:"'),
    (
        'applications: {a: {charm: x, revision: 3}}',
        'application "a" with a revision requires a channel for future upgrades, please use channel',
    ),
    (
        'applications: {a: {charm: x, offers: {o: {endpoints: [db]}}}}',
        'applications.a.offers can only appear in an overlay section',
    ),
    (
        '{bundle: kubernetes, applications: {a: {charm: x}}, machines: {0: {}}}',
        'bundle machines not valid for Kubernetes bundles',
    ),
    (
        '{bundle: kubernetes, applications: {a: {charm: x, scale: 1, to: [new]}}}',
        'placement directives not valid for Kubernetes bundles, application "a" has them',
    ),
    (
        '{bundle: kubernetes, applications: {a: {charm: x, scale: 1, num_units: 2}}}',
        'application "a" has both num_units and scale',
    ),
]


@pytest.mark.parametrize(('text', 'problem'), CASES, ids=[problem for _, problem in CASES])
def test_each_problem_is_named(text: str, problem: str) -> None:
    (document,) = bundles.load(text, source='b')
    with pytest.raises(bundles.BundleFault) as caught:
        bundles.read(document, base_document=document)
    assert problem in caught.value.problems
    assert str(caught.value).startswith('the provided bundle has the following errors:\n')


def test_all_problems_come_together() -> None:
    (document,) = bundles.load(
        '{applications: {a: {charm: x, num_units: 1, to: ["7"]}, b: {}}, relations: [[a, c]]}', source='b'
    )
    with pytest.raises(bundles.BundleFault) as caught:
        bundles.read(document)
    assert len(caught.value.problems) == 3
