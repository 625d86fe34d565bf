"""Options and the machine's facts become a plan, or an error that names the option."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from archive_kit import Keys

from keeper.settings import from_mapping
from repository_cache import aptsources, options, rendering
from repository_cache.aptsources import Source
from repository_cache.options import Facts, OptionError, Options, Plan

DEBIAN = Facts(
    os_id='debian',
    codename='bookworm',
    architecture='amd64',
    sources=(
        Source(('http://deb.example/debian',), ('bookworm', 'bookworm-updates'), ('main',)),
        Source(('http://deb.example/debian-security',), ('bookworm-security',), ('main',)),
    ),
    nameservers=('192.0.2.53',),
)
AUTO = Options(
    sync_host='auto', mirror_series='auto', path_base='auto', components='auto', architectures='auto'
)


def _plan(chosen: Options, facts: Facts = DEBIAN) -> Plan:
    return options.resolve(chosen, facts, application='cache')


def test_the_defaults_are_those_of_an_ubuntu_mirror() -> None:
    plan = _plan(Options())
    assert plan.settings.origins == ('http://archive.ubuntu.com/ubuntu',)
    assert (plan.settings.suites, plan.settings.components, plan.settings.architectures) == ((), (), ())
    assert plan.settings.keyring == '/usr/share/keyrings/ubuntu-archive-keyring.gpg'
    assert (plan.settings.sync_interval, plan.settings.security_interval) == (7200, 600)
    assert (plan.settings.store_bytes, plan.settings.store_percent) == (0, 80)
    assert plan.service_name == 'cache'


def test_auto_mirrors_what_the_machine_itself_installs_from() -> None:
    settings = _plan(AUTO).settings
    assert settings.origins == ('http://deb.example/debian',)
    assert settings.path_base == 'debian'
    assert settings.suites == ('bookworm', 'bookworm-updates')
    assert (settings.components, settings.architectures) == (('main',), ('amd64',))
    assert settings.keyring == '/usr/share/keyrings/debian-archive-keyring.gpg'


@pytest.mark.parametrize(
    ('series', 'pockets', 'needed', 'optional'),
    [
        ('jammy', 'all', ('jammy',), ('updates', 'security', 'backports', 'proposed')),
        ('jammy', 'release updates', ('jammy',), ('updates',)),
        ('jammy', 'updates', (), ('updates',)),
        ('jammy jammy-updates', 'all', ('jammy', 'jammy-updates'), ()),
        ('all', 'release', (), ()),
    ],
)
def test_series_and_pockets_become_suites(
    series: str, pockets: str, needed: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    settings = _plan(Options(mirror_series=series, pockets=pockets)).settings
    assert settings.suites == needed
    assert settings.optional_suites == tuple(f'jammy-{pocket}' for pocket in optional)


@pytest.mark.parametrize(
    ('entry', 'origins'),
    [
        ('a.example', ('http://a.example/ubuntu',)),
        ('a.example:8080/some/path/', ('http://a.example:8080/some/path',)),
        ('http://a.example/x b.example', ('http://a.example/x', 'http://b.example/ubuntu')),
    ],
)
def test_sync_hosts_may_carry_a_path(entry: str, origins: tuple[str, ...]) -> None:
    assert _plan(Options(sync_host=entry)).settings.origins == origins


@pytest.mark.parametrize(
    ('size', 'squid', 'wanted'),
    [('60G', 0, (60 * 2**30, 80)), ('50%', 0, (0, 50)), ('60G', 4000, (4_000_000_000, 80))],
)
def test_store_sizes(size: str, squid: int, wanted: tuple[int, int]) -> None:
    settings = _plan(Options(store_size=size, squid_cache_size=squid)).settings
    assert (settings.store_bytes, settings.store_percent) == wanted


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'sync_host': ''}, 'sync-host: names no host'),
        ({'sync_host': 'https://a.example/x'}, 'sync-host: .* not http'),
        ({'sync_host': 'a b;c'}, 'sync-host: "b;c"'),
        ({'sync_host': 'a:99999'}, 'sync-host: '),
        ({'path_base': '../etc'}, 'path-base: '),
        ({'path_base': 'healthz'}, 'path-base: '),
        ({'mirror_series': 'ja/mmy'}, 'mirror-series: '),
        ({'mirror_series': ' '}, 'mirror-series: names no series'),
        ({'pockets': 'update'}, 'pockets: "update"'),
        ({'components': ''}, 'components: '),
        ({'indexes': 'some'}, 'indexes: '),
        ({'port': 0}, 'port: '),
        ({'sync_interval': '2 hours'}, 'sync-interval: '),
        ({'security_interval': '0m'}, 'security-interval: '),
        ({'retain_hours': 0}, 'retain-hours: '),
        ({'keep_snapshots': 0}, 'keep-snapshots: '),
        ({'store_size': '120%'}, 'store-size: '),
        ({'store_size': 'big'}, 'store-size: '),
        ({'store_path': 'relative'}, 'store-path: '),
        ({'sync_bandwidth': 'fast'}, 'sync-bandwidth: '),
        ({'max_upstream': 0}, 'max-upstream: '),
        ({'keyring': 'keys'}, 'keyring: '),
        ({'keyring': '-----BEGIN PGP PUBLIC KEY BLOCK-----\nxx'}, 'keyring: .* cut off'),
        ({'pin_host': 'x'}, 'pin-host: '),
        ({'engine': 'squid'}, 'engine: '),
        ({'prefetch': 'auto'}, 'prefetch: '),
        ({'stale_crit': '1h'}, 'stale-crit: '),
        ({'display_host': 'a b'}, 'display-host: '),
    ],
)
def test_a_wrong_option_is_named_with_its_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        _plan(dataclasses.replace(Options(), **change))


@pytest.mark.parametrize(
    ('facts', 'reason'),
    [
        (dataclasses.replace(DEBIAN, sources=()), 'sync-host: auto finds no apt source for bookworm'),
        (dataclasses.replace(DEBIAN, os_id='arch'), 'path-base: auto knows'),
    ],
)
def test_auto_that_finds_nothing_says_so(facts: Facts, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        _plan(AUTO, facts)


def test_inline_keys_are_written_as_gpgv_reads_them(keys: Keys) -> None:
    plan = _plan(Options(keyring=keys.armoured))
    assert plan.keyring_bytes == keys.keyring.read_bytes()
    assert (plan.settings.keyring, plan.keyring_package) == (options.KEYRING, '')


def test_the_keeper_understands_the_settings_that_the_charm_writes() -> None:
    plan = _plan(AUTO)
    assert from_mapping(json.loads(rendering.keeper_settings(plan))) == plan.settings


# -- apt's sources -------------------------------------------------------------------------------------


def test_both_forms_of_sources_are_read_and_others_left_out() -> None:
    files = [
        (
            'sources.list',
            '# x\ndeb [arch=amd64] http://a.example/ubuntu/ jammy main universe # c\ndeb-src x y z\n',
        ),
        ('b.sources', 'Types: deb deb-src\nURIs: http://b.example/u\nSuites: s\n s2\nComponents: main\n'),
        ('c.sources', 'Enabled: no\nTypes: deb\nURIs: http://c.example\nSuites: s\nComponents: main\n'),
        ('d.list', 'deb http://d.example/flat ./\n'),
        ('e.list.save', 'deb http://e.example s main\n'),
        ('f.list', 'deb http://f.example/flat stable/ x\n'),
    ]
    assert aptsources.parse(files) == [
        Source(('http://a.example/ubuntu',), ('jammy',), ('main', 'universe')),
        Source(('http://b.example/u',), ('s', 's2'), ('main',)),
    ]


def test_a_clients_source_can_carry_the_keys_themselves() -> None:
    text = aptsources.client_source(uri='http://h/u', suites=['s'], components=['main'], signed_by='K\n\nL\n')
    assert text.endswith('Components: main\nSigned-By:\n K\n .\n L\n')


# -- nginx ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('host', 'facts', 'wanted'),
    [
        ('192.0.2.1', DEBIAN, ['"192.0.2.1:80"']),
        ('a.example:81/p', DEBIAN, ['resolver 192.0.2.53 ', '"a.example:81"', '/p/$1']),
        (
            'a.example',
            dataclasses.replace(DEBIAN, hosts={'a.example': '::1'}),
            ['"[::1]:80"', 'Host "a.example"'],
        ),
        ('a.example', dataclasses.replace(DEBIAN, nameservers=()), ['return 503;']),
    ],
)
def test_pass_through_never_needs_a_name_at_start(host: str, facts: Facts, wanted: list[str]) -> None:
    block = rendering.origin_block(_plan(Options(sync_host=host)), facts)
    assert [part for part in wanted if part not in block] == []
    assert ('resolver' in block) == any('resolver' in part for part in wanted)
