#!/usr/bin/env python3
"""Says its word on every relation, and notes each hook that ran to its end."""

import json
import os
import subprocess


def tool(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


hook = os.environ['JUJU_DISPATCH_PATH'].removeprefix('hooks/')
if hook in ('config-changed', 'speech-relation-created'):
    word = json.loads(tool('config-get', '--format=json', 'word'))
    for relation in json.loads(tool('relation-ids', '--format=json', 'speech')):
        tool('relation-set', '-r', relation, f'word={word}')
if hook == 'start':
    tool('status-set', 'active', 'speaking')
with open('/var/lib/hooks', 'a') as log:
    log.write(hook + '\n')
