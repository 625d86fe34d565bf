"""What this charm does, and when."""

import json
import os

from charms.flags import drop, put, tool, when


@when('hook.install', absent=('layered.installed',))
def install():
    put('layered.installed')
    tool('status-set', 'waiting', 'for a database')


@when('hook.db-relation-changed')
def hear():
    greeting = tool('relation-get', '--app', 'greeting', os.environ['JUJU_REMOTE_APP'])
    if greeting:
        put('db.available')


@when('hook.db-relation-broken')
def forget():
    drop('db.available')
    tool('status-set', 'waiting', 'for a database')


@when('layered.installed', 'db.available', absent=('hook.db-relation-broken',))
def say():
    relation = json.loads(tool('relation-ids', '--format=json', 'db'))[0]
    application = tool('relation-list', '--app', '-r', relation)
    greeting = tool('relation-get', '-r', relation, '--app', 'greeting', application)
    tool('status-set', 'active', greeting + tool('config-get', 'suffix'))
