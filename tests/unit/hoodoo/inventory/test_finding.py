"""Which environment a few words mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoodoo.inventory import finding, query, readings
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


_SAID = tuple(
    _environment(f'{service}/{place}/{stage}')
    for service in ('archive-mirror', 'theme')
    for place in (
        *('aws/us-west-2', 'aws/us-gov-west-1', 'aws/us-east-1', 'aws/eu-west-1', 'azure/usgovtexas'),
        *('azure/southcentralus', 'azure/westeurope', 'azure/eastus2', 'azure/australiaeast'),
        *('azure/austriaeast', 'azure/japaneast', 'azure/southeastasia', 'google/europe-west4'),
        *('google/us-west2', 'google/asia-northeast1', 'google/europe-west12', 'google/asia-south2'),
    )
    for stage in ('production', 'staging')
)


@pytest.mark.parametrize(
    ('text', 'meant'),
    [
        # What is for governments comes last, unless it is what was said.
        ('theme us west oregon', 'aws/us-west-2/production'),
        ('theme oregon aws stagign', 'aws/us-west-2/staging'),
        ('theme gov west', 'aws/us-gov-west-1/production'),
        ('theme azure texas', 'azure/southcentralus/production'),
        ('theme usgov texas', 'azure/usgovtexas/production'),
        # Regions by first letters, countries by three.
        ('theme weu', 'azure/westeurope/production'),
        ('theme scus staging', 'azure/southcentralus/staging'),
        ('theme jpe', 'azure/japaneast/production'),
        ('theme eus2', 'azure/eastus2/production'),
        ('theme sea', 'azure/southeastasia/production'),
        ('theme euw4', 'google/europe-west4/production'),
        ('theme asne1', 'google/asia-northeast1/production'),
        ('theme aus east', 'azure/australiaeast/production'),
        ('theme aut', 'azure/austriaeast/production'),
        # Clouds and cities by other names.
        ('theme google cloud platform tokyo', 'google/asia-northeast1/production'),
        ('theme google compute engine tokyo', 'google/asia-northeast1/production'),
        ('theme amazon web services oregon', 'aws/us-west-2/production'),
        ('theme ms azure tokio', 'azure/japaneast/production'),
        ('theme 東京 gcp', 'google/asia-northeast1/production'),
        ('theme torino', 'google/europe-west12/production'),
        ('theme new delhi', 'google/asia-south2/production'),
        ('theme la gcp', 'google/us-west2/production'),
        ('theme US East (N. Virginia)', 'aws/us-east-1/production'),
        # Parts of the world, and words of a name the other way round.
        ('theme europe azure', 'azure/westeurope/production'),
        ('theme japan apac azure staging', 'azure/japaneast/staging'),
        ('theme emea austria', 'azure/austriaeast/production'),
        ('theme us east2 azure', 'azure/eastus2/production'),
        ('theme eastjapan', 'azure/japaneast/production'),
        # As it is pasted or said in passing.
        ('https://aws-eu-west-1 theme', 'aws/eu-west-1/production'),
        ("the theme's tokyo azure", 'azure/japaneast/production'),
        ('please connect to theme in amsterdam', 'azure/westeurope/production'),
        ('theme non-prod tokyo azure', 'azure/japaneast/staging'),
    ],
)
def test_people_say_it_in_other_words(text: str, meant: str) -> None:
    found = finding.rank(text, _SAID)
    assert (found[0].environment.name if found else '') == f'theme/{meant}'


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
    assert finding.alternatives(query.parse('archivists tokyo'), vocabulary) == [
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
