"""The model's proxy options as variables of the environment (juju.md 3.9)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

_KINDS = ('http', 'https', 'ftp')


def environment(option: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that the options of a model make.

    A charm chooses what to do with ``juju-*-proxy``; the older options are forced on every program, and their
    exceptions with them.
    """

    def value(name: str) -> str:
        return str(option.get(name) or '')

    found = {f'JUJU_CHARM_{kind.upper()}_PROXY': value(f'juju-{kind}-proxy') for kind in (*_KINDS, 'no')}
    forced = {kind: value(f'{kind}-proxy') for kind in _KINDS}
    if any(forced.values()):
        forced['no'] = value('no-proxy')
    for kind, text in forced.items():
        if text:
            found |= {f'{kind}_proxy': text, f'{kind.upper()}_PROXY': text}
    return found


def files(option: Mapping[str, Any]) -> dict[str, str]:
    """Return the files, below ``/etc``, that tell a machine's programs of proxies; one without text is to go.

    Programs of the package manager have options of their own, which default to the general ones.
    """
    forced = {name: text for name, text in environment(option).items() if not name.startswith('JUJU_')}
    pairs = [f'"{name}={text}"' for name, text in forced.items()]
    return {
        'apt/apt.conf.d/95-juju-proxy-settings': _apt(option),
        'juju-proxy.conf': ''.join(f'export {name}={shlex.quote(text)}\n' for name, text in forced.items()),
        'juju-proxy-systemd.conf': f'[Manager]\nDefaultEnvironment={" ".join(pairs)}\n' if pairs else '',
    }


def _apt(option: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for kind in _KINDS:
        names = (f'apt-{kind}-proxy', f'juju-{kind}-proxy', f'{kind}-proxy')
        proxy = next((str(option[name]) for name in names if option.get(name)), '')
        if proxy:
            lines.append(f'Acquire::{kind}::Proxy "{_quoted(_with_scheme(proxy))}";')
    hosts = str(option.get('apt-no-proxy') or '').split(',') if lines else []
    lines += [
        f'Acquire::{kind}::Proxy::"{_quoted(host.strip())}" "DIRECT";'
        for host in hosts
        if host.strip()
        for kind in _KINDS
    ]
    return ''.join(f'{line}\n' for line in lines)


def _with_scheme(proxy: str) -> str:
    return proxy if '://' in proxy else f'http://{proxy}'


def _quoted(text: str) -> str:
    """A word of apt's configuration: it knows no escapes."""
    return text.replace('"', '%22').replace('\n', '')
