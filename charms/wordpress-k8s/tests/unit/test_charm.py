"""From the first hook to a site that serves, seen from Juju and from the pod."""

from __future__ import annotations

from pathlib import Path

import ops
from kit import Context, MakeState, asked, peer_data, site


def test_with_a_database_the_site_is_installed_in_one_hook(
    context: Context, state: MakeState, image: Path
) -> None:
    start = state()
    out = context.run(context.on.pebble_ready(start.get_container('wordpress')), start)
    assert out.unit_status == ops.ActiveStatus('http://wordpress-k8s:8080 (6.8.12), no TLS')
    assert out.workload_version == '6.8.12'
    assert peer_data(out)['installed'] == 'db:3306/wordpress'
    assert site(image)['database']['password'] == 'planted-db-password'
    assert [call['user'] for call in asked(context, 'install')] == ['admin']
    lines = [line for line in context.juju_log if line.message == 'Wordpress configured and initialised']
    assert [line.level for line in lines] == ['INFO']
    services = out.get_container('wordpress').service_statuses
    assert services['apache'] is ops.pebble.ServiceStatus.ACTIVE
