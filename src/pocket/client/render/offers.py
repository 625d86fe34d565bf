"""Offers: what the API answers -> ``juju offers``, ``show-offer`` and ``find-offers``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.client import shape
from pocket.client.render.text import natural, shortened, table

Json = dict[str, Any]


def listed(offer: Json, *, controller: str) -> Json:
    """One offer as its owner sees it."""
    connections = [_connection(connection) for connection in shape.objects(offer.get('connections'))]
    return {
        'application': offer['application-name'],
        'store': controller,
        **_present({'charm': offer.get('charm-url')}),
        'offer-url': offer['offer-url'],
        'endpoints': _endpoints(offer),
        **_present({'connections': connections, 'users': _users(offer)}),
    }


def shown(offer: Json, *, user: str) -> Json:
    """One offer as one who may consume it sees it."""
    users = _users(offer)
    return {
        **_present({'description': offer.get('application-description')}),
        'access': shape.mapping(users.get(user)).get('access') or '',
        'endpoints': _endpoints(offer),
        **_present({'users': users}),
    }


def connections_table(offers: Mapping[str, Json]) -> str:
    """Who is connected to which offer: one row a connection."""
    rows: list[list[str]] = []
    for name, offer in _natural(offers):
        connections = shape.objects(offer.get('connections'))
        if not connections:
            rows.append([name, '-', '', '', '', '', '', ''])
        for connection in connections:
            endpoint = shape.mapping(offer['endpoints'].get(connection['endpoint']))
            rows.append(
                [
                    name,
                    connection['username'],
                    str(connection['relation-id']),
                    connection['status'].get('current', ''),
                    connection['endpoint'],
                    endpoint.get('interface', ''),
                    endpoint.get('role', ''),
                    ','.join(connection.get('ingress-subnets') or ()),
                ]
            )
    header = ['Offer', 'User', 'Relation id', 'Status', 'Endpoint', 'Interface', 'Role', 'Ingress subnets']
    return table(header, rows) if rows else ''


def show_table(offers: Mapping[str, Json]) -> str:
    """One row an endpoint."""
    rows: list[list[str]] = []
    for url, offer in _natural(offers):
        first = [*url.split(':', 1), offer['access'], shortened(offer.get('description', ''))]
        for endpoint, entry in _natural(offer['endpoints']):
            rows.append([*first, endpoint, entry['interface'], entry['role']])
            first = [''] * 4
    return table(['Store', 'URL', 'Access', 'Description', 'Endpoint', 'Interface', 'Role'], rows)


def found_table(offers: Mapping[str, Json]) -> str:
    """One row an offer."""
    rows = [
        [
            *url.split(':', 1),
            offer['access'],
            ', '.join(f'{entry["interface"]}:{name}' for name, entry in _natural(offer['endpoints'])),
        ]
        for url, offer in _natural(offers)
    ]
    return table(['Store', 'URL', 'Access', 'Interfaces'], rows)


def _connection(connection: Json) -> Json:
    status = shape.mapping(connection.get('status'))
    return {
        'source-model-uuid': connection['source-model-tag'].removeprefix('model-'),
        'username': connection['username'],
        'relation-id': connection['relation-id'],
        'endpoint': connection['endpoint'],
        'status': _present(
            {
                'current': status.get('status'),
                'message': status.get('info'),
                'since': str(status.get('since') or '').partition('T')[0],
            }
        ),
        **_present({'ingress-subnets': connection.get('ingress-subnets')}),
    }


def _endpoints(offer: Json) -> Json:
    found = {
        end['name']: {'interface': end['interface'], 'role': end['role']}
        for end in shape.objects(offer.get('endpoints'))
    }
    return dict(sorted(found.items()))


def _users(offer: Json) -> Json:
    return {
        user['user']: _present({'display-name': user.get('display-name'), 'access': user.get('access')})
        for user in shape.objects(offer.get('users'))
    }


def _present(values: Mapping[str, Any]) -> Json:
    return {key: value for key, value in values.items() if value}


def _natural(mapping: Mapping[str, Json]) -> list[tuple[str, Json]]:
    return sorted(mapping.items(), key=lambda item: natural(item[0]))
