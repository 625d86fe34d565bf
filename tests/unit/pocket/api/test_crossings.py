"""Offers and what is consumed, as clients are told of them."""

from __future__ import annotations

from dataclasses import replace

from bedrock.charm import Endpoint
from pocket.api import entities
from pocket.api.fullstatus import full_status, select
from pocket.model import Life, Status
from pocket.services.models import ModelRecord
from pocket.services.offers import Connection, OfferRecord
from pocket.services.saas import SaasRecord
from pocket.services.status import ModelSnapshot

_WEB = Endpoint(name='web', role='provider', interface='http')
_STATUS = Status(value='active', message='fine', since_ms=1_000)
_MODEL = ModelSnapshot(
    model=ModelRecord(
        uuid='u',
        name='m',
        owner='admin',
        cloud='pocket',
        region='default',
        life=Life.ALIVE,
        created_ms=0,
        constraints={},
        status=Status(value='available'),
        agent_version='3.6.12',
    ),
    machines=(),
    applications=(),
    relations=(),
    now_ms=1_000,
    offers=(
        OfferRecord(
            uuid='o',
            model_uuid='u',
            name='shop',
            owner='admin',
            model_name='m',
            application='app',
            charm_url='local:app-0',
            charm_name='app',
            description='',
            endpoints=(_WEB,),
            connections=tuple(
                Connection(
                    model_uuid='v', relation_id=n, endpoint='web', status=Status(value=value), subnets=()
                )
                for n, value in enumerate(('joined', 'suspended'))
            ),
            created_ms=0,
        ),
    ),
    saas=(
        SaasRecord(
            name='db',
            offer_uuid='p',
            offer_url='ctl:admin/n.mysql',
            source_model='n',
            endpoints={'web': _WEB},
            life=Life.ALIVE,
            status=_STATUS,
        ),
    ),
)


def _documents(snapshot: ModelSnapshot) -> entities.Documents:
    return entities.documents(
        snapshot,
        controller_uuid='c',
        arch='amd64',
        model_config={},
        configs={},
        constraints={},
        charms=(),
        actions=(),
        annotations={},
    )


def test_the_status_counts_connections_and_names_what_is_consumed() -> None:
    full = full_status(_MODEL, arch='amd64')
    offer = full['offers']['shop']
    assert (offer['active-connected-count'], offer['total-connected-count']) == (1, 2)
    assert offer['endpoints']['web'] == {'name': 'web', 'role': 'provider', 'interface': 'http', 'limit': 0}
    consumed = full['remote-applications']['db']
    assert (consumed['offer-url'], consumed['offer-name']) == ('ctl:admin/n.mysql', 'mysql')
    assert (consumed['status']['status'], consumed['life']) == ('active', '')


def test_patterns_select_what_is_consumed_by_name_and_status() -> None:
    assert [one.name for one in select(_MODEL, ['d*']).saas] == ['db']
    assert [one.name for one in select(_MODEL, ['active']).saas] == ['db']
    assert select(_MODEL, ['other']).saas == ()
    assert select(_MODEL, ['other']).offers == ()


def test_the_watcher_tells_of_both_and_of_their_end() -> None:
    documents = _documents(_MODEL)
    assert documents['remoteApplication', 'db'] == {
        'model-uuid': 'u',
        'name': 'db',
        'offer-url': 'ctl:admin/n.mysql',
        'life': 'alive',
        'status': {
            'current': 'active',
            'message': 'fine',
            'since': '1970-01-01T00:00:01.000Z',
            'version': '',
            'data': {},
        },
    }
    assert documents['applicationOffer', 'shop'] == {
        'model-uuid': 'u',
        'offer-name': 'shop',
        'offer-uuid': 'o',
        'application-name': 'app',
        'charm-name': 'app',
        'total-connected-count': 2,
        'active-connected-count': 1,
    }
    after = _documents(replace(_MODEL, offers=(), saas=()))
    assert [delta[:2] for delta in entities.deltas(documents, after)] == [
        ['applicationOffer', 'remove'],
        ['remoteApplication', 'remove'],
    ]
