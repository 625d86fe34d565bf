from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable

import pytest
import site_of_image as site

MakeUnit = Callable[..., site.Unit]

DENIED = (
    '/wp-config.php',
    '/wp-config.php.bak',
    '/wp-config-sample.php',
    '/.htaccess',
    '/.git/config',
    '/wp-content/plugins/akismet/.htaccess',
    '/readme.html',
    '/license.txt',
    '/wp-admin/install.php',
    '/wp-admin/setup-config.php',
    '/xmlrpc.php',
    '/wp-includes/version.php',
    '/wp-content/debug.log',
    '/dump.sql',
    '/wp-content/uploads/x.php',
    '/wp-content/uploads/x.php.jpg',
    '/wp-content/uploads/x.phar/a',
    '/wp-content/db.php',
    '/wp-content/mu-plugins/10-site.php',
    '/wp-cron.php',
    '/WP-CONFIG.PHP',
    '/wp-content/uploads/',
    '/-/../wp-config.php',
    '/wp-content/mu-plugins/',
    '/wp-includes/',
    '/%2ehtaccess',
)


def test_a_visitor_and_a_writer(installed: site.Unit) -> None:
    page = installed.get('/')
    assert page.status == 200
    assert 'Hello world' in page.text
    assert 's-maxage=10' in page.headers['cache-control']
    assert page.headers['x-content-type-options'] == 'nosniff'
    assert installed.get('/wp-login.php').headers['x-frame-options'] == 'SAMEORIGIN'
    assert 'x-powered-by' not in page.headers
    assert installed.get('/-/alive').body == b'ok\n'
    browser = site.Browser(installed)
    assert browser.log_in('admin', 'secret').status == 302
    assert 'no-cache' in browser.get('/wp-admin/').headers['cache-control']
    made = browser.rest('POST', '/wp/v2/posts', {'title': 'Fresh', 'content': 'News', 'status': 'publish'})
    assert made.status == 201
    link = json.loads(made.text)['link']
    assert link.startswith('https://blog.example.com/20')
    assert 'News' in installed.get(link.removeprefix('https://blog.example.com')).text
    png = bytes.fromhex(
        '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082'
    )
    put = browser.rest(
        'POST',
        '/wp/v2/media',
        raw=png,
        headers={'Content-Type': 'image/png', 'Content-Disposition': 'attachment; filename=a.png'},
    )
    assert put.status == 201, put.text
    source = json.loads(put.text)['source_url'].removeprefix('https://blog.example.com')
    assert installed.get(source).body == png
    assert installed.get(source + 'x').status == 404
    slash = installed.get('/wp-admin', headers={'Host': 'evil.example'})
    assert (slash.status, slash.headers['location']) == (301, '/wp-admin/')
    assert installed.get('/absent-page').status == 404


@pytest.mark.parametrize('path', DENIED)
def test_nobody_sees(web: site.Unit, path: str) -> None:
    (web.uploads / 'x.php').write_text('<?php echo "run";')
    (web.uploads / 'x.php.jpg').write_text('<?php echo "run";')
    reply = web.get(path)
    assert reply.status in (403, 404), reply.text[:200]
    assert 'run' not in reply.text.split()


def test_no_list_of_people(web: site.Unit) -> None:
    assert web.get('/?author=1').status == 404
    assert web.get('/wp-json/wp/v2/users').status == 401
    assert web.get('/wp-json/wp/v2/users/1').status == 401
    # WordPress finds its routes whatever the case.
    assert web.get('/wp-json/wp/v2/USERS').status == 401
    assert web.get('/?rest_route=/wp/v2/Users/1').status == 401
    assert 'admin' not in web.get('/wp-json/wp/v2/posts?_embed=author').text
    assert 'admin' not in web.get('/wp-sitemap.xml').text
    answer = web.get(
        '/wp-login.php',
        method='POST',
        body=b'log=admin&pwd=x',
        headers={'Content-Type': 'application/x-www-form-urlencoded'},
    )
    other = web.get(
        '/wp-login.php',
        method='POST',
        body=b'log=nobody&pwd=x',
        headers={'Content-Type': 'application/x-www-form-urlencoded'},
    )
    assert 'The name or the password is wrong.' in answer.text
    assert 'The name or the password is wrong.' in other.text
    for name in (b'admin', b'nobody'):
        lost = web.get(
            '/wp-login.php?action=lostpassword',
            method='POST',
            body=b'user_login=' + name,
            headers={'Content-Type': 'application/x-www-form-urlencoded'},
        )
        assert 'This site sends no mail' in lost.text


