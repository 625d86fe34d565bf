"""juju config, juju trust."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given

Json = dict[str, Any]


def _config(ctx: Context, given: Given) -> int:
    application, *words = given.args
    changes = values.settings(word for word in words if '=' in word)
    keys = [word for word in words if '=' not in word]
    reset = given.listed('reset')
    file = given.text('file')
    if keys and (changes or reset or file):
        raise faults.WrongUsage('cannot set and retrieve values simultaneously')
    if len(keys) > 1:
        raise faults.WrongUsage('can only retrieve a single value, or all values')
    if file and changes:
        raise faults.WrongUsage('cannot specify --file and key=value arguments simultaneously')
    both = sorted(set(reset) & set(changes))
    if both:
        raise faults.WrongUsage(f'key "{both[0]}" cannot be both set and reset in the same command')
    with ctx.session(given) as session:
        if not (changes or reset or file):
            return _show(ctx, given, session, application, keys)
        code = _reset(ctx, session, application, reset) if reset else 0
        if code == 0 and (changes or file):
            code = _set(ctx, session, application, changes, values.file_text(file) if file else '')
        return code


def _show(ctx: Context, given: Given, session: Session, application: str, keys: list[str]) -> int:
    answer = session.call('Application', 'Get', {'application': application, 'branch': ''})
    settings: Json = answer.get('config') or {}
    of_application: Json = answer.get('application-config') or {}
    if keys:
        found = settings.get(keys[0]) or of_application.get(keys[0])
        if found is None:
            raise errors.Fault(
                f'key "{keys[0]}" not found in "{application}" application config or charm settings.'
            )
        output.write(ctx, given, _bare(found.get('value')))
        return 0
    shown: Json = {'application': application}
    if of_application:
        shown['application-config'] = dict(sorted(of_application.items()))
    shown |= {'charm': answer.get('charm') or '', 'settings': dict(sorted(settings.items()))}
    output.show(ctx, given, shown)
    return 0


def _bare(value: Any) -> str:
    """A single value as Juju prints it: words for booleans, nothing for none."""
    if value is None:
        return ''
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f'{text}\n'


def _set(ctx: Context, session: Session, application: str, changes: dict[str, str], document: str) -> int:
    change = {
        'application': application,
        'generation': 'master',
        'config': changes,
        'config-yaml': document,
    }
    answer = session.call('Application', 'SetConfigs', {'Args': [change]})
    return output.item_errors(ctx, answer.get('results'))


def _reset(ctx: Context, session: Session, application: str, keys: list[str]) -> int:
    change = {'application': application, 'branch': 'master', 'options': keys}
    answer = session.call('Application', 'UnsetApplicationsConfig', {'Args': [change]})
    return output.item_errors(ctx, answer.get('results'))


def _trust(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        if session.is_caas and given.text('scope') != 'cluster':
            raise faults.WrongUsage("'juju trust' on a Kubernetes model needs --scope=cluster")
        value = 'false' if given.on('remove') else 'true'
        return _set(ctx, session, given.args[0], {'trust': value}, '')


CONFIG = flags.Command(
    name='config',
    usage='<application> [<key> | <key>=<value> ...]',
    summary='Get, set, or reset the configuration of an application.',
    details='A value that begins with "@" names a file that holds the value.',
    examples=(
        'juju config mysql',
        'juju config mysql dataset-size',
        'juju config mysql dataset-size=80% --reset backup_dir',
        'juju config mysql --file settings.yaml',
    ),
    flags=(
        flags.MODEL,
        *flags.formats('yaml', 'json'),
        Flag('branch', 'Branch of the model', value='BRANCH', refused='a model has no branches here'),
        Flag('file', 'YAML file of settings by application', value='FILE'),
        Flag('reset', 'Settings to put back to their defaults', value='KEY[,...]'),
    ),
    least=1,
    missing='no application specified',
    run=_config,
)

TRUST = flags.Command(
    name='trust',
    usage='<application>',
    summary="Give an application access to the cloud's credentials.",
    examples=('juju trust my-app', 'juju trust my-app --remove'),
    flags=(
        flags.MODEL,
        Flag('remove', 'Take the access away'),
        Flag('scope', 'Kubernetes: must be "cluster"', value='SCOPE'),
    ),
    least=1,
    most=1,
    missing='no application specified',
    run=_trust,
)
