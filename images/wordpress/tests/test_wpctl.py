from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
import site_of_image as site

MakeUnit = Callable[..., site.Unit]

PASSWORDS = [
    'it\'s "q" \\ $x/&',
    'back\\\\slash\\',
    'é🚀ü ‮x',
    '${jndi} `id` <b>&amp;',
    'x' * 200,
    ' lead and trail ',
]
DATABASE_PASSWORDS = ['it\'s "q" \\ $x/&', 'two\nlines\t🚀', 'x' * 79]


def test_ping_says_what_is_wrong(make_unit: MakeUnit) -> None:
    unit = make_unit()
    assert unit.wpctl('ping')['ok']
    wrong = {'password': 'no'}, {'port': site.free_port()}, {'name': 'absent'}
    codes: list[str] = []
    good = unit.site['database']
    for change in wrong:
        unit.push(unit.site | {'database': good | change})
        codes.append(unit.wpctl('ping')['error'])
    assert codes == ['access-denied', 'database-unreachable', 'access-denied']
    (unit.run_dir / 'site.json').write_text('{')
    assert unit.wpctl('ping')['error'] == 'no-configuration'
    assert unit.wpctl('nonsense')['error'] == 'bad-input'


@pytest.mark.heavy
@pytest.mark.parametrize('password', DATABASE_PASSWORDS)
def test_database_passwords(make_unit: MakeUnit, password: str) -> None:
    unit = make_unit(password=password)
    assert unit.install()['ok']


@pytest.mark.heavy
def test_passwords_of_people(installed: site.Unit) -> None:
    for password in PASSWORDS:
        wanted = {'user': 'admin', 'password': password}
        assert installed.wpctl('set-password', wanted) == {'ok': True, 'changed': True}
        assert installed.wpctl('set-password', wanted) == {'ok': True, 'changed': False}
        assert installed.wpctl('check-password', wanted) == {'ok': True, 'valid': True}
        browser = site.Browser(installed)
        assert browser.log_in('admin', password).status == 302, password
        assert browser.get('/wp-admin/').status == 200
    assert installed.wpctl('check-password', {'user': 'admin', 'password': 'secret'}) == {
        'ok': True,
        'valid': False,
    }
    assert installed.wpctl('check-password', {'user': 'nobody', 'password': 'x'})['error'] == 'bad-input'


@pytest.mark.heavy
def test_password_of_installation(make_unit: MakeUnit) -> None:
    unit = make_unit()
    password = PASSWORDS[0] + PASSWORDS[2]
    assert unit.install(password=password)['ok']
    unit.start()
    assert site.Browser(unit).log_in('admin', password).status == 302


@pytest.mark.heavy
@pytest.mark.parametrize(('public', 'kept'), [(True, '1'), (False, '0'), (1, '1'), (0, '0'), (None, '0')])
def test_public(make_unit: MakeUnit, base: site.Database, public: object, kept: str) -> None:
    unit = make_unit()
    wanted = {'title': 'B', 'user': 'admin', 'email': 'a@example.com', 'password': 'p'}
    assert unit.wpctl('install', wanted | ({} if public is None else {'public': public}))['ok']
    name = unit.site['database']['name']
    assert base.query(
        "SELECT option_value FROM wp_options WHERE option_name='blog_public'", database=name
    ) == [[kept]]
    unit.start()
    robots = unit.get('/robots.txt')
    assert robots.status == 200
    page = unit.get('/').text
    assert ('noindex' in page) is (kept == '0')


