"""What is told to the observability stack: metrics, a dashboard, alert rules; and where log lines go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import ops
import related

LOGGING = 'logging'
METRICS = 'metrics-endpoint'
DASHBOARD = 'grafana-dashboard'
EXPORTER_PORT = 9117
TARGET = 'loki-'
_FOLDER = Path(__file__).parent / 'observability'


def publish(others: related.Related, charm: ops.CharmBase) -> None:
    """Write what the relations want to know, but read files only when somebody asks."""
    topology = labels(charm)
    for relation in others.relations(METRICS):
        others.publish(
            relation,
            {
                'prometheus_scrape_unit_address': others.unit_address(METRICS),
                'prometheus_scrape_unit_name': charm.unit.name,
            },
        )
        others.publish_app(
            relation,
            {
                'scrape_metadata': json.dumps(_metadata(charm), sort_keys=True),
                'scrape_jobs': json.dumps(
                    [
                        {
                            'job_name': 'apache',
                            'metrics_path': '/metrics',
                            'static_configs': [{'targets': [f'*:{EXPORTER_PORT}']}],
                        }
                    ]
                ),
                'alert_rules': json.dumps(_alert_rules(topology), sort_keys=True),
            },
        )
    for relation in others.relations(DASHBOARD):
        others.publish_app(relation, {'dashboards': _dashboards(charm)})
    for relation in others.relations(LOGGING):
        others.publish_app(
            relation,
            {'metadata': json.dumps(_metadata(charm), sort_keys=True), 'alert_rules': '{}'},
        )


def log_targets(others: related.Related) -> dict[str, str]:
    """Return the addresses of log stores by the names of Pebble's targets."""
    found: dict[str, str] = {}
    for relation in others.relations(LOGGING):
        for number, bag in enumerate(others.unit_bags(relation)):
            address = related.json_mapping(bag.get('endpoint', '')).get('url')
            if isinstance(address, str) and address.startswith(('http://', 'https://')):
                found[f'{TARGET}{relation.id}-{number}'] = address
    return found


def labels(charm: ops.CharmBase) -> dict[str, str]:
    """Return what tells this unit's series and lines from others, by the names that the stack uses."""
    return {
        'juju_model': charm.model.name,
        'juju_model_uuid': charm.model.uuid,
        'juju_application': charm.app.name,
        'juju_unit': charm.unit.name,
        'juju_charm': charm.meta.name,
    }


def _metadata(charm: ops.CharmBase) -> Mapping[str, str]:
    return {
        'model': charm.model.name,
        'model_uuid': charm.model.uuid,
        'application': charm.app.name,
        'unit': charm.unit.name,
        'charm_name': charm.meta.name,
    }


def _alert_rules(topology: Mapping[str, str]) -> dict[str, object]:
    own = {key: topology[key] for key in ('juju_model', 'juju_model_uuid', 'juju_application', 'juju_charm')}
    selector = ', '.join(f'{key}="{own[key]}"' for key in ('juju_model_uuid', 'juju_application'))
    rules: list[dict[str, object]] = json.loads((_FOLDER / 'alerts.json').read_text())
    for rule in rules:
        rule['expr'] = str(rule['expr']).replace('%%juju_topology%%', selector)
        rule['labels'] = {**own, 'severity': str(rule.pop('severity'))}
    name = f'{own["juju_model"]}_{own["juju_model_uuid"]}_{own["juju_application"]}_wordpress_alerts'
    return {'groups': [{'name': name.replace('-', '_'), 'rules': rules}]}


def _dashboards(charm: ops.CharmBase) -> str:
    import base64
    import lzma

    text = (_FOLDER / 'dashboard.json').read_text()
    content = base64.b64encode(lzma.compress(text.encode())).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    template = {
        'charm': charm.meta.name,
        'content': content,
        'juju_topology': {
            'model': charm.model.name,
            'model_uuid': charm.model.uuid,
            'application': charm.app.name,
            'unit': charm.unit.name,
        },
        'inject_dropdowns': True,
        'dashboard_alt_uid': digest[:40],
    }
    # The uuid stands for this text: the same text must not look like news.
    return json.dumps({'templates': {'file:wordpress': template}, 'uuid': digest[:32]}, sort_keys=True)
