"""Which environment a few words mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoodoo.inventory import finding, readings
from hoodoo.inventory.environment import Environment, Place
from hoodoo.inventory.index import Index
from tests import askers


def _environment(name: str, **given: object) -> Environment:
    service, cloud, region, stage = name.split('/')
    known: dict[str, object] = {
        'controller': f'{cloud}-{region}',
        'model': f'{service}-{stage}',
        'spec': '',
        'production': stage == 'production',
        'place': Place(file=Path('a.yaml'), line=1),
    }
    values = {**known, **given}
    return Environment(name=name, service=service, cloud=cloud, region=region, stage=stage, **values)  # type: ignore[arg-type]


FLEET = (
    *(
        _environment(f'{service}/{place}/{stage}')
        for service in ('archive-mirror', 'archive', 'mirror-status', 'web-1', 'web-2')
        for place in (
            *('azure/japaneast', 'azure/japanwest', 'azure/eastus', 'azure/eastus2', 'azure/westus2'),
            *('aws/ap-northeast-1', 'aws/ap-northeast-2', 'aws/us-west-1', 'aws/us-east-1', 'aws/sa-east-1'),
            *('google/us-west1', 'google/us-west2', 'google/asia-northeast1', 'google/europe-west12'),
            'prodstack/ps5',
        )
        for stage in ('staging', 'production')
    ),
    _environment('board-cloud/prodstack/ps5/production'),
    _environment('board/prodstack/ps5/production'),
    _environment(
        'ledger/aws/eu-west-1/production',
        dns=('books.example.com',),
        labels={'tier': 'frontline', 'build': '1f2e3d4c5b'},
        owners=('treasurers@example.com',),
        model='admin/accounts',
    ),
)


@pytest.mark.parametrize(
    ('text', 'meant'),
    [
        ('archive-mirror/azure/japaneast/staging', 'archive-mirror/azure/japaneast/staging'),
        ('Azure Archive Mirror for Japan East region', 'archive-mirror/azure/japaneast/production'),
        ('azure japan east archive', 'archive/azure/japaneast/production'),
        ('mirror archive tokyo aws', 'archive-mirror/aws/ap-northeast-1/production'),
        ('archivemirror apne1 stg', 'archive-mirror/aws/ap-northeast-1/staging'),
        ('archive ap-northeast-2', 'archive/aws/ap-northeast-2/production'),
        ('archive ap northeast 2 staging', 'archive/aws/ap-northeast-2/staging'),
        ('archive eastus', 'archive/azure/eastus/production'),
        ('archive eastus2', 'archive/azure/eastus2/production'),
        ('archive east us 2', 'archive/azure/eastus2/production'),
        ('archive us west 2 azure', 'archive/azure/westus2/production'),
        ('archive us-west-1', 'archive/aws/us-west-1/production'),
        ('archive us-west1', 'archive/google/us-west1/production'),
        ('archive gcp oregon', 'archive/google/us-west1/production'),
        ('archive gce turin', 'archive/google/europe-west12/production'),
        ('archive amazon tokyo test-that-is-not', ''),
        ('são paulo archive', 'archive/aws/sa-east-1/production'),
        ('SAO PAULO archive-mirror prd', 'archive-mirror/aws/sa-east-1/production'),
        ('web 2 ps5', 'web-2/prodstack/ps5/production'),
        ('web-1 ps5 staging', 'web-1/prodstack/ps5/staging'),
        ('archive-mirror-production tokyo azure', 'archive-mirror/azure/japaneast/production'),
        ('archive prodstack', 'archive/prodstack/ps5/production'),
        ('arhcive miror tokyo google', 'archive-mirror/google/asia-northeast1/production'),
        ('archive toyko azure porduction', 'archive/azure/japaneast/production'),
        ('archive est us azure', 'archive/azure/eastus/production'),
        ('cloud board', 'board-cloud/prodstack/ps5/production'),
        ('books.example.com', 'ledger/aws/eu-west-1/production'),
        ('treasurers', 'ledger/aws/eu-west-1/production'),
        ('frontline', 'ledger/aws/eu-west-1/production'),
        ('tier=frontline ireland', 'ledger/aws/eu-west-1/production'),
        ('admin/accounts', 'ledger/aws/eu-west-1/production'),
        ('1f2e3d4c5b', 'ledger/aws/eu-west-1/production'),
        ('ledg', 'ledger/aws/eu-west-1/production'),
        ('web-3 ps5', ''),
        ('archive eastus3', ''),
        ('archive ap-northeast-4', ''),
        ('1f2e3d', ''),
        ('zork', ''),
        ('', ''),
        ('-- / ,', ''),
    ],
)
def test_the_right_one_comes_first(text: str, meant: str) -> None:
    found = finding.rank(text, FLEET)
    assert (found[0].environment.name if found else '') == meant


def test_production_comes_before_staging_and_the_whole_name_before_a_part_of_one() -> None:
    found = [hit.environment.name for hit in finding.rank('archive azure japaneast', FLEET)]
    assert found == [
        'archive/azure/japaneast/production',
        'archive/azure/japaneast/staging',
        'archive-mirror/azure/japaneast/production',
        'archive-mirror/azure/japaneast/staging',
    ]


def test_a_text_of_small_words_alone_is_no_query_for_everything() -> None:
    assert finding.rank('the cloud', FLEET) == []


def test_an_unknown_word_is_replaced_or_left_out() -> None:
    vocabulary = readings.Vocabulary(['archive', 'tokyo', 'ledger'])
    assert finding.alternatives(finding.parse('archivists tokyo'), vocabulary) == [
        'archive tokyo',
        'tokyo',
        'archivists',
    ]


def test_the_right_one_is_found_for_nearly_all_who_ask(tmp_path: Path) -> None:
    """A small form of benchmarks/find.py."""
    environments = askers.inventory(1000, seed=7)
    (tmp_path / 'inventory').mkdir()
    index = Index(tmp_path / 'index.db', load=lambda _: environments)
    index.sync(tmp_path / 'inventory')
    missed = [
        (one.text, one.meant)
        for one in askers.questions(environments, 100, seed=7)
        if one.meant not in [hit.environment.name for hit in index.find(one.text, 1)]
    ]
    index.close()
    assert len(missed) <= 2, missed