@pytest.mark.heavy
def test_guessing_is_slowed_down(installed: site.Unit) -> None:
    browser = site.Browser(installed)
    for _ in range(10):
        browser.log_in('admin', 'wrong')
    assert 'Too many wrong passwords' in browser.log_in('admin', 'secret').text
    # Other names that the database takes for this one, and the mail address, are no new tries.
    for name in ('ADMIN', 'ad\u200bmin', '\uff41dmin', 'admin@example.com'):
        assert 'Too many wrong passwords' in browser.log_in(name, 'secret').text, name


def test_every_line_of_the_access_log_is_json_and_names_the_page(web: site.Unit) -> None:
    asked = '/a%20page/%22of%5Cmine%C3%BC/'
    agent = 'Br\xf6wser "of \\mine"'
    web.get(f'{asked}?key=planted', headers={'User-Agent': agent, 'X-Forwarded-For': '\xe9'})
    web.get('/wp-content', headers={'User-Agent': agent})
    end = time.monotonic() + 20
    # Another process writes it.
    while '"path":"/wp-content"' not in (log := web.log.read_text()):
        assert time.monotonic() < end, log[-2000:]
        time.sleep(0.05)
    lines = [json.loads(line) for line in log.splitlines() if line.startswith('{')]
    (line,) = (line for line in lines if line['path'] == asked)
    assert (line['status'], line['agent'], line['forwarded']) == (404, 'Br?wser "of \\mine"', '?')
    assert 'planted' not in log


def test_forged_headers_reach_nothing(web: site.Unit) -> None:
    forged = {
        'Host': 'evil.example',
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-For': '203.0.113.9, evil.example',
        'X-Forwarded-Proto': 'http',
        'Forwarded': 'host=evil.example',
        'X-Original-URL': '/evil.example',
    }
    for path in (
        '/',
        '/wp-login.php',
        '/wp-admin/',
        '/feed/',
        '/absent',
        '/wp-content',
        '/wp-json/',
        '/wp-login.php?action=lostpassword',
    ):
        reply = web.get(path, headers=forged)
        assert 'evil.example' not in reply.text, path
        assert 'evil.example' not in str(reply.headers), path
    sent = web.get('/\\evil.example/../wp-admin')
    assert (sent.status, sent.headers['location'][:4]) == (301, '/%5C')


@pytest.mark.heavy
def test_hosts_and_schemes(make_unit: MakeUnit) -> None:
    unit = make_unit(trusted_proxies=['127.0.0.0/8'])
    assert unit.install()['ok']
    unit.start()
    other = unit.get('/a/b?c=d', headers={'Host': 'www.example.com'})
    assert (other.status, other.headers['location']) == (301, 'https://blog.example.com/a/b?c=d')
    evil = unit.get('//evil.example/', headers={'Host': 'www.example.com'})
    assert evil.headers['location'] == 'https://blog.example.com/evil.example/'
    plain = unit.get('/x', headers={'X-Forwarded-Proto': 'http'})
    assert (plain.status, plain.headers['location']) == (301, 'https://blog.example.com/x')
    assert unit.get('/', headers={'X-Forwarded-Proto': 'https'}).status == 200
    assert unit.get('/wp-login.php').status == 200
    unit.push(unit.site | {'url': 'http://blog.example.com'})
    assert unit.get('/wp-login.php').status == 200


def test_server_status_is_for_loopback(make_unit: MakeUnit) -> None:
    unit = make_unit()
    unit.start()
    assert 'BusyWorkers' in unit.get('/server-status?auto').text
    assert unit.get('/server-status', headers={'X-Forwarded-For': '127.0.0.1'}).status == 403
    for secret in (unit.site['database']['password'], *unit.site['keys'].values()):
        assert secret not in unit.get('/server-status').text or secret == 'p'


def test_without_a_configuration(make_unit: MakeUnit) -> None:
    unit = make_unit()
    unit.start()
    assert json.loads(unit.get('/-/ready').text)['reason'] == 'not-installed'
    for text in ('', '{', '[]', '{"url": "javascript:x"}', None):
        path = unit.run_dir / 'site.json'
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        for asked in ('/', '/wp-admin/', '/wp-login.php'):
            reply = unit.get(asked)
            assert reply.status == 503
            assert 'Retry-After'.lower() in reply.headers
            assert 'php' not in reply.text.lower()
        assert unit.get('/-/ready').status == 503
        assert unit.get('/-/alive').status == 200


