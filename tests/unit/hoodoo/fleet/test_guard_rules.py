"""What a juju command line does, and what of it may be kept."""

from __future__ import annotations

import shlex

import pytest

from hoodoo.fleet import guard_rules
from pocket.client import registry


@pytest.mark.parametrize(
    'line',
    [
        '',
        '--version',
        '--help',
        'help deploy',
        'deploy --help',
        'status',
        'status --format json --relations',
        '--debug status',
        '--logging-config <root>=DEBUG status',
        'list-models',
        'models --all',
        'config mysql',
        'config mysql max-connections',
        'config mysql --format json',
        'config -m prod mysql -o out.yaml',
        'model-config',
        'model-config logging-config',
        'controller-config -c aws',
        'model-defaults --region japaneast',
        'show-secret abc --reveal',
        'debug-log --replay',
        'wait-for application x --query=\'status=="active"\'',
        'export-bundle --filename b.yaml',
        'login -c aws',
        'whoami',
        'resources a',
        'show-unit a/0',
        'secrets',
        'switch',
    ],
)
def test_it_reads(line: str) -> None:
    meaning = guard_rules.understand(shlex.split(line))
    assert (meaning.writes, meaning.refused) == (False, '')


@pytest.mark.parametrize(
    'line',
    [
        'deploy ubuntu',
        'config mysql max-connections=7',
        'config mysql --reset max-connections',
        'config mysql --file f.yaml',
        'config mysql --somewhat-new mysql',
        'model-config update-status-hook-interval=7m',
        'ssh 0',
        'exec --unit a/0 -- hostname',
        'run a/0 backup',
        'scp 0:x .',
        'trust a',
        'trust a --scope=cluster',
        'scale-application a 2',
        'attach-resource a image=oci:/images/a',
        'debug-hooks a/0 web-pebble-ready',
        'ssh --container web a/0 -- ls',
        'scp --container web a/0:/srv/x .',
        'remove-application a',
        'a-plugin status',
        '--unheard-of status',
        'add-model x',
        'set-constraints a mem=4G',
        'exec --help-me',
    ],
)
def test_it_writes(line: str) -> None:
    assert guard_rules.understand(shlex.split(line)).writes


def test_all_commands_that_pocket_has_are_one_or_the_other() -> None:
    names = {*registry.COMMANDS, *registry.ALIASES}
    reading = {name for name in names if not guard_rules.understand([name]).writes}
    listing = {name for name in names if name.startswith(('list-', 'show-', 'find'))}
    assert listing <= reading
    changing = (
        'add',
        'remove',
        'set',
        'update',
        'grant',
        'revoke',
        'attach',
        'destroy',
        'enable',
        'disable-',
    )
    assert not {name for name in reading if name.startswith(changing)}
    assert not reading & {'ssh', 'scp', 'exec', 'run', 'deploy', 'refresh', 'integrate', 'relate', 'offer'}


@pytest.mark.parametrize('line', ['switch other', 'bootstrap aws', 'kill-controller aws', 'unregister aws'])
def test_it_has_no_place_in_a_shell_of_one_environment(line: str) -> None:
    assert guard_rules.understand(shlex.split(line)).refused


@pytest.mark.parametrize(
    ('line', 'models'),
    [
        ('status -m a', ('a',)),
        ('status --model=aws:a --format json', ('aws:a',)),
        ('status -ma', ('a',)),
        ('models -c aws', ('aws:',)),
        ('destroy-model --no-prompt --timeout 5m prod', ('prod',)),
        ('show-model --format json', ()),
        ('show-model --format json prod', ('prod',)),
        ('offer web:site', ()),
        ('offer web:site,admin shop', ()),
        ('offer prod.web:site shop', ('prod',)),
        ('offer -c east admin/prod.web:site', ('east:', 'admin/prod')),
        ('remove-offer shop', ()),
        (
            'remove-offer --force shop admin/prod.shop east:admin/other.shop',
            ('admin/prod', 'east:admin/other'),
        ),
        ('grant ann read', ()),
        ('grant ann read prod test', ('prod', 'test')),
        ('revoke ann consume admin/prod.shop', ('admin/prod',)),
        ('ssh 0 nagios -c x.cfg', ()),
        ('ssh -m a 0 grep -m 1 x', ('a',)),
        ('exec --unit a/0 bash -c true', ()),
        ('exec --unit a/0 -m b -- bash -c true', ('b',)),
        ('integrate a admin/other.db', ()),
        ('ssh --container web -m b a/0 -- tool -m c', ('b',)),
        ('scp --container web a/0:/x .', ()),
    ],
)
def test_models_that_it_names(line: str, models: tuple[str, ...]) -> None:
    assert guard_rules.understand(shlex.split(line)).models == models