def _concurrent(make_unit: MakeUnit, base: site.Database) -> None:
    first = make_unit()
    units = [first, make_unit(like=first), make_unit(like=first)]
    wanted = {'title': 'B', 'email': 'a@example.com', 'public': True}
    running = [
        u.spawn('install', wanted | {'user': f'admin{n}', 'password': f'p{n}'}) for n, u in enumerate(units)
    ]
    answers = [first.answer(process) for process in running]
    assert sorted(a.get('result', a) for a in answers) == [
        'already-installed',
        'already-installed',
        'installed',
    ]
    name = first.site['database']['name']
    winner = next(n for n, a in enumerate(answers) if a['result'] == 'installed')
    assert base.query('SELECT user_login FROM wp_users', database=name) == [[f'admin{winner}']]
    assert base.query('SELECT COUNT(*) FROM wp_posts', database=name) == [['3']]
    assert first.wpctl('check-password', {'user': f'admin{winner}', 'password': f'p{winner}'})['valid']


def test_three_install_at_once(make_unit: MakeUnit, base: site.Database) -> None:
    for _ in range(2):
        _concurrent(make_unit, base)


@pytest.mark.heavy
def test_three_install_at_once_ten_times(make_unit: MakeUnit, base: site.Database) -> None:
    for _ in range(10):
        _concurrent(make_unit, base)


@pytest.mark.heavy
def test_installation_that_was_cut_off_begins_anew(make_unit: MakeUnit, base: site.Database) -> None:
    import time

    unit = make_unit()
    name = unit.site['database']['name']
    for pause in (0.25, 0.35, 0.45):
        process = unit.spawn(
            'install', {'title': 'B', 'user': 'gone', 'email': 'a@example.com', 'password': 'p'}
        )
        time.sleep(pause)
        process.kill()
        process.communicate()
    answer = unit.install()
    users = base.query('SELECT user_login FROM wp_users', database=name)
    assert users == ([['admin']] if answer['result'] == 'installed' else [['gone']])
    assert base.query('SELECT COUNT(*) FROM wp_posts', database=name) == [['3']]


@pytest.mark.parametrize('tables', [1, 6, 12])
def test_installation_that_was_cut_off_among_its_tables_begins_anew(
    tables: int, make_unit: MakeUnit, base: site.Database
) -> None:
    unit = make_unit()
    name = unit.site['database']['name']
    process = unit.spawn('install', {'title': 'B', 'user': 'gone', 'email': 'a@example.com', 'password': 'p'})
    while len(base.query('SHOW TABLES', database=name)) < tables:
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert unit.install()['result'] == 'installed'
    assert base.query('SELECT user_login FROM wp_users', database=name) == [['admin']]


def test_rows_of_somebody_are_not_taken_for_an_installation_that_was_cut_off(
    make_unit: MakeUnit, base: site.Database
) -> None:
    unit = make_unit()
    name = unit.site['database']['name']
    base.query('CREATE TABLE wp_posts (post_title TEXT); INSERT INTO wp_posts VALUES ("kept")', database=name)
    base.query('CREATE TABLE wp_links (link_url TEXT)', database=name)
    assert unit.install()['ok'] is False
    assert base.query('SELECT post_title FROM wp_posts', database=name) == [['kept']]
    assert base.query('SHOW TABLES', database=name) == [['wp_links'], ['wp_posts']]


def test_apply_changes_only_what_differs(installed: site.Unit) -> None:
    wanted = {
        'options': {
            'blogname': 'It\'s "quoted" \\ back',
            'blog_public': '0',
            'akismet_strictness': '0',
            'x_list': {'a': [1, 'b\\c']},
        },
        'plugins': {'activate': ['akismet'], 'deactivate': ['hello']},
        'theme': '',
    }
    changed = installed.wpctl('apply', wanted)['changed']
    assert set(changed) == {
        'option:blogname',
        'option:blog_public',
        'option:akismet_strictness',
        'option:x_list',
        'plugin:+akismet',
    }
    assert installed.wpctl('apply', wanted) == {'ok': True, 'changed': []}
    back = installed.wpctl(
        'apply', {'remove_options': ['x_list', 'absent'], 'plugins': {'deactivate': ['akismet']}}
    )
    assert back['changed'] == ['plugin:-akismet', 'option:-x_list']
    assert installed.wpctl('apply', {'plugins': {'activate': ['absent']}})['error'] == 'bad-input'
    assert installed.wpctl('apply', {'theme': 'absent'})['error'] == 'bad-input'
    assert installed.wpctl('apply', {'options': {'siteurl': 'x'}})['error'] == 'bad-input'


