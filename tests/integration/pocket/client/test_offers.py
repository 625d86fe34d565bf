"""Two models that relate through an offer, with real machines, as an operator drives them with jubilant."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import jubilant
import pytest

from bedrock import process

pytestmark = [
    pytest.mark.nspawn,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which('systemd-nspawn'), reason='needs root and nspawn'
    ),
]

CHARMS = Path(__file__).resolve().parents[3] / 'data' / 'charms'


class Site:
    """A controller, and jubilant for each of its models."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        for name, value in {
            'POCKET_HOME': folder / 'h',
            'POCKET_PORT': 0,
            'JUJU_DATA': folder / 'juju',
        }.items():
            monkeypatch.setenv(name, str(value))
        self.pocket('up')
        self.source = self._model('source')
        self.sink = self._model('sink')

    def pocket(self, *words: str) -> None:
        process.run([sys.executable, '-m', 'pocket.cli', *words], env=dict(os.environ), timeout_s=300)

    def _model(self, name: str) -> jubilant.Juju:
        juju = jubilant.Juju(cli_binary=str(self._folder / 'h' / 'bin' / 'juju'), wait_timeout=120)
        juju.add_model(name)
        return juju

    def until_says(self, juju: jubilant.Juju, application: str, *words: str) -> jubilant.Status:
        """Wait until the unit of *application* has all of *words* in its status, and nothing runs."""

        def said(status: jubilant.Status) -> bool:
            unit = status.apps[application].units[f'{application}/0']
            return all(word in unit.workload_status.message for word in words)

        return juju.wait(
            lambda status: said(status) and jubilant.all_agents_idle(status, application),
            delay=0.1,
            successes=1,
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Site]:
    made = Site(tmp_path, monkeypatch)
    yield made
    made.pocket('clean', '--yes')


def test_models_relate_through_an_offer_and_part_in_either_order(site: Site) -> None:
    source, sink = site.source, site.sink
    source.deploy(CHARMS / 'lender', 'testdb')
    sink.deploy(CHARMS / 'borrower', 'testapp')
    site.until_says(source, 'testdb', 'nobody')
    site.until_says(sink, 'testapp', 'started')

    _consumed_under_another_name(site)
    _suspended_and_resumed(site)
    _removed_by_the_consumer(site)
    _consumed_by_its_url(site)
    _taken_back_by_force(site)
    _destroyed_while_related(site)


def _consumed_under_another_name(site: Site) -> None:
    source, sink = site.source, site.sink
    source.offer('source.testdb', endpoint='db', name='testdbx')
    sink.consume('source.testdbx', 'dbalias')
    sink.integrate('testapp', 'dbalias')
    status = site.until_says(sink, 'testapp', 'relation changed: dbkey=first', 'dbalias/0=testdb/0')
    assert [relation.related_app for relation in status.apps['testapp'].relations['db']] == ['dbalias']
    assert status.app_endpoints['dbalias'].relations == {'db': ['testapp']}
    assert status.app_endpoints['dbalias'].url == 'pocket:admin/source.testdbx'
    assert status.app_endpoints['dbalias'].app_status.current == 'active'
    heard = site.until_says(source, 'testdb', '=testapp/0', sink.show_model().model_uuid)
    assert 'remote-' in heard.apps['testdb'].units['testdb/0'].workload_status.message
    offer = heard.offers['testdbx']
    assert (offer.app, offer.active_connected_count, offer.total_connected_count) == ('testdb', 1, 1)
    data = sink.show_unit('testapp/0').relation_info[0]
    assert (data.cross_model, data.app_data['dbkey']) == (True, 'first')
    assert data.app_data['secret'].startswith(f'secret://{source.show_model().model_uuid}/')
    assert list(data.related_units) == ['dbalias/0']

    # The address that the relation gives is one that the other model's machine reaches.
    address = data.related_units['dbalias/0'].data['ingress-address']
    assert (
        'SSH-2.0'
        in sink.exec(
            f'timeout 20 bash -c "exec 3<>/dev/tcp/{address}/22; head -c 8 <&3"', unit='testapp/0'
        ).stdout
    )

    source.config('testdb', {'value': 'second'})
    site.until_says(sink, 'testapp', 'relation changed: dbkey=second', 'secret-second')
    _secret_is_tidied_up_and_kept_from_strangers(site)
    for words, text in (
        (('remove-application', '--no-prompt', 'testdb'), 'application is used by 1 offer'),
        (('remove-offer', 'source.testdbx'), 'offer has 1 relation'),
    ):
        with pytest.raises(jubilant.CLIError) as refused:
            source.cli(*words, include_model=words[0] != 'remove-offer')
        assert text in refused.value.stderr


