"""The actions, their results and their refusals; and what must never be seen of a secret."""

from __future__ import annotations

import dataclasses
import datetime
import http.server
import io
import json
import re
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import objectstore
import ops
import pytest
import s3
from kit import (
    ANSWERS,
    Context,
    MakeState,
    asked,
    execs,
    make_context,
    peer_data,
    refusal,
    site,
    with_answers,
)
from ops import testing

INSTALLED = {'installed': 'db:3306/wordpress', 'origin': 'charm', 'schema': '60421'}


def ready(context: Context, state: testing.State) -> testing.State:
    return context.run(context.on.pebble_ready(state.get_container('wordpress')), state)


def act(context: Context, state: testing.State, name: str, **params: object) -> dict[str, str]:
    context.run(context.on.action(name, params=params), state)
    return {key: str(value) for key, value in (context.action_results or {}).items()}


def refused(context: Context, state: testing.State, name: str, **params: object) -> str:
    with pytest.raises(testing.ActionFailed) as caught:
        context.run(context.on.action(name, params=params), state)
    return caught.value.message


@pytest.mark.parametrize('valid', [True, False])
def test_the_first_password_is_shown_with_its_worth(context: Context, state: MakeState, valid: bool) -> None:
    out = with_answers(ready(context, state()), check_password={'ok': True, 'valid': valid})
    found = act(context, out, 'get-initial-password')
    assert (found['user'], found['password']) == ('admin', 'planted-admin-password')
    assert found['valid'] == str(valid).lower()
    assert ('reset-admin-password' in found.get('note', '')) is not valid


def test_the_first_password_of_an_older_site_is_unknown(context: Context, state: MakeState) -> None:
    there = {'ok': True, 'result': 'already-installed'}
    out = ready(context, with_answers(state(), install=there, check_password={'ok': True, 'valid': False}))
    message = refused(context, out, 'get-initial-password')
    assert 'already installed' in message
    assert 'reset-admin-password' in message


@pytest.mark.parametrize('reason', ['early', 'database'])
def test_the_first_password_is_shown_even_when_it_cannot_be_tried(
    context: Context, state: MakeState, reason: str
) -> None:
    if reason == 'early':
        found = act(context, state(), 'get-initial-password')
        assert found['valid'] == 'not yet'
    else:
        down = refusal('database-unreachable', 'connection refused')
        out = with_answers(ready(context, state()), check_password=down)
        found = act(context, out, 'get-initial-password')
        assert found['valid'] == 'unknown'
    assert found['password'] == 'planted-admin-password'


def test_new_keys_reach_this_unit_now_and_others_by_a_flag(
    context: Context, state: MakeState, image: Path
) -> None:
    out = ready(context, state())
    before = site(image)['keys']
    after = context.run(context.on.action('rotate-keys'), out)
    assert set(site(image)['keys']) == set(before)
    assert not set(site(image)['keys'].values()) & set(before.values())
    assert peer_data(after)['keys']
    (secret,) = [secret for secret in after.secrets if secret.label == 'keys']
    assert secret.latest_content is not None
    assert set(secret.latest_content.values()) == set(site(image)['keys'].values())


def test_a_new_password_is_kept(context: Context, state: MakeState) -> None:
    out = ready(context, state())
    after = context.run(context.on.action('reset-admin-password'), out)
    results = context.action_results or {}
    assert asked(context, 'set-password') == [{'user': 'admin', 'password': results['password']}]
    (secret,) = [secret for secret in after.secrets if secret.label == 'admin']
    assert secret.latest_content == {'username': 'admin', 'password': results['password']}


def test_an_older_site_becomes_ours_by_a_new_password(context: Context, state: MakeState) -> None:
    out = ready(context, state(peer={**INSTALLED, 'origin': 'earlier'}))
    after = context.run(context.on.action('reset-admin-password', params={'user': 'root'}), out)
    assert act(context, after, 'get-initial-password')['user'] == 'root'


def test_a_user_that_is_not_there_is_told(context: Context, state: MakeState) -> None:
    out = with_answers(ready(context, state()), set_password=refusal('bad-input', 'there is no user x'))
    assert refused(context, out, 'reset-admin-password', user='x') == 'bad-input: there is no user x'


def test_an_upgrade_can_be_rehearsed(context: Context, state: MakeState) -> None:
    found = act(context, ready(context, state()), 'rehearse-upgrade')
    assert (found['upgrade-needed'], found['changed-tables'], found['seconds']) == ('true', 'wp_posts', '1.2')
    assert asked(context, 'upgrade') == []