@pytest.mark.heavy
def test_status_upgrade_and_cron(installed: site.Unit) -> None:
    status = installed.wpctl('status')
    assert status['installed']
    assert not status['upgrade_needed']
    assert [theme for theme in status['themes'] if theme['active']]
    assert {'slug', 'version', 'active'} == set(status['plugins'][0])
    dry = installed.wpctl('upgrade', {'dry_run': True})
    assert dry['from'] == dry['to']
    assert installed.wpctl('upgrade')['upgraded'] is False
    # Two units that are asked at once: what is due runs once.
    due = "require '/usr/share/wordpress/wp-load.php';"
    due += " for ($n = 0; $n < 20; $n++) { wp_schedule_single_event(time() - 9, 'nothing', [$n]); }"
    subprocess.run(installed.enter('/usr/bin/php', '-r', due), check=True, capture_output=True)
    asked = [installed.spawn('cron') for _ in range(2)]
    answers = [installed.answer(one) for one in asked]
    assert [one['failed'] for one in answers] == [[], []]
    few, many = sorted(one['ran'] for one in answers)
    assert few < 20 <= many


@pytest.mark.parametrize('where', ['database', 'prefix'])
def test_an_upgrade_is_rehearsed_on_a_copy_that_is_gone_afterwards(
    installed: site.Unit, base: site.Database, where: str
) -> None:
    name = installed.site['database']['name']
    if where == 'database':
        base.query(f"GRANT ALL ON `{name}\\_rehearsal`.* TO `{name}`@'%'")
    base.query("UPDATE wp_options SET option_value = '53496' WHERE option_name = 'db_version'", database=name)
    # A table as an earlier version had it.
    base.query('ALTER TABLE wp_commentmeta DROP INDEX meta_key', database=name)
    tables = [row[0] for row in base.query('SHOW TABLES', database=name)]
    sums = f'CHECKSUM TABLE {", ".join(tables)}'
    before = base.query(sums, database=name)
    found = installed.wpctl('rehearse')
    assert (found['ok'], found['good'], found['where'], found['errors']) == (True, True, where, [])
    assert (found['from'], found['reached'], found['upgrade_needed']) == (53496, found['to'], True)
    assert [table for table in found['changed_tables'] if table.endswith('commentmeta')] == ['wp_commentmeta']
    assert base.query(sums, database=name) == before
    assert [row[0] for row in base.query('SHOW TABLES', database=name)] == tables
    assert base.query("SHOW DATABASES LIKE '%rehearsal'") == []
    keys = base.query('SELECT meta_key FROM wp_usermeta', database=name)
    assert ['wp_capabilities'] in keys


def test_a_rehearsal_that_fails_says_so_and_leaves_nothing(installed: site.Unit, base: site.Database) -> None:
    name = installed.site['database']['name']
    base.query("UPDATE wp_options SET option_value = '53496' WHERE option_name = 'db_version'", database=name)
    # Two of the same name cannot get the index back that makes names unique.
    base.query(
        'ALTER TABLE wp_options DROP INDEX option_name;'
        "INSERT INTO wp_options (option_name, option_value) VALUES ('twice', 'x'), ('twice', 'x')",
        database=name,
    )
    found = installed.wpctl('rehearse')
    assert (found['ok'], found['good'], len(found['errors'])) == (True, False, 1)
    assert 'Duplicate entry' in found['errors'][0]
    assert 'twice' not in found['errors'][0]
    assert not [row for row in base.query('SHOW TABLES', database=name) if row[0].startswith('hreh_')]


