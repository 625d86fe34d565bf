"""The public regions, as a table: name | what it is called | places | country.

Facts that the providers publish, as they were in 2026:

- AWS: "AWS Regions" (docs.aws.amazon.com/global-infrastructure/latest/regions)
- Azure: "Azure regions list" (learn.microsoft.com/azure/reliability/regions-list); those for governments and
  those in China are in the documentation of these clouds
- Google: "Regions and zones" of Compute Engine (docs.cloud.google.com/compute/docs/regions-zones)

Where a provider names a state or a country alone, the city is the one that people say.
"""

from __future__ import annotations

from typing import Final

_AWS: Final = """
us-east-1      | US East              | Northern Virginia, Virginia, Ashburn      | us
us-east-2      | US East              | Ohio, Columbus                            | us
us-west-1      | US West              | Northern California, California           | us
us-west-2      | US West              | Oregon, Portland                          | us
us-gov-east-1  | GovCloud US East     | Ohio                                      | us
us-gov-west-1  | GovCloud US West     | Oregon                                    | us
ca-central-1   | Canada Central       | Montreal, Quebec                          | ca
ca-west-1      | Canada West          | Calgary, Alberta                          | ca
mx-central-1   | Mexico Central       | Queretaro                                 | mx
sa-east-1      | South America        | Sao Paulo                                 | br
eu-central-1   | Europe               | Frankfurt                                 | de
eu-central-2   | Europe               | Zurich                                    | ch
eu-north-1     | Europe               | Stockholm                                 | se
eu-south-1     | Europe               | Milan                                     | it
eu-south-2     | Europe               | Aragon, Zaragoza                          | es
eu-west-1      | Europe               | Dublin                                    | ie
eu-west-2      | Europe               | London                                    | gb
eu-west-3      | Europe               | Paris                                     | fr
eusc-de-east-1 | European Sovereign Cloud | Brandenburg                           | de
af-south-1     | Africa               | Cape Town                                 | za
il-central-1   | Israel               | Tel Aviv                                  | il
me-central-1   | Middle East          | Dubai                                     | ae
me-south-1     | Middle East          | Manama                                    | bh
ap-east-1      | Asia Pacific         | Hong Kong                                 | hk
ap-east-2      | Asia Pacific         | Taipei                                    | tw
ap-northeast-1 | Asia Pacific         | Tokyo                                     | jp
ap-northeast-2 | Asia Pacific         | Seoul                                     | kr
ap-northeast-3 | Asia Pacific         | Osaka                                     | jp
ap-south-1     | Asia Pacific         | Mumbai                                    | in
ap-south-2     | Asia Pacific         | Hyderabad                                 | in
ap-southeast-1 | Asia Pacific         | Singapore                                 | sg
ap-southeast-2 | Asia Pacific         | Sydney                                    | au
ap-southeast-3 | Asia Pacific         | Jakarta                                   | id
ap-southeast-4 | Asia Pacific         | Melbourne                                 | au
ap-southeast-5 | Asia Pacific         | Kuala Lumpur                              | my
ap-southeast-6 | Asia Pacific         | Auckland                                  | nz
ap-southeast-7 | Asia Pacific         | Bangkok                                   | th
cn-north-1     | China                | Beijing                                   | cn
cn-northwest-1 | China                | Ningxia                                   | cn
"""

