"""What bundles say beyond their model, read and compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoodoo import model, testing
from hoodoo.bundle.planning import plan
from hoodoo.bundle.reading import offerurls
from tests.unit.hoodoo.bundle import bundles

BASE = 'applications: {web: {charm: ./noble/web}, cache: {charm: ./noble/cache}}'
PRIVATE = model.Exposure(cidrs=('10.0.0.0/8',))


def test_offers_what_is_consumed_and_exposure_are_read(tmp_path: Path) -> None:
    overlay = """
saas: {far: {url: admin/other.db}}
applications:
  cache:
    offers: {pages: {endpoints: [site, site], acl: {admin: admin}}}
    exposed-endpoints: {site: {expose-to-cidrs: [10.0.0.0/8], expose-to-spaces: dmz}, '': }
relations: [[web:other, far:db]]
"""
    found = bundles.juju(tmp_path, BASE, overlay)
    assert (found.problems, found.remarks) == ((), ())
    assert found.wanted.saas == {'far': 'admin/other.db'}
    assert found.wanted.offers == {'pages': model.Offer(application='cache', endpoints=('site',))}
    assert found.wanted.applications['cache'].exposed_to == {
        'site': model.Exposure(cidrs=('10.0.0.0/8',), spaces=('dmz',)),
        '': model.Exposure(),
    }
    assert found.wanted.applications['cache'].expose is None


@pytest.mark.parametrize(
    ('overlay', 'said'),
    [
        ('saas: [far]', 'saas is not a mapping'),
        ('saas: {far: {}}', 'far has no url: which offer is it?'),
        ('saas: {far: {url: nowhere}}', '"nowhere" is not the URL of an offer'),
        ('saas: {web: {url: m.db}}', 'web is an application of the bundle, too'),
        ('applications: {web: {offers: [x]}}', 'offers of web are not a mapping'),
        ('applications: {web: {offers: {x: {}}}}', 'offer x of web names no endpoints'),
        ('applications: {web: {offers: {x: {endpoints: [y]}}}}', 'charm of web has no endpoint "y"'),
        (
            'applications: {web: {offers: {x: {endpoints: [other], acl: {bob: all}}}}}',
            '"all" of bob is no access to offer x',
        ),
        (
            'applications: {web: {offers: {x: {endpoints: nrpe}}}, cache: {offers: {x: {endpoints: site}}}}',
            'offer x is one of web and one of cache',
        ),
        ('applications: {web: {exposed-endpoints: [x]}}', 'exposed-endpoints of web are not a mapping'),
        ('applications: {web: {exposed-endpoints: {y: {}}}}', 'charm of web has no endpoint "y"'),
        (
            'applications: {web: {exposed-endpoints: {other: {expose-to-cidrs: [home]}}}}',
            '"home" is not a network',
        ),
        (
            'applications: {web: {expose: true, exposed-endpoints: {other: {}}}}',
            'web has both expose: true and exposed-endpoints',
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, overlay: str, said: str) -> None:
    (problem,) = bundles.juju(tmp_path, BASE, overlay).problems
    assert problem.message == said
    assert problem.hint
    assert problem.line


def test_access_to_offers_is_not_given_and_said(tmp_path: Path) -> None:
    overlay = 'applications: {web: {offers: {x: {endpoints: [other], acl: {bob: consume}}}}}'
    (remark,) = bundles.juju(tmp_path, BASE, overlay).remarks
    assert remark.hint == 'Give it with "juju grant bob consume OFFER-URL".'


@pytest.mark.parametrize(
    ('one', 'other', 'same'),
    [
        ('m.x', 'm.x', True),
        ('m.x', 'admin/m.x', True),
        ('here:admin/m.x', 'm.x', True),
        ('bob/m.x', 'admin/m.x', False),
        ('here:m.x', 'there:admin/m.x', False),
        ('m.x', 'm.y', False),
        ('m.x', 'n.x', False),
        ('odd', 'odd', True),
        ('odd', 'm.x', False),
    ],
)
def test_urls_of_one_offer(one: str, other: str, same: bool) -> None:
    assert offerurls.same(one, other) is same
    assert offerurls.same(other, one) is same


def _wanted(**changes: object) -> model.WantedModel:
    facts: dict[str, object] = {'name': 'a', 'charm': model.StoreCharm(name='a'), 'num_units': 0}
    application = model.WantedApplication(**{**facts, **changes})  # type: ignore[arg-type]
    return model.WantedModel(applications={'a': application})


@pytest.mark.parametrize(
    ('expose', 'wanted', 'live', 'step', 'remark'),
    [
        (True, {}, None, 'expose a', ''),
        (True, {}, {}, '', ''),
        (True, {}, {'': model.Exposure(cidrs=('::/0', '0.0.0.0/0'))}, '', ''),
        (
            *(True, {}, {'x': PRIVATE}, ''),
            'a is not just exposed, but x to 10.0.0.0/8: left as it is',
        ),
        (None, {'x': PRIVATE}, None, 'expose a (x to 10.0.0.0/8)', ''),
        (None, {'x': PRIVATE}, {'x': PRIVATE}, '', ''),
        (None, {'x': model.Exposure()}, {'x': PRIVATE}, 'expose a (x to everyone)', ''),
        (
            *(None, {'x': PRIVATE}, {'': model.Exposure()}, 'expose a (x to 10.0.0.0/8)'),
            'a is exposed further, all endpoints to everyone: left as it is',
        ),
    ],
)
def test_exposure_is_widened_and_never_narrowed(
    expose: bool | None,
    wanted: dict[str, model.Exposure],
    live: dict[str, model.Exposure] | None,
    step: str,
    remark: str,
) -> None:
    there = testing.application('a', charm='ch:a-1', exposed=live is not None, exposed_to=live or {})
    seen = plan.Seen(snapshot=testing.snapshot(there))
    made = plan.plan(_wanted(expose=expose, exposed_to=wanted), seen)
    assert [str(one) for one in made.steps] == ([step] if step else [])
    assert list(made.remarks) == ([remark] if remark else [])


def test_what_has_a_name_already_is_not_made_into_something_else() -> None:
    applications = {'far': testing.application('far'), 'b': testing.application('b')}
    snapshot = model.ModelSnapshot(
        name='m',
        now_ms=0,
        applications=applications,
        saas={'a': 'admin/m.a', 'near': 'admin/m.x'},
        offers={'pages': model.Offer(application='b', endpoints=('x', 'y'))},
    )
    wanted = model.WantedModel(
        applications=_wanted().applications,
        saas={'far': 'm.far', 'near': 'n.x'},
        offers={'pages': model.Offer(application='a', endpoints=('x',))},
    )
    made = plan.plan(wanted, plan.Seen(snapshot=snapshot))
    assert [text.partition(':')[0] for text in made.problems] == [
        'far is an application of the model and the bundle consumes m.far by that name',
        'near is admin/m.x and the bundle wants n.x',
        'a is consumed from admin/m.a and the bundle deploys an application by that name',
        'offer pages is of b and the bundle wants it of a',
    ]


def test_an_offer_gets_what_it_lacks_and_keeps_what_it_has() -> None:
    snapshot = model.ModelSnapshot(
        name='m', now_ms=0, offers={'pages': model.Offer(application='a', endpoints=('x', 'y'))}
    )
    offer = model.Offer(application='a', endpoints=('y', 'z'))
    made = plan.plan(model.WantedModel(offers={'pages': offer}), plan.Seen(snapshot=snapshot))
    assert [str(step) for step in made.steps] == ['offer a:x,y,z as pages']
    assert made.remarks == ('offer pages has x too: left as it is',)
