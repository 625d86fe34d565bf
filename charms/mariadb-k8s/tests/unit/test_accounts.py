"""From what the server has to what is wanted, as statements."""

from __future__ import annotations

import accounts
import pytest

READ = """\
version\t11.8.6-MariaDB-0+deb13u1 from Debian\t\t
database\tmysql\t\t
database\tmy_db\t\t
user\troot\tlocalhost\tinvalid
user\trelation-3\t%\t*0D3CED9BEC10A777AEC23CCC353A8C08A633045E
user\trelation-9\t%\t*00
user\tblog\t%\t*00
admin\tmysql\tlocalhost\t
grant\trelation-3\t%\tmy\\\\_db
"""
OWN = accounts.Account(user='relation-3', password='abc', database='my_db')


def test_what_the_server_says_is_read() -> None:
    found = accounts.Found.parse(READ)
    assert (found.version, found.databases, found.admins) == ('11.8.6', {'mysql', 'my_db'}, frozenset())
    assert found.grants == {('relation-3', 'my\\_db')}
    assert found.hashes['relation-3', '%'] == accounts.hash_of('abc')


def test_what_is_there_is_left_alone() -> None:
    assert accounts.statements([OWN], accounts.Found.parse(READ)) == []


def test_what_is_missing_is_made() -> None:
    made = accounts.statements([OWN], accounts.Found())
    assert made == [
        'CREATE DATABASE IF NOT EXISTS `my_db`;',
        f"CREATE USER IF NOT EXISTS 'relation-3'@'%' IDENTIFIED BY PASSWORD '{accounts.hash_of('abc')}';",
        "GRANT ALL PRIVILEGES ON `my\\_db`.* TO 'relation-3'@'%';",
    ]


def test_a_database_that_two_share_is_made_once() -> None:
    other = accounts.Account(user='relation-4', password='x', database='my_db')
    made = accounts.statements([OWN, other], accounts.Found())
    assert sum('CREATE DATABASE' in one for one in made) == 1


def test_admins_get_all_rights_and_lose_them() -> None:
    admin = accounts.Account(user='relation-3', password='abc', database='my_db', is_admin=True)
    found = accounts.Found.parse(READ)
    assert accounts.statements([admin], found) == [
        "GRANT ALL PRIVILEGES ON *.* TO 'relation-3'@'%' WITH GRANT OPTION;"
    ]
    risen = accounts.Found.parse(READ + 'admin\trelation-3\t%\t\n')
    assert [one.split(' ON')[0] for one in accounts.statements([OWN], risen)] == [
        'REVOKE ALL PRIVILEGES',
        'REVOKE GRANT OPTION',
    ]


def test_only_users_of_relations_are_removed() -> None:
    found = accounts.Found.parse(READ)
    assert accounts.removals(['relation-3'], found) == ["DROP USER IF EXISTS 'relation-9'@'%';"]


def test_no_statement_and_no_account_shows_a_password() -> None:
    secret = accounts.Account(user='relation-1', password='hunter2', database='x')
    made = [
        *accounts.statements([secret], accounts.Found()),
        *accounts.root_statements('hunter2', accounts.Found()),
    ]
    assert not any('hunter2' in text for text in (*made, repr(secret)))


@pytest.mark.parametrize('name', ['', '-x', "a'b", 'a`b', 'a b', 'ä', 'mysql', 'SYS', 'x' * 65, 'a\n'])
def test_names_that_cannot_be_databases(name: str) -> None:
    with pytest.raises(accounts.NameFault):
        accounts.check_database(name)


@pytest.mark.parametrize('name', ['root', 'mysql', 'relation-7', "o'hara", ''])
def test_names_that_cannot_be_users(name: str) -> None:
    with pytest.raises(accounts.NameFault):
        accounts.check_user(name)
