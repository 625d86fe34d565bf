"""The table of regions: whole, without two of a name, and looked up by whatever a cloud is called."""

from __future__ import annotations

import pytest

from hoodoo.inventory import regions, regions_names, regions_table


@pytest.mark.parametrize(('provider', 'at_least'), [('aws', 39), ('azure', 60), ('google', 43)])
def test_each_region_has_a_place_and_a_known_country(provider: str, at_least: int) -> None:
    found = regions.regions_of(provider)
    assert len(found) >= at_least
    assert len(found) == len(regions_table.TABLES[provider].strip().splitlines())
    for region in found:
        assert region.places
        assert region.country in regions_names.COUNTRIES
        assert region.name == region.name.lower()


def test_each_country_is_one_of_some_region() -> None:
    used = {region.country for name in regions.PROVIDERS for region in regions.regions_of(name)}
    assert used == set(regions_names.COUNTRIES)
    assert used == {*regions_names.CODES, 'us'}
    assert sorted(used) == sorted(' '.join(regions_names.AREAS.values()).split())


def test_other_names_are_of_places_that_are_there() -> None:
    used = {
        place for name in regions.PROVIDERS for region in regions.regions_of(name) for place in region.places
    }
    assert used >= set(regions_names.OTHER_NAMES)


@pytest.mark.parametrize(
    ('cloud', 'region', 'places'),
    [
        ('aws', 'ap-northeast-1', ('Tokyo',)),
        ('Amazon', 'AP-NORTHEAST-1', ('Tokyo',)),
        ('aws-gov', 'us-gov-west-1', ('Oregon',)),
        ('prod-azure', 'japanwest', ('Osaka',)),
        ('gce', 'europe-west8', ('Milan',)),
        ('google', 'us-west-1', None),
        ('prodstack', 'us-west-1', None),
        ('laws', 'us-west-1', None),
    ],
)
def test_what_is_known_of_a_region(cloud: str, region: str, places: tuple[str, ...] | None) -> None:
    found = regions.look_up(cloud, region)
    assert (found.places if found else None) == places


@pytest.mark.parametrize(
    ('cloud', 'region', 'short'),
    [
        ('aws', 'ap-southeast-2', 'apse2'),
        ('azure', 'eastus2', 'eus2'),
        ('azure', 'southcentralus', 'scus'),
        ('azure', 'germanywestcentral', 'dewc'),
        ('azure', 'southeastasia', 'sea'),
        ('azure', 'uksouth', 'uks'),
        ('azure', 'newzealandnorth', ''),
        ('azure', 'usgovtexas', ''),
        ('google', 'europe-west12', 'euw12'),
        ('google', 'northamerica-northeast1', 'nane1'),
    ],
)
def test_names_of_regions_are_shortened(cloud: str, region: str, short: str) -> None:
    found = regions.look_up(cloud, region)
    assert found is not None
    assert found.short == short
