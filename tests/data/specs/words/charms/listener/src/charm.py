#!/usr/bin/env python3
"""Writes down what each speaker says, and notes each hook that ran to its end."""

import json
import os
import subprocess


def tool(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


hook = os.environ['JUJU_DISPATCH_PATH'].removeprefix('hooks/')
if hook == 'speech-relation-changed' and os.environ['JUJU_REMOTE_UNIT']:
    speaker = os.environ['JUJU_REMOTE_UNIT']
    word = json.loads(tool('relation-get', '--format=json', 'word', speaker))
    with open('/var/lib/heard', 'a') as heard:
        heard.write(f'{speaker} {word}\n')
if hook == 'start':
    tool('status-set', 'active', 'listening')
with open('/var/lib/hooks', 'a') as log:
    log.write(hook + '\n')