def test_a_database_of_somebody_else_is_not_taken_for_a_rehearsal(
    installed: site.Unit, base: site.Database
) -> None:
    name = installed.site['database']['name']
    base.query(
        f'CREATE DATABASE `{name}_rehearsal`; CREATE TABLE `{name}_rehearsal`.precious (a INT);'
        f"GRANT ALL ON `{name}\\_rehearsal`.* TO `{name}`@'%'"
    )
    assert installed.wpctl('rehearse')['where'] == 'prefix'
    assert base.query('SHOW TABLES', database=f'{name}_rehearsal') == [['precious']]
    base.query(f'DROP DATABASE `{name}_rehearsal`')


def test_before_the_installation(make_unit: MakeUnit) -> None:
    unit = make_unit()
    assert unit.wpctl('status')['installed'] is False
    for verb in ('apply', 'upgrade', 'rehearse', 'cron', 'export'):
        assert unit.wpctl(verb, {'path': '/tmp/x'})['error'] == 'not-installed'


def test_export_and_import(installed: site.Unit, make_unit: MakeUnit, base: site.Database) -> None:
    name = installed.site['database']['name']
    title = 'x\'"\\\\ \n\r\t%_ 🚀 \x01'
    hexed = title.encode().hex()
    base.query(
        f"UPDATE wp_posts SET post_title = CONVERT(UNHEX('{hexed}') USING utf8mb4) WHERE ID = 1",
        database=name,
    )
    # A plugin's table, of columns that WordPress has none of.
    base.query(
        'CREATE TABLE wp_odd (id INT PRIMARY KEY, bytes BLOB, bits BIT(9), at TIMESTAMP NULL);'
        "INSERT INTO wp_odd VALUES (0, UNHEX('00FF0A0D27225C1AC328'), 257, FROM_UNIXTIME(1)),"
        '(5, NULL, 0, NULL)',
        database=name,
    )
    odd = 'SELECT id, HEX(bytes), HEX(bits), UNIX_TIMESTAMP(at) FROM wp_odd ORDER BY id'
    made = installed.wpctl('export', {'path': '/tmp/dump.sql.gz'})
    assert made['tables'] == 13
    other = make_unit()
    (other.scratch / 'dump.sql.gz').write_bytes((installed.scratch / 'dump.sql.gz').read_bytes())
    # The other server's clock is of another zone.
    base.query("SET GLOBAL time_zone = '+02:00'")
    try:
        read = other.wpctl('import', {'path': '/tmp/dump.sql.gz'})
    finally:
        base.query("SET GLOBAL time_zone = 'SYSTEM'")
    assert read == {'ok': True, 'tables': 13, 'rows': made['rows']}
    copy = other.site['database']['name']
    assert base.query(odd, database=copy) == base.query(odd, database=name)
    assert base.query('SELECT HEX(post_title) FROM wp_posts WHERE ID = 1', database=copy) == [[hexed.upper()]]
    sums = 'CHECKSUM TABLE wp_posts, wp_options, wp_users, wp_usermeta, wp_comments, wp_terms'
    assert [row[1] for row in base.query(sums, database=copy)] == [
        row[1] for row in base.query(sums, database=name)
    ]
    assert other.wpctl('check-password', {'user': 'admin', 'password': 'secret'})['valid']
    assert installed.wpctl('export', {'path': '/tmp/plain.sql'})['ok']
    whole = (installed.scratch / 'plain.sql').read_bytes()
    (other.scratch / 'plain.sql').write_bytes(whole)
    (other.scratch / 'cut.sql').write_bytes(whole[: len(whole) // 2])
    assert other.wpctl('import', {'path': '/tmp/cut.sql'})['error'] == 'bad-input'
    assert other.wpctl('check-password', {'user': 'admin', 'password': 'secret'})['valid']
    assert other.wpctl('import', {'path': '/tmp/plain.sql'})['ok']
    assert len(base.query('SHOW TABLES', database=copy)) == 13