_AZURE: Final = """
australiacentral   | Australia Central     | Canberra                      | au
australiacentral2  | Australia Central 2   | Canberra                      | au
australiaeast      | Australia East        | New South Wales, Sydney       | au
australiasoutheast | Australia Southeast   | Victoria, Melbourne           | au
austriaeast        | Austria East          | Vienna                        | at
belgiumcentral     | Belgium Central       | Brussels                      | be
brazilsouth        | Brazil South          | Sao Paulo                     | br
brazilsoutheast    | Brazil Southeast      | Rio de Janeiro                | br
canadacentral      | Canada Central        | Toronto                       | ca
canadaeast         | Canada East           | Quebec                        | ca
centralindia       | Central India         | Pune                          | in
centralus          | Central US            | Iowa                          | us
chilecentral       | Chile Central         | Santiago                      | cl
denmarkeast        | Denmark East          | Copenhagen                    | dk
eastasia           | East Asia             | Hong Kong                     | hk
eastus             | East US               | Virginia                      | us
eastus2            | East US 2             | Virginia                      | us
francecentral      | France Central        | Paris                         | fr
francesouth        | France South          | Marseille                     | fr
germanynorth       | Germany North         | Berlin                        | de
germanywestcentral | Germany West Central  | Frankfurt                     | de
indiasouthcentral  | India South Central   | Hyderabad                     | in
indonesiacentral   | Indonesia Central     | Jakarta                       | id
israelcentral      | Israel Central        | Tel Aviv                      | il
italynorth         | Italy North           | Milan                         | it
japaneast          | Japan East            | Tokyo, Saitama                | jp
japanwest          | Japan West            | Osaka                         | jp
jioindiacentral    | Jio India Central     | Nagpur                        | in
jioindiawest       | Jio India West        | Jamnagar                      | in
koreacentral       | Korea Central         | Seoul                         | kr
koreasouth         | Korea South           | Busan                         | kr
malaysiawest       | Malaysia West         | Kuala Lumpur                  | my
mexicocentral      | Mexico Central        | Queretaro                     | mx
newzealandnorth    | New Zealand North     | Auckland                      | nz
northcentralus     | North Central US      | Illinois, Chicago             | us
northeurope        | North Europe          | Dublin                        | ie
norwayeast         | Norway East           | Oslo                          | no
norwaywest         | Norway West           | Stavanger                     | no
polandcentral      | Poland Central        | Warsaw                        | pl
qatarcentral       | Qatar Central         | Doha                          | qa
saudiarabiaeast    | Saudi Arabia East     | Dammam                        | sa
southafricanorth   | South Africa North    | Johannesburg                  | za
southafricawest    | South Africa West     | Cape Town                     | za
southcentralus     | South Central US      | Texas, San Antonio            | us
southeastasia      | Southeast Asia        | Singapore                     | sg
southindia         | South India           | Chennai                       | in
spaincentral       | Spain Central         | Madrid                        | es
swedencentral      | Sweden Central        | Gavle                         | se
swedensouth        | Sweden South          | Staffanstorp                  | se
switzerlandnorth   | Switzerland North     | Zurich                        | ch
switzerlandwest    | Switzerland West      | Geneva                        | ch
uaecentral         | UAE Central           | Abu Dhabi                     | ae
uaenorth           | UAE North             | Dubai                         | ae
uksouth            | UK South              | London                        | gb
ukwest             | UK West               | Cardiff                       | gb
westcentralus      | West Central US       | Wyoming                       | us
westeurope         | West Europe           | Amsterdam                     | nl
westindia          | West India            | Mumbai                        | in
westus             | West US               | California, San Francisco     | us
westus2            | West US 2             | Washington, Seattle           | us
westus3            | West US 3             | Phoenix, Arizona              | us
chinaeast          | China East            | Shanghai                      | cn
chinaeast2         | China East 2          | Shanghai                      | cn
chinaeast3         | China East 3          | Shanghai                      | cn
chinanorth         | China North           | Beijing                       | cn
chinanorth2        | China North 2         | Beijing                       | cn
chinanorth3        | China North 3         | Hebei                         | cn
usdodcentral       | US DoD Central        | Iowa                          | us
usdodeast          | US DoD East           | Virginia                      | us
usgovarizona       | US Gov Arizona        | Arizona, Phoenix              | us
usgovtexas         | US Gov Texas          | Texas, San Antonio            | us
usgovvirginia      | US Gov Virginia       | Virginia                      | us
"""

_GOOGLE: Final = """
africa-south1           | Africa South         | Johannesburg                              | za
asia-east1              | Asia East            | Changhua                                  | tw
asia-east2              | Asia East            | Hong Kong                                 | hk
asia-northeast1         | Asia Northeast       | Tokyo                                     | jp
asia-northeast2         | Asia Northeast       | Osaka                                     | jp
asia-northeast3         | Asia Northeast       | Seoul                                     | kr
asia-south1             | Asia South           | Mumbai                                    | in
asia-south2             | Asia South           | Delhi                                     | in
asia-southeast1         | Asia Southeast       | Jurong West, Singapore                    | sg
asia-southeast2         | Asia Southeast       | Jakarta                                   | id
asia-southeast3         | Asia Southeast       | Bangkok                                   | th
australia-southeast1    | Australia Southeast  | Sydney                                    | au
australia-southeast2    | Australia Southeast  | Melbourne                                 | au
europe-central2         | Europe Central       | Warsaw                                    | pl
europe-north1           | Europe North         | Hamina                                    | fi
europe-north2           | Europe North         | Stockholm                                 | se
europe-southwest1       | Europe Southwest     | Madrid                                    | es
europe-west1            | Europe West          | Saint Ghislain                            | be
europe-west2            | Europe West          | London                                    | gb
europe-west3            | Europe West          | Frankfurt                                 | de
europe-west4            | Europe West          | Eemshaven                                 | nl
europe-west6            | Europe West          | Zurich                                    | ch
europe-west8            | Europe West          | Milan                                     | it
europe-west9            | Europe West          | Paris                                     | fr
europe-west10           | Europe West          | Berlin                                    | de
europe-west12           | Europe West          | Turin                                     | it
me-central1             | Middle East Central  | Doha                                      | qa
me-central2             | Middle East Central  | Dammam                                    | sa
me-west1                | Middle East West     | Tel Aviv                                  | il
northamerica-northeast1 | North America Northeast | Montreal, Quebec                       | ca
northamerica-northeast2 | North America Northeast | Toronto, Ontario                       | ca
northamerica-south1     | North America South  | Queretaro                                 | mx
southamerica-east1      | South America East   | Sao Paulo, Osasco                         | br
southamerica-west1      | South America West   | Santiago                                  | cl
us-central1             | US Central           | Iowa, Council Bluffs                      | us
us-east1                | US East              | South Carolina, Moncks Corner             | us
us-east4                | US East              | Northern Virginia, Virginia, Ashburn      | us
us-east5                | US East              | Ohio, Columbus                            | us
us-south1               | US South             | Texas, Dallas                             | us
us-west1                | US West              | Oregon, The Dalles                        | us
us-west2                | US West              | California, Los Angeles                   | us
us-west3                | US West              | Utah, Salt Lake City                      | us
us-west4                | US West              | Nevada, Las Vegas                         | us
"""

TABLES: Final = {'aws': _AWS, 'azure': _AZURE, 'google': _GOOGLE}
