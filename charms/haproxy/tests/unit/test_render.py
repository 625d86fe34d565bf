"""The parts of haproxy.cfg that options decide, each judged by the real haproxy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import definitions
import options
import pytest
import render

Configure = Callable[..., options.Options]
Verdict = Callable[[str], str]

MIRROR = """
- service_name: archive
  service_host: 0.0.0.0
  service_port: 8080
  service_options:
  - mode http
  - balance uri path-only
  - hash-type consistent
  - hash-balance-factor 150
  - option httpchk GET /healthz
  - http-check disable-on-404
  - option splice-response
  - option redispatch 1
  - retry-on conn-failure empty-response 502 503 504
  - timeout connect 2s
  - timeout client 60s
  - timeout server 60s
  servers:
  - [cache-0, 10.0.0.1, 80, check inter 2s fall 2 rise 2 on-marked-down shutdown-sessions]
"""


def config(given: options.Options, text: str = '', *, crt: bytes | None = None) -> render.Rendered:
    found = definitions.parse(text, where='test')
    return render.config(given, found, unit='haproxy/3', password='secret-word', default_crt=crt)


def test_haproxy_takes_the_defaults_without_any_service(configure: Configure, verdict: Verdict) -> None:
    assert verdict(config(configure()).text) == ''


def test_haproxy_takes_what_a_mirror_asks_for(configure: Configure, verdict: Verdict) -> None:
    made = config(configure(), MIRROR).text
    assert verdict(made) == ''
    frontend, _, backend = made.partition('frontend haproxy-3-8080')[2].partition('\nbackend archive')
    assert 'timeout client 60s' in frontend
    assert 'balance uri path-only' not in frontend
    for line in ('balance uri path-only', 'http-check disable-on-404', 'option splice-response'):
        assert f'    {line}\n' in backend


def test_haproxy_refuses_a_bad_option(configure: Configure, verdict: Verdict) -> None:
    """The control: a verdict that is always good would prove nothing."""
    assert 'balance' in verdict(config(configure(), MIRROR.replace('uri path-only', 'by-luck')).text)


def test_monitoring_needs_network_and_password_and_has_metrics(
    configure: Configure, verdict: Verdict
) -> None:
    given = configure(
        enable_monitoring=True, monitoring_port=10001, monitoring_allowed_cidr='10.0.0.0/8 127.0.0.1/32'
    )
    made = config(given).text
    assert verdict(made) == ''
    for line in (
        'bind 0.0.0.0:10001',
        'acl allowed_cidr src 10.0.0.0/8 127.0.0.1/32',
        'http-request deny unless allowed_cidr',
        'http-request use-service prometheus-exporter if { path /metrics }',
        'stats auth haproxy:secret-word',
    ):
        assert f'    {line}\n' in made


def test_without_monitoring_the_password_is_nowhere(configure: Configure) -> None:
    assert 'secret-word' not in config(configure(), MIRROR).text


def test_options_of_the_whole_process(configure: Configure, verdict: Verdict) -> None:
    given = configure(global_hard_stop_after='30m', global_stats_socket=True, global_maxconn=99)
    made = config(given).text
    assert verdict(made) == ''
    for line in ('hard-stop-after 30m', 'stats socket /run/haproxy/haproxy.sock mode 600', 'maxconn 99'):
        assert f'    {line}\n' in made


def test_certificates_and_error_pages_are_files_named_by_content(configure: Configure) -> None:
    text = """
    - service_name: web
      service_host: 0.0.0.0
      service_port: 443
      crts: [DEFAULT, bWluZQ==, EXTERNAL]
      errorfiles: [{http_status: 503, content: c29ycnk=}]
      servers: [[one, 10.0.0.1, 80, check]]
    """
    made = config(configure(), text, crt=b'default')
    by_content = {content: path for path, content in made.files.items()}
    assert set(by_content) == {b'default', b'mine', b'sorry'}
    external = '/var/lib/haproxy/service_web/2.pem'
    bind = f'bind 0.0.0.0:443 ssl crt {by_content[b"default"]} crt {by_content[b"mine"]} crt {external}'
    assert f'    {bind}\n' in made.text
    assert f'    errorfile 503 {by_content[b"sorry"]}\n' in made.text


def test_a_service_that_wants_the_default_certificate_says_that_there_is_none(configure: Configure) -> None:
    text = '[{service_name: web, service_host: 0.0.0.0, service_port: 443, crts: [DEFAULT]}]'
    with pytest.raises(definitions.ServicesFault, match='"web" wants the certificate of ssl_cert'):
        config(configure(), text)


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        ({'peering_mode': 'both'}, 'peering_mode must be one of'),
        ({'monitoring_port': 0}, 'monitoring_port must be a port'),
        ({'monitoring_allowed_cidr': '10.0.0.0/8 here'}, '"here" is not a network'),
        ({'monitoring_password': 'two words'}, 'monitoring_password must hold no blanks'),
        ({'monitoring_username': ''}, 'monitoring_username must hold'),
        ({'default_mode': 'http\nuser root'}, 'default_mode must be one line'),
        ({'check_url_path': 'dists/'}, 'check_url_path must begin with /'),
        ({'check_url_expect': 'a;b'}, 'characters of a shell'),
        ({'sysctl': '[1]'}, 'sysctl must be a mapping'),
        ({'sysctl': '['}, 'sysctl is not valid YAML'),
    ],
)
def test_an_option_that_cannot_work_is_refused(
    configure: Configure, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        configure(**changes)


def test_the_documented_options_are_the_declared_ones(defaults: options.Options) -> None:
    readme = (Path(__file__).parents[2] / 'README.md').read_text()
    assert [name for name in defaults.__dataclass_fields__ if f'`{name}`' not in readme] == []
