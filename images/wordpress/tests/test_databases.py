"""The databases that a blog may be given: MariaDB of two releases of Debian, and MySQL of sid."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import conftest
import neighbours
import pytest
import site_of_image as site

PASSWORD = 'quote\' "double" back\\slash $x / & `tick` é 😀 ' + 'x' * 150
pytestmark = pytest.mark.heavy

Serve = Callable[[], contextlib.AbstractContextManager[site.Database]]


@pytest.fixture(scope='module', params=['MariaDB 11.8', 'MariaDB 10.11', 'MySQL'])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[site.Database]:
    trees: dict[str, Callable[[], Path]] = {
        'MariaDB 11.8': lambda: conftest.tree('mariadb', 'WORDPRESS_DATABASE_ROOT', tmp_path_factory),
        'MariaDB 10.11': lambda: neighbours.debian('bookworm', 'mariadb-server'),
        'MySQL': lambda: neighbours.debian('sid', 'mysql-server'),
    }
    with site.database(trees[request.param](), tmp_path_factory.mktemp('server') / 'd') as running:
        assert request.param.removeprefix('MariaDB ').removeprefix('MySQL') in _version(running)
        yield running


def _version(server: site.Database) -> str:
    return server.query('SELECT VERSION()')[0][0]


@pytest.fixture
def make(root: Path, server: site.Database, tmp_path: Path) -> Generator[conftest.MakeUnit]:
    with conftest.units(root, server, tmp_path) as made:
        yield made


@pytest.mark.parametrize('is_secure', [False, True], ids=['plain', 'TLS'])
def test_31_a_blog_lives_on_it(make: conftest.MakeUnit, server: site.Database, is_secure: bool) -> None:
    """Test 31: installs by three at once, an awkward password, pages, a comment, a dump and back."""
    first = make(password=PASSWORD)
    if is_secure:
        name = first.site['database']['name']
        server.query(f"ALTER USER `{name}`@'%' REQUIRE SSL")
        assert first.wpctl('ping')['error'] == 'access-denied'
        ca = (server.socket.parent / 'tls/ca.pem').read_text()
        first.push(first.site | {'database': first.site['database'] | {'tls': True, 'ca': ca}})
    said = first.wpctl('ping')
    assert said['ok'], said
    print(f'{said["server"]}, TLS {is_secure}')
    units = [first, make(like=first), make(like=first)]
    wanted = {
        'title': 'Blog',
        'user': 'admin',
        'email': 'a@example.com',
        'password': PASSWORD,
        'public': True,
    }
    racing = [unit.spawn('install', wanted) for unit in units]
    results = sorted(str(site.Unit.answer(one).get('result')) for one in racing)
    assert results == ['already-installed', 'already-installed', 'installed']
    first.start()
    browser = site.Browser(first)
    browser.log_in('admin', PASSWORD)
    assert browser.get('/wp-admin/').status == 200
    made = browser.rest('POST', '/wp/v2/posts', {'title': 'Olá 😀', 'content': 'x', 'status': 'publish'})
    assert made.status == 201, made.text
    assert 'Olá 😀' in first.get('/').text
    assert first.get('/-/ready').status == 200
    assert first.wpctl('upgrade')['upgraded'] is False
    dumped = first.wpctl('export', {'path': '/tmp/d.sql.gz'})
    assert dumped['ok'], dumped
    assert first.wpctl('apply', {'options': {'blogname': 'Later'}})['ok']
    read = first.wpctl('import', {'path': '/tmp/d.sql.gz'})
    assert (read['ok'], read['rows']) == (True, dumped['rows'])
    assert 'Later' not in first.get('/').text
    assert 'Olá 😀' in first.get('/').text
    assert first.wpctl('cron')['failed'] == []
    assert PASSWORD not in first.log.read_text()


def test_31_another_authority_is_not_believed(make: conftest.MakeUnit, server: site.Database) -> None:
    unit = make()
    tls = server.socket.parent / 'tls'
    other = tls / 'other.pem'
    if not other.exists():
        neighbours.certificate(other, tls / 'other.key', 'other.example.com')
    unit.push(unit.site | {'database': unit.site['database'] | {'tls': True, 'ca': other.read_text()}})
    assert unit.wpctl('ping')['ok'] is False
    unit.push(unit.site | {'database': unit.site['database'] | {'ca': (tls / 'ca.pem').read_text()}})
    assert unit.wpctl('ping')['ok'] is True