def test_a_rehearsal_that_went_wrong_is_told_with_all_its_problems(
    context: Context, state: MakeState
) -> None:
    bad = {**ANSWERS['rehearse'], 'good': False, 'reached': 1, 'errors': ['Duplicate entry'], 'lost_posts': 2}
    out = with_answers(ready(context, state()), rehearse=bad)
    message = refused(context, out, 'rehearse-upgrade')
    assert 'the database said: Duplicate entry; the schema is 1 and not 60421; 2 published posts' in message


def test_media_are_copied(context: Context, state: MakeState) -> None:
    found = act(context, ready(context, state()), 'media-sync')
    assert (found['uploaded'], found['present']) == ('3', '4')


@pytest.mark.parametrize('name', ['rotate-keys', 'reset-admin-password', 'restore'])
def test_only_the_leader_changes_what_all_share(state: MakeState, name: str) -> None:
    follower = make_context(1)
    params = {'backup-id': 'x'} if name == 'restore' else {}
    message = refused(follower, state(leader=False, peer=INSTALLED), name, **params)
    assert 'leader' in message


@pytest.mark.parametrize('name', ['backup', 'media-sync', 'rehearse-upgrade', 'reset-admin-password'])
def test_without_a_site_actions_say_so(context: Context, state: MakeState, name: str) -> None:
    assert 'there is no site yet' in refused(context, state(), name)


# --- backups ---


@pytest.fixture
def programs(state: MakeState) -> testing.State:
    start = state(peer=INSTALLED)
    there = start.get_container('wordpress')
    more = {testing.Exec(['tar']), testing.Exec(['mv'])}
    return dataclasses.replace(start, containers=[dataclasses.replace(there, execs=execs() | more)])


def test_a_backup_that_fails_leaves_nothing_and_says_why(
    context: Context, state: MakeState, programs: testing.State
) -> None:
    out = ready(context, programs)
    there = out.get_container('wordpress')
    full = testing.Exec(['tar'], return_code=2, stderr='tar: short write: No space left on device\n')
    broken = dataclasses.replace(there, execs=execs() | {full})
    out = dataclasses.replace(out, containers=[broken])
    assert 'No space left on device' in refused(context, out, 'backup')


@pytest.mark.parametrize('name', ['nothing', '../../etc/passwd', 'a b'])
def test_a_backup_that_is_not_there_is_not_restored(
    context: Context, programs: testing.State, name: str
) -> None:
    out = ready(context, programs)
    assert 'list-backups' in refused(context, out, 'restore', **{'backup-id': name})
    assert asked(context, 'export') == asked(context, 'import') == []


def test_requests_to_s3_are_signed_as_documented() -> None:
    """The values are those of the documentation of signature version 4, for listing a bucket."""
    settings = objectstore.S3(
        bucket='examplebucket',
        access_key='AKIAIOSFODNN7EXAMPLE',
        secret_key='wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        endpoint='',
        region='us-east-1',
        path='',
        path_style=False,
        ca='',
    )
    found = s3.sign(
        settings,
        'GET',
        host='examplebucket.s3.amazonaws.com',
        path='/',
        query={'max-keys': '2', 'prefix': 'J'},
        sha256='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        now=datetime.datetime(2013, 5, 24, tzinfo=datetime.UTC),
    )
    expected = '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'
    assert found['authorization'].endswith(f'Signature={expected}')


@pytest.fixture
def bucket() -> Iterator[s3.Bucket]:
    """A real server that keeps what it is given."""
    kept: dict[str, bytes] = {}

    class Storage(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def _answer(self, status: int, body: bytes = b'', **headers: str) -> None:
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            kept[self.path] = self.rfile.read(int(self.headers['Content-Length']))
            self._answer(200, ETag=f'"{len(kept)}"')

        def do_POST(self) -> None:
            """Begin an upload in parts, or put its parts together in the order that is told."""
            path, _, query = self.path.partition('?')
            told = self.rfile.read(int(self.headers['Content-Length'] or 0)).decode()
            if query == 'uploads=':
                self._answer(200, b'<UploadId>a&amp;b</UploadId>')
            elif '<ETag>&quot;3&quot;</ETag>' in told:
                numbers = re.findall('<PartNumber>([0-9]+)', told)
                parts = [kept.pop(f'{path}?partNumber={number}&uploadId=a%26b') for number in numbers]
                kept[path] = b''.join(parts)
                self._answer(200, b'<CompleteMultipartUploadResult/>')
            else:
                self._answer(200, b'<Error>InvalidPart</Error>')

        def do_DELETE(self) -> None:
            for path in [path for path in kept if path.endswith('uploadId=a%26b')]:
                del kept[path]
            self._answer(204)

        def do_GET(self) -> None:
            if 'list-type=2' in self.path:
                names = ''.join(f'<Key>{path.removeprefix("/blog/")}</Key>' for path in kept)
                self._answer(200, f'<ListBucketResult>{names}</ListBucketResult>'.encode())
            elif self.path in kept:
                self._answer(200, kept[self.path])
            else:
                self._answer(404)

        def log_request(self, code: int | str = '-', size: int | str = '-') -> None:
            pass

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Storage)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    yield s3.Bucket(
        objectstore.S3(
            bucket='blog',
            access_key='AK',
            secret_key='planted',
            endpoint=f'http://127.0.0.1:{server.server_address[1]}',
            region='us-east-1',
            path='a b',
            path_style=True,
            ca='',
        )
    )
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_bucket_gives_back_what_it_was_given(bucket: s3.Bucket, tmp_path: Path) -> None:
    source = tmp_path / 'x'
    source.write_bytes(b'bytes' * 1000)
    with source.open('rb') as file:
        bucket.put('x.tar', file, size=5000)
    with bucket.get('x.tar') as stream:
        assert stream.read() == source.read_bytes()
    with pytest.raises(s3.S3Error, match='404'):
        bucket.get('y')