def test_ready_and_schema(installed: site.Unit, base: site.Database) -> None:
    ready = json.loads(installed.get('/-/ready').text)
    assert ready['ready'] is True
    assert ready['upgrade_needed'] is False
    base.query(
        "UPDATE wp_options SET option_value='100' WHERE option_name='db_version'",
        database=installed.site['database']['name'],
    )
    ready = json.loads(installed.get('/-/ready').text)
    assert (ready['ready'], ready['upgrade_needed']) == (True, True)
    assert installed.wpctl('upgrade', {'dry_run': True})['upgrade_needed'] is True
    assert installed.wpctl('upgrade')['upgraded'] is True
    wrong = installed.site['database'] | {'password': 'no'}
    installed.push(installed.site | {'database': wrong})
    reply = installed.get('/-/ready')
    assert (reply.status, json.loads(reply.text)['reason']) == (503, 'access-denied')
    page = installed.get('/')
    assert page.status == 503
    assert 'database' in page.text
    assert wrong['name'] not in page.text


def test_frozen_database(installed: site.Unit, base: site.Database) -> None:
    os.kill(base.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert installed.get('/-/ready').status == 503
        assert time.monotonic() - began < 5
        assert installed.get('/-/alive').status == 200
        began = time.monotonic()
        assert installed.wpctl('ping')['error'] == 'database-unreachable'
        assert time.monotonic() - began < 5
    finally:
        os.kill(base.process.pid, signal.SIGCONT)
    assert installed.get('/-/ready').status == 200


def test_packets_that_vanish(make_unit: MakeUnit) -> None:
    """An address that never answers stands for every host: nothing may wait for it."""
    with socket.socket() as deaf:
        deaf.bind(('127.0.0.1', 0))
        deaf.listen(0)
        unit = make_unit()
        names = 'api.wordpress.org rest.akismet.com s.w.org planet.wordpress.org wordpress.org'
        unit.hosts.write_text(f'127.0.0.1 localhost\n192.0.2.1 {names}\n')
        began = time.monotonic()
        assert unit.install()['ok']
        assert time.monotonic() - began < 15
        unit.start()
        browser = site.Browser(unit)
        browser.log_in('admin', 'secret')
        times: list[float] = []
        for path in (
            '/wp-admin/',
            '/wp-admin/plugins.php',
            '/wp-admin/update-core.php',
            '/wp-admin/site-health.php',
            '/wp-admin/themes.php',
        ):
            began = time.monotonic()
            assert browser.get(path).status in (200, 403), path
            times.append(time.monotonic() - began)
        # Where nothing is forbidden the dashboard alone takes 20 s and more.
        assert max(times) < 10, times


@pytest.mark.heavy
def test_new_keys_end_sessions_without_a_lost_request(installed: site.Unit) -> None:
    browser = site.Browser(installed)
    browser.log_in('admin', 'secret')
    assert browser.get('/wp-admin/').status == 200
    fresh = {name: value[::-1] + 'x' for name, value in installed.site['keys'].items()}
    installed.push(installed.site | {'keys': fresh})
    assert browser.get('/wp-admin/').status == 302
    assert installed.apache is not None
    installed.apache.send_signal(signal.SIGUSR1)
    for _ in range(10):
        assert installed.get('/').status == 200


@pytest.mark.heavy
def test_akismet_key_is_never_in_the_database(installed: site.Unit, base: site.Database) -> None:
    installed.push(installed.site | {'akismet_key': 'abcdef123456'})
    assert installed.wpctl('apply', {'plugins': {'activate': ['akismet']}})['changed'] == ['plugin:+akismet']
    browser = site.Browser(installed)
    browser.log_in('admin', 'secret')
    assert browser.get('/wp-admin/plugins.php').status == 200
    dumped = installed.wpctl('export', {'path': '/tmp/d.sql'})
    assert dumped['ok']
    assert b'abcdef123456' not in (installed.scratch / 'd.sql').read_bytes()
    assert 'abcdef123456' not in installed.log.read_text()


@pytest.mark.heavy
def test_speed(make_unit: MakeUnit, capsys: pytest.CaptureFixture[str]) -> None:
    unit = make_unit()
    began = time.monotonic()
    assert unit.install()['ok']
    figures = {'install': time.monotonic() - began}
    unit.start()
    began = time.monotonic()
    unit.get('/')
    figures['front page, first'] = time.monotonic() - began

    def timed(work: Callable[[], object], times: int) -> float:
        seen: list[float] = []
        for _ in range(times):
            start = time.monotonic()
            work()
            seen.append(time.monotonic() - start)
        return site.percentile(seen, 0.5)

    figures['front page, p50'] = timed(lambda: unit.get('/'), 40)
    figures['ready, p50'] = timed(lambda: unit.get('/-/ready'), 40)
    for verb in ('ping', 'status', 'apply', 'cron', 'upgrade'):
        figures[f'wpctl {verb}, p50'] = timed(lambda verb=verb: unit.wpctl(verb), 5)
    with capsys.disabled():
        print('\n' + '\n'.join(f'{name}: {value * 1000:.0f} ms' for name, value in figures.items()))
    assert figures['install'] < 20
