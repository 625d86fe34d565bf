from __future__ import annotations

from typing import Any

import pytest

from bedrock.charm import Charm, Option
from pocket.services import options, proxies
from pocket.services.errors import JujuError

CHARM = Charm(
    name='a',
    options={
        'text': Option(type='string', default='hello'),
        'empty': Option(type='string'),
        'port': Option(type='int', default=80),
        'ratio': Option(type='float', default=1),
        'debug': Option(type='boolean', default=False),
        'key': Option(type='secret'),
    },
    endpoints={},
    actions={},
    resources={},
    storage={},
    metadata={},
)


@pytest.mark.parametrize(
    ('name', 'value', 'parsed'),
    [
        ('text', '12', '12'),
        ('text', '', ''),
        ('port', '8080', 8080),
        ('port', '-1', -1),
        ('port', 7, 7),
        ('port', 7.0, 7),
        ('ratio', '0.5', 0.5),
        ('ratio', '3', 3.0),
        ('ratio', 2, 2.0),
        ('debug', 'True', True),
        ('debug', 'f', False),
        ('debug', '1', True),
        ('debug', True, True),
        ('key', 'secret:9m4e2mr0ui3e8a215n4g', 'secret:9m4e2mr0ui3e8a215n4g'),
        ('text', None, None),
    ],
)
def test_values_take_the_declared_type(name: str, value: Any, parsed: Any) -> None:
    found = options.parse(CHARM, {name: value})
    assert found == {name: parsed}
    assert type(found[name]) is type(parsed)


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('nope', '1', 'unknown option "nope"'),
        ('port', 'abc', 'option "port" expected int, got "abc"'),
        ('port', '', 'option "port" expected int, got ""'),
        ('port', '1.5', 'option "port" expected int, got "1.5"'),
        ('port', '9223372036854775808', 'option "port" expected int, got "9223372036854775808"'),
        ('port', True, 'option "port" expected int, got true'),
        ('ratio', 'x', 'option "ratio" expected float, got "x"'),
        ('debug', 'yes', 'option "debug" expected boolean, got "yes"'),
        ('text', 5, 'option "text" expected string, got 5'),
        ('key', 'plain', 'option "key" expected secret, got "plain"'),
    ],
)
def test_values_that_do_not_fit_are_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(JujuError) as caught:
        options.parse(CHARM, {name: value})
    assert caught.value.message == message


def test_the_operators_values_lie_on_top_of_the_defaults() -> None:
    found = options.effective(CHARM, {'port': 81, 'debug': None, 'left-over': 1, 'ratio': 'not a number'})
    assert found == {'text': 'hello', 'port': 81, 'ratio': 1.0, 'debug': False}
    assert isinstance(found['ratio'], float)


def test_machines_are_told_of_proxies_by_files() -> None:
    assert set(proxies.files({'no-proxy': 'localhost', 'juju-no-proxy': 'x'}).values()) == {''}
    told = proxies.files(
        {'http-proxy': 'http://a b:1', 'no-proxy': 'x', 'apt-http-proxy': 'c:2', 'apt-no-proxy': 'y'}
    )
    assert told == {
        'apt/apt.conf.d/95-juju-proxy-settings': (
            'Acquire::http::Proxy "http://c:2";\n'
            'Acquire::http::Proxy::"y" "DIRECT";\n'
            'Acquire::https::Proxy::"y" "DIRECT";\n'
            'Acquire::ftp::Proxy::"y" "DIRECT";\n'
        ),
        'juju-proxy.conf': (
            "export http_proxy='http://a b:1'\n"
            "export HTTP_PROXY='http://a b:1'\n"
            'export no_proxy=x\n'
            'export NO_PROXY=x\n'
        ),
        'juju-proxy-systemd.conf': (
            '[Manager]\nDefaultEnvironment="http_proxy=http://a b:1" "HTTP_PROXY=http://a b:1"'
            ' "no_proxy=x" "NO_PROXY=x"\n'
        ),
    }
    assert (
        'http://j:3'
        in proxies.files({'juju-https-proxy': 'http://j:3'})['apt/apt.conf.d/95-juju-proxy-settings']
    )
