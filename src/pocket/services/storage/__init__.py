"""Storage of units: what they are to have, what there is, what has to be done on this host for it.

`pools` says where storage comes from, `directives` what each unit of an application gets of it; `instances`
keeps what there is and how it ends; `requests` serves operators and hooks, `provisioning` those who mount and
delete; `records` tells about it.
"""
