"""juju deploy of a bundle: where it is found, what is refused, what is asked for each step."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pocket.client.bundles import source

if TYPE_CHECKING:
    from .conftest import Client, FakeController

Json = dict[str, Any]

HUB = """
applications:
  db:
    charm: ch:mysql
    channel: 8.0/edge
    num_units: 2
    to: ["0"]
    resources: {image: 3}
    storage: {data: "rootfs,1G"}
    constraints: mem=2G
    bindings: {"": alpha}
    options: {tls: true, n: 3}
machines: {0: {constraints: mem=1G, annotations: {a: b}}}
---
applications: {db: {offers: {o: {endpoints: [db], acl: {bob: read}}}}}
saas: {far: {url: other.far}}
relations: [[db, far]]
"""


@pytest.fixture
def empty_model(controller: FakeController) -> FakeController:
    answers: dict[str, Json] = {
        'Client.FullStatus': {'applications': {}, 'machines': {}, 'relations': []},
        'ModelConfig.Sequences': {'sequences': {}},
        'ModelConfig.ModelGet': {'config': {}},
        'ModelConfig.GetModelConstraints': {'constraints': {}},
        'Charms.ResolveCharms': {
            'Results': [
                {
                    'url': 'ch:amd64/noble/mysql-9',
                    'charm-origin': {'source': 'charm-hub', 'revision': 9},
                    'supported-bases': [{'name': 'ubuntu', 'channel': '24.04/stable'}],
                }
            ]
        },
        'Charms.AddCharm': {},
        'Charms.CharmInfo': {'meta': {'resources': {'image': {'name': 'image', 'type': 'file'}}}},
        'Resources.AddPendingResources': {'pending-ids': ['p-1']},
        'Application.Deploy': {'results': [{}]},
        'MachineManager.AddMachines': {'machines': [{'machine': '5'}]},
        'Application.AddUnits': {'units': ['db/0']},
        'Application.AddRelation': {},
        'Application.Consume': {'results': [{}]},
        'Annotations.Set': {'results': [{}]},
        'ApplicationOffers.Offer': {'results': [{}]},
        'ApplicationOffers.ModifyOfferAccess': {'results': [{}]},
        'ApplicationOffers.GetConsumeDetails': {'results': [{'offer': {'offer-url': 'admin/other.far'}}]},
    }
    for name, answer in answers.items():
        controller.answers[name] = lambda params, answer=answer: answer
    return controller


def _write(folder: Path, text: str, name: str = 'bundle.yaml') -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_each_step_of_a_bundle_is_one_documented_call(
    client: Client, empty_model: FakeController, tmp_path: Path
) -> None:
    done = client.run('deploy', str(_write(tmp_path, HUB)))
    assert (done.code, done.err) == (0, 'Deploy of bundle completed.\n')
    (deployed,) = empty_model.asked('Application.Deploy')[0]['applications']
    assert deployed['charm-url'] == 'ch:amd64/noble/mysql-9'
    assert deployed['charm-origin']['base'] == {'name': 'ubuntu', 'channel': '24.04/stable'}
    assert deployed['config'] == {'tls': 'true', 'n': '3'}
    assert deployed['constraints'] == {'mem': 2048}
    assert deployed['storage'] == {'data': {'pool': 'rootfs', 'size': 1024, 'count': 1}}
    assert deployed['endpoint-bindings'] == {'': 'alpha'}
    assert deployed['resources'] == {'image': 'p-1'}
    assert deployed['num-units'] == 0
    (machine,) = empty_model.asked('MachineManager.AddMachines')[0]['params']
    assert machine == {
        'jobs': ['JobHostUnits'],
        'constraints': {'mem': 1024},
        'base': {'name': 'ubuntu', 'channel': '24.04/stable'},
    }
    places = [asked['placement'] for asked in empty_model.asked('Application.AddUnits')]
    assert places == [[{'scope': '#', 'directive': '5'}]] * 2
    assert empty_model.asked('Application.AddRelation') == [{'endpoints': ['db', 'far']}]
    assert empty_model.asked('Annotations.Set') == [
        {'annotations': [{'entity': 'machine-5', 'annotations': {'a': 'b'}}]}
    ]
    (offer,) = empty_model.asked('ApplicationOffers.Offer')[0]['Offers']
    assert (offer['offer-name'], offer['endpoints']) == ('o', {'db': 'db'})
    (granted,) = empty_model.asked('ApplicationOffers.ModifyOfferAccess')[0]['changes']
    assert (granted['offer-url'], granted['access']) == ('admin/m1.o', 'read')
    (asked,) = empty_model.asked('ApplicationOffers.GetConsumeDetails')
    assert asked['offer-urls']['offer-urls'] == ['admin/other.far']
    assert empty_model.asked('Application.Consume') == [
        {'args': [{'offer-url': 'ctl:admin/other.far', 'application-alias': 'far'}]}
    ]


def test_a_unit_beside_another_waits_for_that_one_s_machine(
    client: Client, empty_model: FakeController, tmp_path: Path
) -> None:
    text = 'applications: {a: {charm: x, num_units: 1}, b: {charm: x, num_units: 1, to: [a/0]}}'
    news = [
        [['unit', 'change', {'name': 'a/0', 'machine-id': ''}]],
        [['unit', 'change', {'name': 'a/0', 'machine-id': '7'}]],
    ]
    empty_model.answers['Client.WatchAll'] = lambda params: {'watcher-id': '1'}
    empty_model.answers['AllWatcher.Next'] = lambda params: {'deltas': news.pop(0)}
    empty_model.answers['Application.AddUnits'] = lambda params: {'units': [f'{params["application"]}/0']}
    assert client.run('deploy', str(_write(tmp_path, text))).code == 0
    assert empty_model.asked('Application.AddUnits')[1]['placement'] == [{'scope': '#', 'directive': '7'}]


def test_a_dry_run_changes_nothing(client: Client, empty_model: FakeController, tmp_path: Path) -> None:
    done = client.run('deploy', str(_write(tmp_path, HUB)), '--dry-run')
    assert done.out.startswith('Changes to deploy bundle:\n- upload charm mysql from charm-hub')
    changing = ('Deploy', 'AddUnits', 'AddMachines', 'Set', 'Offer', 'Consume', 'AddCharm')
    assert [name for name, _ in empty_model.calls if name.partition('.')[2] in changing] == []


def test_a_failed_step_is_juju_s_one_line(
    client: Client, empty_model: FakeController, tmp_path: Path
) -> None:
    empty_model.answers['Application.AddUnits'] = lambda params: empty_model.reject('machine 5 is not alive')
    done = client.run('deploy', str(_write(tmp_path, HUB)))
    assert (done.code, done.err) == (1, 'ERROR cannot deploy bundle: machine 5 is not alive\n')
    assert done.out.endswith('- add unit db/0 to new machine 0\n')


@pytest.mark.parametrize(
    ('words', 'error'),
    [
        (
            ['-n', '2', '--to', '0', '--config', 'a=b'],
            'options provided but not supported when deploying a bundle: --config, --num-units, --to',
        ),
        (['name'], 'options provided but not supported when deploying a bundle: application name'),
        (
            ['--map-machines', 'some'],
            'error in --map-machines: expected "existing" or "<bundle-id>=<machine-id>", got "some"',
        ),
    ],
)
def test_what_makes_no_sense_for_a_bundle_is_refused(
    client: Client, controller: FakeController, tmp_path: Path, words: list[str], error: str
) -> None:
    done = client.run('deploy', str(_write(tmp_path, HUB)), *words)
    assert (done.code, done.err) == (2, f'ERROR {error}\n')
    assert controller.calls == []


def test_trust_must_be_given(client: Client, empty_model: FakeController, tmp_path: Path) -> None:
    path = _write(tmp_path, 'applications: {a: {charm: x, trust: true}, b: {charm: x}}')
    done = client.run('deploy', str(path))
    assert done.code == 1
    assert done.err.startswith(
        'ERROR Bundle cannot be deployed without trusting applications with your cloud'
    )
    assert done.err.endswith('\n  - a\n')
    assert empty_model.calls == []
    assert client.run('deploy', str(path), '--trust').code == 0
    configs = [asked['applications'][0]['config'] for asked in empty_model.asked('Application.Deploy')]
    assert configs == [{'trust': 'true'}, {}]


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('applications: {a: {charm: ./gone}}', 'charm path in application "a" does not exist: {folder}/gone'),
        ('applications: {a: {charm: ./c, options: {x: 1}}}', 'application "a": unknown option "x"'),
        ('applications: {a: {charm: .}}', 'charm in application "a": cannot read charm'),
    ],
)
def test_local_charms_are_read_before_anything_is_asked(
    client: Client, controller: FakeController, tmp_path: Path, text: str, error: str
) -> None:
    (tmp_path / 'c').mkdir()
    (tmp_path / 'c' / 'metadata.yaml').write_text('name: c\n')
    done = client.run('deploy', str(_write(tmp_path, text)))
    assert done.code == 1
    assert error.format(folder=tmp_path) in done.err
    assert controller.calls == []


@pytest.mark.parametrize('kind', ['file', 'folder', 'zip'])
def test_a_bundle_is_a_file_a_folder_or_an_archive(
    client: Client, empty_model: FakeController, tmp_path: Path, kind: str
) -> None:
    path = _write(tmp_path, 'applications: {a: {charm: x}}')
    if kind == 'zip':
        with zipfile.ZipFile(tmp_path / 'b.zip', 'w') as archive:
            archive.write(path, 'bundle.yaml')
    word = {'file': path, 'folder': tmp_path, 'zip': tmp_path / 'b.zip'}[kind]
    assert client.run('deploy', str(word)).code == 0


def test_paths_are_relative_to_the_file_that_says_them(
    client: Client, empty_model: FakeController, tmp_path: Path
) -> None:
    (tmp_path / 'over' / 'c').mkdir(parents=True)
    (tmp_path / 'over' / 'c' / 'metadata.yaml').write_text('name: c\n')
    (tmp_path / 'over' / 'c' / 'config.yaml').write_text('options: {key: {type: string}}\n')
    (tmp_path / 'over' / 'key.pem').write_text('secret')
    document = {'applications': {'a': {'charm': './c', 'options': {'key': 'include-file://key.pem'}}}}
    over = _write(tmp_path / 'over', yaml.safe_dump(document), 'o.yaml')
    base = _write(tmp_path, 'applications: {b: {charm: x}}')
    done = client.run('deploy', str(base), '--overlay', str(over), '--dry-run')
    assert f'- upload charm {tmp_path}/over/c with architecture=amd64\n' in done.out


def test_a_resource_is_a_file_beside_the_bundle_or_the_name_of_an_image(
    client: Client, empty_model: FakeController, tmp_path: Path
) -> None:
    (tmp_path / 'logo.txt').write_text('a picture')
    text = 'applications: {a: {charm: ch:x, resources: {image: logo.txt}}}'
    done = client.run('deploy', str(_write(tmp_path, text)))
    assert done.code == 1
    assert 'resource "image" of charm "mysql" must be named by its revision' in done.err
    document = source.load(source.Source(file=tmp_path / 'bundle.yaml', folder=tmp_path), ())
    assert document.applications['a'].resources == {'image': f'{tmp_path}/logo.txt'}
    _write(tmp_path, 'applications: {a: {charm: ch:x, resources: {image: repo/name:1}}}')
    document = source.load(source.Source(file=tmp_path / 'bundle.yaml', folder=tmp_path), ())
    assert document.applications['a'].resources == {'image': 'repo/name:1'}
