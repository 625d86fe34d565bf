#!/usr/bin/env python3
"""Gives away its word, keeps its certificate, and has a check of its own."""

import base64
import json
import os
import pathlib
import subprocess

CHECK = 'command[check_certificate]=/usr/bin/test -s /etc/keeper.pem\n'


def tool(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


hook = os.environ['JUJU_DISPATCH_PATH'].removeprefix('hooks/')
if hook == 'install':
    checks = pathlib.Path('/etc/nagios/nrpe.d')
    checks.mkdir(parents=True, exist_ok=True)
    (checks / 'check_certificate.cfg').write_text(CHECK)
if hook in ('config-changed', 'upgrade-charm', 'keeping-relation-created'):
    config = json.loads(tool('config-get', '--format=json'))
    pathlib.Path('/etc/keeper.pem').write_bytes(base64.b64decode(config.get('certificate') or ''))
    word = config['word'].upper() if config['loud'] else config['word']
    for relation in json.loads(tool('relation-ids', '--format=json', 'keeping')):
        tool('relation-set', '-r', relation, f'word={word}')
if hook == 'start':
    tool('status-set', 'active', 'keeping')
