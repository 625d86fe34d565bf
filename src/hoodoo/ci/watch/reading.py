"""The file that says what is watched, read whole: every problem is found at once, with its line."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path

from bedrock import errors, urls
from hoodoo import wording
from hoodoo.ci.watch import config, fields
from hoodoo.inventory import documents
from hoodoo.spec import addresses

_TOP = ('poll', 'concurrency', 'repositories', 'webhooks', 'notify')
_TRIED = ('stage', 'controller', 'cloud', 'timeout', 'env', 'keep')
_REPOSITORY = ('name', 'url', 'branches', 'every', 'poll', 'specs', 'secret')
_SPEC = ('name', 'path', 'also')
_KEEP = ('count', 'age')
_WEBHOOKS = ('listen', 'secret')
_TARGET = ('name', 'url', 'on', 'repositories')
_SOURCE = ('file', 'command')

_POLL_S, _TIMEOUT_S = 60.0, 3600.0
_LEAST_POLL_S, _LEAST_AGE_S = 1.0, 3600.0
_ALL = 'all'
_NAME = re.compile('[A-Za-z0-9][A-Za-z0-9._-]*')
_VARIABLE = re.compile('[A-Za-z_][A-Za-z0-9_]*')
_NAMES = 'Names begin with a letter or a digit; letters, digits, ".", "_" and "-" follow.'


def load(file: Path) -> config.Config:
    """Read *file*; paths in it are relative to its folder.

    Raises:
        UsageFault: it cannot be read. Problems: anything in it is wrong; all of it.
    """
    try:
        text = file.read_text(encoding='utf-8')
    except OSError as err:
        raise errors.UsageFault(f'cannot read {file}: {err.strerror}') from None
    except ValueError:
        raise errors.UsageFault(f'cannot read {file}: it is not text in UTF-8') from None
    table, problems = documents.parse(text, str(file))
    reader = _Reader(file)
    reader.problems += [dataclasses.replace(found, hint='') for found in problems]
    read = reader.config(table if table is not None else documents.Table(1)) if not problems else None
    if read is None or reader.problems:
        found = wording.counted(len(reader.problems), 'problem')
        raise errors.Problems(f'cannot use {file}: {found}', sorted(reader.problems))
    return read


class _Reader(fields.Fields):
    """Reads what belongs together."""

    def config(self, table: documents.Table) -> config.Config:
        self._known(table, (*_TOP, *_TRIED))
        poll_s = self._duration(table, 'poll', _POLL_S, least=_LEAST_POLL_S)
        repositories = [
            self._repository(one, line, table, poll_s)
            for one, line in self._tables(table, 'repositories', needed=True)
        ]
        self._unlike(repositories, lambda one: one.name, table, 'repositories', 'repository')
        listen, secret = self._webhooks(table)
        if listen is not None and secret is None:
            for index, one in enumerate(repositories):
                if one.secret is None:
                    line = table['repositories'].lines[index]
                    hint = 'Say "secret" here, or once for all below "webhooks".'
                    self._problem(line, f'the webhook of "{one.name}" has no secret', hint)
        targets = [self._target(one, line) for one, line in self._tables(table, 'notify')]
        self._unlike(targets, lambda one: one.name, table, 'notify', 'target')
        return config.Config(
            file=self._file,
            concurrency=self._count(table, 'concurrency', 2),
            repositories=tuple(dataclasses.replace(one, secret=one.secret or secret) for one in repositories),
            listen=listen,
            targets=tuple(targets),
            keep=self._keep((table,)),
        )

    def _repository(
        self, table: documents.Table, line: int, above: documents.Table, poll_s: float
    ) -> config.Repository:
        self._known(table, (*_REPOSITORY, *_TRIED))
        url, name = self._url(table, line)
        name = self._text(table, 'name', name)
        if name and not _NAME.fullmatch(name):
            self._problem(fields.line_of(table, 'name'), f'"{name}" is no name of a repository', _NAMES)
        tables = self._tables(table, 'specs') or [(documents.Table(line), line)]
        specs = [self._spec(one, (above, table)) for one, _ in tables]
        if 'specs' in table:
            self._unlike(specs, lambda one: one.name, table, 'specs', 'spec')
        return config.Repository(
            name=name,
            url=url,
            branches=self._texts(table, 'branches'),
            every=self._truth(table, 'every'),
            poll_s=self._duration(table, 'poll', poll_s, least=_LEAST_POLL_S),
            specs=tuple(specs),
            secret=self._source(table, 'secret') if 'secret' in table else None,
            keep=self._keep((above, table)),
        )

    def _spec(self, table: documents.Table, above: Sequence[documents.Table]) -> config.Spec:
        self._known(table, (*_SPEC, *_TRIED))
        path = self._text(table, 'path').strip('/')
        path = '' if path == '.' else path.removeprefix('./')
        if '..' in path.split('/'):
            self._problem(fields.line_of(table, 'path'), f'"{path}" leads out of the repository')

        def nearest(key: str) -> documents.Table:
            return next((one for one in (table, *reversed(above)) if key in one), table)

        env = dict[str, str]()
        for one in (*above, table):
            env |= self._env(one)
        return config.Spec(
            name=self._text(table, 'name', path or 'spec'),
            path=path,
            also=self._texts(table, 'also'),
            stage=self._text(nearest('stage'), 'stage'),
            controller=self._text(nearest('controller'), 'controller'),
            cloud=self._text(nearest('cloud'), 'cloud'),
            timeout_s=self._duration(nearest('timeout'), 'timeout', _TIMEOUT_S),
            env=tuple(sorted(env.items())),
            keep=self._keep((*above, table)),
        )

    def _url(self, table: documents.Table, line: int) -> tuple[str, str]:
        """The URL as git takes it, and what the repository is called after it."""
        text = self._text(table, 'url')
        if not text:
            if 'url' not in table:
                self._problem(line, '"url" is missing in a repository')
            return '', ''
        try:
            address = addresses.parse(text)
        except errors.UsageFault as err:
            self._problem(fields.line_of(table, 'url'), err.message, err.hint)
            return '', ''
        if address.options:
            hint = 'Name branches with "branches".'
            self._problem(fields.line_of(table, 'url'), f'"{text}" names a branch or a revision', hint)
        if urls.shown(address.url) != address.url:
            hint = 'Use an SSH key, or give the token to git with a credential helper or ~/.netrc.'
            host = urllib.parse.urlsplit(address.url).hostname
            self._problem(
                fields.line_of(table, 'url'), f'the address of a repository at {host} holds a token', hint
            )
        if address.kind == addresses.BZR:
            self._problem(
                fields.line_of(table, 'url'), f'"{text}" is no git repository', 'Only git is watched.'
            )
        url = address.url
        if address.kind == addresses.DIRECTORY:
            url = f'file://{(self._file.parent / url).absolute()}'
        return url, address.name

    def _webhooks(self, table: documents.Table) -> tuple[tuple[str, int] | None, config.Source | None]:
        given = self._table(table, 'webhooks')
        if given is None:
            return None, None
        self._known(given, _WEBHOOKS)
        text = self._text(given, 'listen')
        host, _, port = text.rpartition(':')
        if not (re.fullmatch('[0-9]{1,5}', port) and int(port) < 65536):
            self._problem(
                fields.line_of(given, 'listen') or fields.line_of(table, 'webhooks'),
                f'"listen" is no address: "{text}"' if text else '"listen" is missing in "webhooks"',
                'Write "listen: 127.0.0.1:8085"; a web server with TLS stands in front.',
            )
            port = '0'
        secret = self._source(given, 'secret') if 'secret' in given else None
        return (host.strip('[]') or '127.0.0.1', int(port)), secret

    def _target(self, table: documents.Table, line: int) -> config.Target:
        self._known(table, _TARGET)
        on = self._texts(table, 'on') or config.USUAL
        for event in on:
            if event not in config.EVENTS:
                hint = f'{wording.guess(event, config.EVENTS)} Known are {", ".join(config.EVENTS)}.'.strip()
                self._problem(fields.line_of(table, 'on'), f'there is no event "{event}"', hint)
        if 'url' not in table:
            self._problem(line, '"url" is missing in a target of "notify"')
        if not self._text(table, 'name'):
            self._problem(line, '"name" is missing in a target of "notify"')
        source = self._source(table, 'url') if 'url' in table else config.Source()
        return config.Target(
            name=self._text(table, 'name'),
            source=source,
            on=on,
            repositories=self._texts(table, 'repositories') or ('*',),
        )

    def _source(self, table: documents.Table, key: str) -> config.Source:
        """Where a secret is; itself it must not be in the file."""
        given, line = table[key], fields.line_of(table, key)
        hint = f'Write "{key}: {{file: PATH}}" or "{key}: {{command: [PROGRAM, ...]}}".'
        if not isinstance(given, documents.Table):
            # Not what it is: that may be the secret.
            self._problem(line, f'"{key}" does not say where to read it', hint)
            return config.Source()
        self._known(given, _SOURCE)
        file, command = self._text(given, 'file'), self._texts(given, 'command')
        if bool(file) == bool(command):
            self._problem(line, f'"{key}" names {"two sources" if file else "no source"}', hint)
        path = self._file.parent / Path(file).expanduser() if file else None
        if path is not None and not path.is_file():
            self._problem(fields.line_of(given, 'file'), f'there is no file {path}')
        return config.Source(file=path, command=command)

    def _keep(self, tables: Sequence[documents.Table]) -> config.Keep:
        """How much is kept; of each bound the last of *tables* that has it says."""
        keep = config.Keep()
        for table in tables:
            given = self._table(table, 'keep')
            if given is None:
                continue
            self._known(given, _KEEP)
            if 'count' in given:
                count = None if given['count'] == _ALL else self._count(given, 'count', 1)
                keep = dataclasses.replace(keep, count=count)
            if 'age' in given:
                forever, least = given['age'] == _ALL, _LEAST_AGE_S
                age_s = None if forever else self._duration(given, 'age', least, least=least)
                keep = dataclasses.replace(keep, age_s=age_s)
        return keep

    def _env(self, table: documents.Table) -> Mapping[str, str]:
        given = self._table(table, 'env')
        found = dict[str, str]()
        for key in given or ():
            if not _VARIABLE.fullmatch(key):
                self._problem(fields.line_of(given, key), f'"{key}" is no name of a variable')
            found[key] = self._text(given, key)
        return found
