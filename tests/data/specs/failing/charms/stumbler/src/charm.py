#!/usr/bin/env python3
"""Fails in config-changed the way a real charm does: with a traceback."""

import os


def configure():
    raise RuntimeError('the flux capacitor is missing')


if os.environ['JUJU_DISPATCH_PATH'] == 'hooks/config-changed':
    configure()
