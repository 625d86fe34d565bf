"""Which services the bags of related units make: one recorded case a file in bags/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import definitions
import options
import pytest
import render
import services
import yaml

CASES = sorted(Path(__file__).with_name('bags').glob('*.yaml'))


def bag(unit: str = 'web/0', **data: str) -> services.Bag:
    return services.Bag(unit=unit, data={key.replace('__', '-'): value for key, value in data.items()})


def collect(configured: str, *bags: services.Bag) -> tuple[definitions.Service, ...]:
    return services.collect(configured, bags, highest_port=10000)


@pytest.mark.parametrize('path', CASES, ids=lambda path: path.stem)
def test_recorded_bags_make_the_classic_configuration(
    path: Path, configure: Callable[..., options.Options], verdict: Callable[[str], str]
) -> None:
    case = cast('dict[str, Any]', yaml.safe_load(path.read_text()))
    given = configure(**({'services': case['services']} if 'services' in case else {}))
    found = collect(given.services, *(services.Bag(unit=u, data=data) for u, data in case['bags'].items()))

    made = render.config(given, found, unit='haproxy/0', password='x', default_crt=None).text

    assert made.partition('timeout server 50000\n')[2].strip() == case['config'].strip()
    assert verdict(made) == ''


def test_there_are_recorded_bags() -> None:
    assert len(CASES) >= 15


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('[', 'web/0: not valid YAML'),
        ('text', 'web/0: services: not a list'),
        ('[1]', 'web/0: a service: not a mapping'),
        ('[{service_port: 80}]', 'web/0: service_name: "None" is not a name'),
        ('[{service_name: "a b"}]', '"a b" is not a name that haproxy takes'),
        ('[{service_name: a, service_port: http}]', 'service "a": service_port: "http" is not a number'),
        ('[{service_name: a, service_port: 70000}]', '"70000" is not a number from 1 to 65535'),
        ('[{service_name: a, servers: [[x, y]]}]', 'a server is a list of name, host, port and options'),
        ('[{service_name: a, servers: [[x, "1.1.1.1 check", 80, ""]]}]', '"1.1.1.1 check" is not an address'),
        ('[{service_name: a, service_options: ["bind :1\\nfrontend x"]}]', '"bind :1" is more than one line'),
        ('[{service_name: a, backends: [{servers: []}]}]', 'backend_name: "None" is not a name'),
        ('[{service_name: a, crts: ["%%%"]}]', 'service "a": crts: not base64'),
        ('[{service_name: a, errorfiles: [{http_status: 1}]}]', '"1" is not a number from 200 to 599'),
    ],
)
def test_a_bad_definition_is_refused_with_the_unit_that_made_it(text: str, problem: str) -> None:
    with pytest.raises(definitions.ServicesFault) as caught:
        collect('', bag(services=text))
    assert problem in str(caught.value)
    assert str(caught.value).startswith('web/0: ')


def test_a_bad_port_is_refused_with_the_unit_that_sent_it() -> None:
    with pytest.raises(definitions.ServicesFault, match='web/0: port: "https" is not a number'):
        collect('[{service_name: a}]', bag(port='https', private__address='10.0.0.1'))


def test_two_serving_services_on_one_port_are_refused() -> None:
    text = """
    - {service_name: a, service_host: 0.0.0.0, service_port: 80, servers: [[x, 10.0.0.1, 80, '']]}
    - {service_name: b, service_host: 10.1.1.1, service_port: 80, servers: [[x, 10.0.0.1, 80, '']]}
    """
    with pytest.raises(definitions.ServicesFault, match='"a" and "b" both want port 80'):
        collect(text)


def test_one_port_on_two_addresses_is_no_clash() -> None:
    text = """
    - {service_name: a, service_host: 10.1.1.2, service_port: 80, servers: [[x, 10.0.0.1, 80, '']]}
    - {service_name: b, service_host: 10.1.1.1, service_port: 80, servers: [[x, 10.0.0.1, 80, '']]}
    """
    assert [service.name for service in collect(text)] == ['a', 'b']


def test_a_service_without_port_is_above_the_monitoring_port_when_no_port_is_known() -> None:
    (service,) = collect("[{service_name: a, servers: [[x, 10.0.0.1, 80, '']]}]")
    assert service.address == ('0.0.0.0', 10002)


@pytest.mark.parametrize(
    ('asked', 'name'), [(set[str](), 'web'), ({'late'}, 'late'), ({'web', 'late'}, 'web'), ({'gone'}, 'web')]
)
def test_who_asks_for_no_service_gets_that_on_port_80(asked: set[str], name: str) -> None:
    found = [
        definitions.Service(name=name, host='0.0.0.0', port=port)
        for name, port in (('early', 70), ('late', 90), ('web', 80))
    ]
    chosen = services.front(found, asked)
    assert chosen is not None
    assert chosen.name == name


def test_what_other_units_read_can_be_read_back_and_holds_no_certificate() -> None:
    text = """
    - service_name: a
      service_host: 0.0.0.0
      service_port: 80
      service_options: [balance leastconn]
      server_options: check
      servers: [[x, 10.0.0.1, 80, [check]]]
      backends: [{backend_name: b, servers: [[y, 10.0.0.2, 81, []]]}]
      crts: [c2VjcmV0]
    """
    (service,) = collect(text)
    dumped = definitions.dump([service])
    assert 'c2VjcmV0' not in dumped
    (again,) = definitions.parse(dumped, where='peer')
    assert (again.servers, again.backends, again.options, again.address) == (
        service.servers,
        service.backends,
        service.options,
        service.address,
    )