def _secret_is_tidied_up_and_kept_from_strangers(site: Site) -> None:
    (secret,) = site.source.secrets()
    word = secret.uri.unique_identifier

    def revisions() -> list[object]:
        shown = site.source.cli('show-secret', word, '--revisions', '--format', 'json')
        return json.loads(shown)[word]['revisions']

    site.source.wait(lambda _: len(revisions()) == 1, delay=0.2)
    assert site.sink.secrets() == []
    number = site.source.show_unit('testdb/0').relation_info[0].relation_id
    full = f'secret://{site.source.show_model().model_uuid}/{word}'
    assert site.sink.exec(f'secret-get {full}', unit='testapp/0').stdout == 'word: secret-second\n'
    site.source.exec(f'secret-revoke {secret.uri} -r {number}', unit='testdb/0')
    with pytest.raises(jubilant.TaskError) as refused:
        site.sink.exec(f'secret-get {full}', unit='testapp/0')
    assert 'permission denied' in refused.value.task.stderr
    site.source.exec(f'secret-grant {secret.uri} -r {number}', unit='testdb/0')


def _suspended_and_resumed(site: Site) -> None:
    number = str(site.source.show_unit('testdb/0').relation_info[0].relation_id)
    site.source.cli('suspend-relation', number, '--message', 'lunch')
    site.until_says(site.sink, 'testapp', 'relation broken')
    site.until_says(site.source, 'testdb', 'nobody')
    assert 'suspended - lunch' in site.sink.cli('status', '--relations')
    assert '0/1' in site.source.cli('status')
    site.source.cli('resume-relation', number)
    site.until_says(site.sink, 'testapp', 'relation changed: dbkey=second', 'dbalias/0=testdb/0')
    site.until_says(site.source, 'testdb', '=testapp/0')


def _removed_by_the_consumer(site: Site) -> None:
    site.sink.cli('remove-saas', 'dbalias')
    site.until_says(site.sink, 'testapp', 'relation broken')
    site.until_says(site.source, 'testdb', 'nobody')
    status = site.sink.wait(lambda status: not status.app_endpoints, delay=0.2)
    assert status.apps['testapp'].relations == {}
    assert site.source.status().offers['testdbx'].total_connected_count == 0


def _consumed_by_its_url(site: Site) -> None:
    site.sink.integrate('testapp:db', 'admin/source.testdbx:db')
    site.until_says(site.sink, 'testapp', 'relation changed: dbkey=second', 'testdbx/0=testdb/0')


def _taken_back_by_force(site: Site) -> None:
    site.source.cli('remove-offer', 'source.testdbx', '--force', '--yes', include_model=False)
    site.until_says(site.sink, 'testapp', 'relation broken')
    site.until_says(site.source, 'testdb', 'nobody')
    gone = site.sink.status().app_endpoints['testdbx']
    assert (gone.app_status.current, gone.app_status.message) == ('terminated', 'offer has been removed')
    site.sink.cli('remove-saas', 'testdbx')


def _destroyed_while_related(site: Site) -> None:
    site.source.offer('source.testdb', endpoint='db')
    site.sink.integrate('testapp', 'source.testdb')
    site.until_says(site.sink, 'testapp', 'relation changed: dbkey=second', 'testdb/0=testdb/0')
    site.source.destroy_model('source')
    site.until_says(site.sink, 'testapp', 'relation broken')
    assert site.sink.status().app_endpoints['testdb'].app_status.current == 'terminated'
    site.sink.destroy_model('sink')