@pytest.mark.parametrize(
    ('named', 'same'),
    [
        ('prod', True),
        ('admin/prod', True),
        ('aws:prod', True),
        ('aws:admin/prod', True),
        ('aws:', True),
        ('c0ffee', True),
        ('c0ff', False),
        ('staging', False),
        ('gce:prod', False),
        ('gce:', False),
        ('prod2', False),
    ],
)
def test_the_same_model_by_other_words(named: str, same: bool) -> None:
    uuid = 'c0ffee00-0000-4000-8000-000000000000'
    assert guard_rules.same_model(named, controller='aws', model='prod', uuid=uuid) is same


def test_a_model_of_another_owner_is_another() -> None:
    assert not guard_rules.same_model('ada/prod', controller='aws', model='admin/prod')
    assert guard_rules.same_model('prod', controller='aws', model='admin/prod')


@pytest.mark.parametrize(
    ('line', 'kept'),
    [
        ('config mysql root-password=hunter2 port=1', 'config mysql root-password=*** port=***'),
        ('add-secret db password=hunter2', 'add-secret db password=***'),
        ('update-secret db --info why password#file=p', 'update-secret db --info why password#file=***'),
        ('deploy a --config key=hunter2 -n 2', 'deploy a --config key=*** -n 2'),
        ('deploy a --config=hunter2', 'deploy a --config=***'),
        ('deploy a --config options.yaml', 'deploy a --config ***'),
        ('deploy a --config ./options.yaml', 'deploy a --config ./options.yaml'),
        ('deploy a --constraints=mem=4G', 'deploy a --constraints=mem=4G'),
        ('set-constraints a mem=4G', 'set-constraints a mem=4G'),
        ('run a/0 backup key=hunter2', 'run a/0 backup key=***'),
        ('exec --unit a/0 -- TOKEN=hunter2 date +%s', 'exec --unit a/0 -- TOKEN=*** date +%s'),
        ('ssh 0 curl https://me:hunter2@example.com/x', 'ssh 0 curl https://me:***@example.com/x'),
        ('register aGVsbG8=', 'register ***'),
        ('exec --unit a/0 -- "PGPASSWORD=hunter2 psql"', "exec --unit a/0 -- 'PGPASSWORD=*** psql'"),
        (
            'exec --unit a/0 "mysql -uroot -phunter2 -e \\"x\\""',
            'exec --unit a/0 \'mysql -uroot -p*** -e "x"\'',
        ),
        ('exec --unit a/0 -- mysqldump -phunter2 db', 'exec --unit a/0 -- mysqldump -p*** db'),
        ('ssh 0 mkdir -pv /srv', 'ssh 0 mkdir -pv /srv'),
        ('ssh 0 "tool --password  hunter2 -x"', "ssh 0 'tool --password  *** -x'"),
        (
            'ssh 0 \'curl -H "Authorization: Bearer hunter2" u\'',
            "ssh 0 'curl -H \"Authorization: Bearer *** u'",
        ),
        ('status --relations', 'status --relations'),
    ],
)
def test_what_is_kept_holds_no_secret(line: str, kept: str) -> None:
    words = shlex.split(line)
    meaning = guard_rules.understand(words)
    assert ' '.join(guard_rules.shown(words, meaning.command)) == ' '.join(shlex.split(kept))


def test_what_is_kept_is_short() -> None:
    kept = guard_rules.shown(['exec', *['x' * 1000] * 100], 'exec')
    assert sum(map(len, kept)) < 5000
    assert kept[-1] == '...'
