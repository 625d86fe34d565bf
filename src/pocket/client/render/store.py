"""What a charm store says, as ``juju info`` and ``juju find`` show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from bedrock import yamltext
from pocket.client import shape
from pocket.client.render import text

Shown = dict[str, Any]
_RISKS = ('stable', 'candidate', 'beta', 'edge')
_SUFFIXES = ('B', 'kB', 'MB', 'GB', 'TB')


def info(answer: Mapping[str, Any], *, arch: str = 'all', channel: str = '') -> Shown:
    """One charm or bundle with its releases by track and risk."""
    result = shape.mapping(answer.get('result'))
    metadata = _document(answer, 'metadata-yaml')
    shown: Shown = {
        'type': answer.get('type'),
        'id': answer.get('id'),
        'name': answer.get('name'),
        'description': str(result.get('description') or metadata.get('description') or '').strip(),
        'publisher': _publisher(result),
        'summary': result.get('summary') or metadata.get('summary') or '',
        'store-url': result.get('store-url') or '',
        'tags': [str(one.get('name')) for one in shape.objects(result.get('categories'))],
        'charm': _charm(metadata, _document(answer, 'config-yaml'))
        if answer.get('type') == 'charm'
        else None,
        'channels': _channels(answer, arch=arch, channel=channel),
    }
    shown['tracks'] = list(shown['channels'])
    return {key: value for key, value in shown.items() if value not in (None, [])}


def info_text(shown: Mapping[str, Any]) -> str:
    """`info` as a person reads it."""
    charm = shape.mapping(shown.get('charm'))
    head: Shown = {
        'name': shown.get('name'),
        'publisher': shown.get('publisher'),
        'summary': shown.get('summary'),
        'description': shown.get('description'),
        'store-url': shown.get('store-url'),
        f'{shown.get("type")}-id': shown.get('id'),
        'tags': ', '.join(shown.get('tags') or ()),
        'subordinate': charm.get('subordinate', False) if charm else None,
        'relations': charm.get('relations') or None,
    }
    kept = {key: value for key, value in head.items() if value not in (None, '')}
    lines = [
        [
            f'  {track}/{risk}:',
            str(one['revision']),
            str(one['released-at'])[:10],
            f'({one["version"]})',
            _size(int(one['size'])),
            ','.join(one['architectures']),
            ', '.join(_bases(one)),
        ]
        for track, risks in shape.mapping(shown.get('channels')).items()
        for risk, revisions in shape.mapping(risks).items()
        for one in shape.objects(revisions)
    ]
    body = text.table([''] * 7, lines).lstrip('\n') if lines else '  {}'
    return f'{yamltext.dump(kept)}channels: |\n{body}'


def found(one: Mapping[str, Any]) -> Shown:
    """One result of a search."""
    result = shape.mapping(one.get('result'))
    revision = shape.mapping(shape.mapping(one.get('default-release')).get('revision'))
    bases = shape.objects(revision.get('bases'))
    return {
        'type': one.get('type'),
        'id': one.get('id'),
        'name': one.get('name'),
        'publisher': _publisher(result),
        'summary': result.get('summary') or '',
        'version': revision.get('version') or '',
        'architectures': sorted(
            {str(base.get('architecture')) for base in bases if base.get('architecture')}
        ),
        'os': sorted({str(base.get('name')) for base in bases if base.get('name')}),
        'store-url': result.get('store-url') or '',
    }


def found_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Results of a search, one a line."""
    lines = [
        [
            str(row['name']),
            'Y' if row['type'] == 'bundle' else '-',
            str(row['version']),
            ','.join(row['architectures']),
            str(row['publisher']),
            str(row['summary']).strip().partition('\n')[0],
        ]
        for row in rows
    ]
    return text.table(('Name', 'Bundle', 'Version', 'Architectures', 'Publisher', 'Summary'), lines)


def _channels(answer: Mapping[str, Any], *, arch: str, channel: str) -> dict[str, dict[str, list[Shown]]]:
    channels: dict[str, dict[str, list[Shown]]] = {}
    for entry in shape.objects(answer.get('channel-map')):
        one, revision = shape.mapping(entry.get('channel')), shape.mapping(entry.get('revision'))
        track, risk = str(one.get('track') or 'latest'), str(one.get('risk') or 'stable')
        bases = shape.objects(revision.get('bases')) or [shape.mapping(one.get('base'))]
        arches = sorted({str(base.get('architecture')) for base in bases if base.get('architecture')})
        if arch not in ('', 'all') and arches and not {arch, 'all'} & set(arches):
            continue
        if channel and channel not in (f'{track}/{risk}', track if track != 'latest' else risk, risk):
            continue
        release = {
            'track': track,
            'risk': risk,
            'version': revision.get('version') or '',
            'revision': revision.get('revision') or 0,
            'released-at': one.get('released-at') or '',
            'size': shape.mapping(revision.get('download')).get('size') or 0,
            'architectures': arches,
            'bases': [{'name': base.get('name'), 'channel': base.get('channel')} for base in bases],
        }
        kept = channels.setdefault(track, {}).setdefault(risk, [])
        if not any(other['revision'] == release['revision'] for other in kept):
            kept.append(release)
    return {
        track: {risk: risks[risk] for risk in sorted(risks, key=_rank)} for track, risks in channels.items()
    }


def _rank(risk: str) -> int:
    return _RISKS.index(risk) if risk in _RISKS else len(_RISKS)


def _charm(metadata: Mapping[str, Any], config: Mapping[str, Any]) -> Shown:
    relations: dict[str, dict[str, str]] = {}
    for side in ('provides', 'requires'):
        declared = shape.mapping(metadata.get(side))
        if declared:
            relations[side] = {
                str(name): str(spec if isinstance(spec, str) else shape.mapping(spec).get('interface'))
                for name, spec in declared.items()
            }
    shown: Shown = {'subordinate': bool(metadata.get('subordinate', False))}
    if relations:
        shown['relations'] = relations
    if config.get('options'):
        shown['config'] = {'Options': shape.mapping(config.get('options'))}
    return shown


def _document(answer: Mapping[str, Any], name: str) -> dict[str, Any]:
    revision = shape.mapping(shape.mapping(answer.get('default-release')).get('revision'))
    try:
        return shape.mapping(yaml.safe_load(str(revision.get(name) or '')))
    except yaml.YAMLError:
        return {}


def _publisher(result: Mapping[str, Any]) -> str:
    return str(shape.mapping(result.get('publisher')).get('display-name') or '')


def _bases(one: Mapping[str, Any]) -> list[str]:
    found_ = (f'{base.get("name")}@{base.get("channel")}' for base in shape.objects(one.get('bases')))
    return list(dict.fromkeys(found_))


def _size(size: int) -> str:
    for suffix in _SUFFIXES:
        if size < 1000:
            return f'{size}{suffix}'
        size //= 1000
    return ''
