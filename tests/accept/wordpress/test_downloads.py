"""Downloaded plugins and themes: two units, and a wordpress.org of this host behind the model's proxy.

The tests go on from each other's end.
"""

from __future__ import annotations

import contextlib
import functools
import io
import time
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import pytest

from tests.blog import homes, kills, origin, trials
from tests.blog.model import Blog
from tests.blog.origin import Origin
from tests.blog.parts import measured
from tests.blog.visitors import HOST, asking, seconds_until

UNITS = ('wordpress/0', 'wordpress/1')
TREES = '/var/lib/wordpress/downloads/trees'
TRUST = 'cat >>/etc/ssl/certs/ca-certificates.crt'


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A blog, and where it downloads from."""

    blog: Blog
    origin: Origin

    def page(self, unit: str) -> str:
        """What readers of *unit* see."""
        return self.blog.caller(unit).ask('GET', '/').text

    def trust(self, unit: str) -> None:
        """Have a pod believe the origin, whose certificate no image has."""
        self.blog.inside(unit, 'wordpress', 'sh', '-c', TRUST, given=self.origin.authority.read_text())

    def digests(self, unit: str) -> list[str]:
        """Every downloaded file of *unit* that its site uses."""
        command = f'cd {TREES}/*/ && find . -type f -exec sha256sum {{}} + | sort'
        return self.blog.inside(unit, 'wordpress', 'sh', '-c', command).splitlines()

    def left(self, unit: str) -> str:
        """What there is of downloads in *unit*."""
        command = ('find', '/var/lib/wordpress/downloads', '-mindepth', '1', '-not', '-name', 'archives')
        return self.blog.inside(unit, 'wordpress', *command)

    def is_clean(self, unit: str) -> bool:
        """Whether nothing is left."""
        return self.left(unit) == ''

    def _reads(self, unit: str, words: tuple[str, ...]) -> bool:
        page = self.page(unit)
        return all(word in page for word in words)

    def leader(self) -> str:
        """The unit that leads."""
        units = self.blog.application()['units']
        return next(name for name, unit in units.items() if unit.get('leader'))

    def wait_said(self, status: str, *words: str, unit: str = '') -> str:
        """Wait until *unit*, or else the leader, has that status and says all *words*."""
        unit = unit or self.leader()

        def says() -> bool:
            said = self.blog.said(unit)
            return said[0] == status and all(word in said[1] for word in words)

        assert seconds_until(says, 120) < 120, (status, words, self.blog.said(unit))
        return self.blog.said(unit)[1]

    def wait_reads(self, *words: str) -> None:
        """Wait until readers of every unit see all *words*, and no unit has anything left to say."""
        for unit in UNITS:
            took = seconds_until(functools.partial(self._reads, unit, words), 120)
            assert took < 120, (unit, words, self.blog.said(unit))
            self.blog.wait_unit(unit, 'active')


@pytest.fixture(scope='module')
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    yield from _shop(tmp_path_factory)


def _shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shop]:
    with homes.pocket(tmp_path_factory.mktemp('downloads'), 'downloads') as blog:
        blog.add_model()
        blog.deploy_database()
        with (
            origin.origin(tmp_path_factory.mktemp('origin'), '127.0.0.1', 0) as made,
            # One of the few ports of this host that pods reach; there is no ingress that would have it.
            origin.proxy(made, blog.address, '127.0.0.1', port=80) as proxy,
        ):
            blog.juju('model-config', f'juju-https-proxy={proxy}')
            blog.deploy({'blog_hostname': HOST, 'allow_local_uploads': True}, units=2)
            for unit in UNITS:
                blog.wait_unit(unit, 'active', seconds=180)
            found = Shop(blog=blog, origin=made)
            for unit in UNITS:
                found.trust(unit)
            yield found


def test_without_the_option_nothing_is_asked_for(shop: Shop) -> None:
    """The status names both remedies."""
    shop.origin.publish('shop', '1.2', origin.plugin('shop', '1.2'))
    shop.blog.configure({'plugins': 'akismet shop'})
    said = shop.wait_said('blocked', 'plugins: not in this image: shop; add them to its recipe')
    assert said.endswith('juju config wordpress allow_downloads=true')
    assert shop.origin.heard() == []


def test_all_units_get_the_same_and_no_request_fails(shop: Shop) -> None:
    """Both have it before the site is changed for it, so no page of either lacks it afterwards."""
    with asking(lambda: shop.blog.caller(UNITS[1]).ask('GET', '/')) as answers:
        began = time.monotonic()
        shop.blog.configure({'allow_downloads': True})
        shop.wait_reads('<p>shop 1.2</p>')
        took = time.monotonic() - began
    assert {answer.status for answer in answers} == {200}
    has = ['<p>shop 1.2</p>' in answer.text for answer in answers]
    assert has == sorted(has)
    assert shop.digests(UNITS[0]) == shop.digests(UNITS[1])
    assert shop.origin.heard().count(f'{origin.API}/plugins/info/1.2/') == 1
    assert set(shop.origin.tunnels) == {f'{origin.API}:443', f'{origin.FILES}:443'}
    mark = shop.blog.caller(UNITS[1]).ask('GET', '/wp-content/plugins/shop/mark.svg')
    assert (mark.status, mark.headers['content-type']) == (200, 'image/svg+xml')
    measured(f'downloads: on two units after {took:.1f} s, {len(answers)} requests')


def test_a_theme_comes_too_and_the_dashboard_still_installs_nothing(shop: Shop) -> None:
    shop.origin.publish('paper', '3', origin.theme('paper', '3'), kind='themes')
    shop.blog.configure({'themes': 'paper'})
    shop.wait_reads('theme paper 3', '<p>shop 1.2</p>')
    user = shop.blog.caller().log_in(*trials.administrator(shop.blog))
    assert user.ask('GET', '/wp-admin/plugins.php').status == 200
    assert user.ask('GET', '/wp-admin/plugin-install.php').status == 403


def test_a_new_pod_has_the_same_version_again(shop: Shop) -> None:
    """A newer one is out by then. Until it has what the other unit runs it serves nothing."""
    shop.origin.publish('shop', '1.3', origin.plugin('shop', '1.3'))
    before = shop.digests(UNITS[0])
    assert kills.kill(shop.blog, UNITS[1], kills.POD)
    said = shop.wait_said('waiting', 'certificate', unit=UNITS[1])
    assert 'trying again by itself' in said
    with pytest.raises(OSError, match='refused'):
        shop.page(UNITS[1])
    assert seconds_until(lambda: not shop.blog.health(UNITS[1]), 30) < 30
    shop.trust(UNITS[1])
    shop.wait_said('active', unit=UNITS[1])
    assert shop.digests(UNITS[1]) == before
    assert '<p>shop 1.2</p>' in shop.page(UNITS[1])


def test_another_version_is_named(shop: Shop) -> None:
    shop.blog.configure({'plugins': 'akismet shop:1.3'})
    shop.wait_reads('<p>shop 1.3</p>')


def test_what_cannot_be_had_is_said_and_the_rest_goes_on(shop: Shop) -> None:
    """Nobody of that name, a wrong checksum, hostile archives, a server that is ill: no hook waits for it."""
    evil = origin.plugin('evil', '1', **{'evil.php': '<?php // Plugin Name: evil'})
    shop.origin.publish('evil', '1', origin.plugin('evil', '1'))
    shop.origin.files['/plugin/evil.1.zip'] = origin.packed('evil', evil)
    shop.origin.publish('steep', '1', origin.plugin('steep', '1', **{'../../../../tmp/escaped.php': 'x'}))
    shop.origin.newest['plugins', 'linked'] = '1'
    shop.origin.files['/plugin/linked.1.zip'] = _linked()
    shop.blog.configure({'plugins': 'akismet shop:1.3 nobody evil steep linked'})
    said = shop.wait_said(
        'blocked',
        'plugins: nobody: wordpress.org has no plugin of this name; juju config wordpress plugins=',
        'plugins: evil: evil.php is not what the checksums of wordpress.org say',
        'plugins: steep: the archive has an entry whose name leads elsewhere',
        'plugins: linked: the archive has an entry that is neither a plain file nor a folder',
    )
    assert 'shop' not in said.replace('shop:', '')
    for unit in UNITS:
        assert '<p>shop 1.3</p>' in shop.page(unit)
        found = shop.blog.inside(
            unit, 'wordpress', 'find', '/tmp', '/var/lib/wordpress', '-name', 'escaped.php'
        )
        assert found == ''

    shop.origin.is_ill = True
    shop.origin.publish('late', '1', origin.plugin('late', '1'))
    shop.origin.heard()
    shop.blog.configure({'plugins': 'akismet shop:1.3 late'})
    shop.wait_said('waiting', 'plugins: late: api.wordpress.org answers 503; trying again by itself')
    assert '<p>shop 1.3</p>' in shop.page(UNITS[0])
    assert len(shop.origin.heard()) <= 3
    shop.origin.is_ill = False
    shop.wait_reads('<p>late 1</p>', '<p>shop 1.3</p>')


def test_the_option_put_back_takes_everything_away(shop: Shop) -> None:
    """The site goes on with what the image has; no request fails meanwhile."""
    with asking(lambda: shop.blog.caller().ask('GET', '/')) as answers:
        shop.blog.configure({'allow_downloads': False})
        shop.wait_said('blocked', 'not in this image: shop, late', 'not in this image: paper')
        for unit in UNITS:
            took_s = seconds_until(functools.partial(shop.is_clean, unit), 60)
            assert took_s < 60, (unit, shop.left(unit))
    assert {answer.status for answer in answers} == {200}
    for unit in UNITS:
        page = shop.page(unit)
        assert (HOST in page, 'shop 1.3' in page, 'theme paper' in page) == (True, False, False)
    ((active,),) = shop.blog.sql(
        "SELECT option_value FROM wordpress.wp_options WHERE option_name = 'active_plugins'"
    )
    assert ('akismet' in active, 'shop' in active) == (True, False)
    shop.blog.configure({'plugins': 'akismet', 'themes': ''})
    shop.wait_said('active')
    slowest = sorted(shop.blog.hooks(), key=lambda hook: hook[2])[-3:]
    measured(f'the slowest hooks: {slowest}')
    assert slowest[-1][2] < 10
    assert 'Traceback' not in shop.blog.log()


def test_a_pod_with_storage_needs_nobody_to_come_back(shop: Shop) -> None:
    """What was fetched once is on the volume; wordpress.org is away and nobody is believed."""
    unit, host = 'kept/0', 'kept.example.com'
    shop.origin.publish('late', '1', origin.plugin('late', '1'))
    options = {'blog_hostname': host, 'db_name': 'kept', 'plugins': 'late', 'allow_downloads': True}
    shop.blog.deploy(options, name='kept', storage='downloads=100M')
    shop.wait_said('waiting', 'certificate', unit=unit)
    shop.trust(unit)

    def has_it() -> bool:
        with contextlib.suppress(OSError):
            return '<p>late 1</p>' in shop.blog.caller(unit).ask('GET', '/', Host=f'{host}:8080').text
        return False

    assert seconds_until(has_it, 120) < 120, shop.blog.said(unit)
    former = shop.blog.boot_id(unit)

    def is_new() -> bool:
        with contextlib.suppress(OSError, LookupError):
            return shop.blog.boot_id(unit) != former
        return False

    shop.origin.is_ill = True
    shop.origin.heard()
    assert kills.kill(shop.blog, unit, kills.POD)
    began = time.monotonic()
    assert seconds_until(is_new, 60) < 60
    assert seconds_until(has_it, 120) < 120, shop.blog.said(unit)
    measured(f'a pod with its archives is back after {time.monotonic() - began:.1f} s')
    assert shop.origin.heard() == []


def _linked() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, 'w') as archive:
        archive.writestr('linked/linked.php', '<?php // Plugin Name: linked')
        link = zipfile.ZipInfo('linked/secrets')
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, '/run/wordpress/site.json')
    return held.getvalue()