def test_what_is_too_large_for_one_request_goes_in_parts(bucket: s3.Bucket) -> None:
    content = bytes(range(256)) * 20
    bucket.put('x.tar', io.BytesIO(content), size=len(content), part=2000)
    with bucket.get('x.tar') as stream:
        assert stream.read() == content
    assert len(bucket.names()) == 1


def test_parts_that_cannot_be_put_together_are_taken_away(bucket: s3.Bucket) -> None:
    with pytest.raises(s3.S3Error, match='put the parts together'):
        bucket.put('x.tar', io.BytesIO(b'x' * 3000), size=3000, part=2000)
    assert bucket.names() == []


# --- leaks ---


def test_no_secret_is_seen_in_logs_statuses_arguments_or_bags(context: Context, state: MakeState) -> None:
    bag = {'endpoints': 'db:3306', 'username': 'u', 'password': 'planted-relation'}
    start = state(
        testing.Relation('database', remote_app_data=bag),
        testing.Relation('website'),
        testing.Relation('oauth'),
        config={
            'initial_settings': 'admin_password: planted-initial',
            'wp_plugin_akismet_key': 'plantedkey',
            'container_secrets': 'TOKEN: planted-token',
        },
        secrets=[],
    )
    out = context.run(context.on.leader_elected(), start)
    out = ready(context, out)
    out = with_answers(out, apply=refusal('wordpress-error', 'no'), ping=refusal('access-denied', 'no'))
    for event in (context.on.config_changed(), context.on.update_status(), context.on.action('rotate-keys')):
        out = context.run(event, out)
    seen = [line.message for line in context.juju_log]
    seen += [json.dumps(list(call.command)) for call in context.exec_history['wordpress']]
    seen += [status.message for status in (*context.unit_status_history, out.unit_status)]
    seen += [json.dumps(dict(relation.local_app_data)) for relation in out.relations]
    words = [
        'planted',
        *(value for secret in out.secrets for value in (secret.latest_content or {}).values()),
    ]
    words.remove('admin')
    assert not [(word, line) for word in words for line in seen if word in line]


def test_files_with_secrets_are_nobodys_business(context: Context, state: MakeState, image: Path) -> None:
    ready(context, state())
    assert (image / 'run/site.json').stat().st_mode & 0o777 == 0o640


def test_archives_hold_tables_facts_and_uploads(tmp_path: Path) -> None:
    """The members that a restore asks for by name are those that a backup makes: GNU tar's word on it."""
    stage, data = tmp_path / 'stage', tmp_path / 'data'
    (data / 'uploads/2026').mkdir(parents=True)
    (data / 'uploads/2026/a.png').write_bytes(b'png')
    stage.mkdir()
    for name in ('facts.json', 'tables.sql.gz'):
        (stage / name).write_text('{}')
    archive = tmp_path / 'x.tar'
    subprocess.run(
        [
            *('tar', '--create', '--file', str(archive)),
            *('--directory', str(stage), 'facts.json', 'tables.sql.gz', '--directory', str(data), 'uploads'),
        ],
        check=True,
    )
    with tarfile.open(archive) as found:
        assert set(found.getnames()) >= {'facts.json', 'tables.sql.gz', 'uploads/2026/a.png'}


def test_an_action_is_no_reason_to_lose_a_status(context: Context, state: MakeState) -> None:
    out = ready(context, state())
    after = context.run(context.on.action('get-initial-password'), out)
    assert after.unit_status == out.unit_status
    assert isinstance(after.unit_status, ops.ActiveStatus)
