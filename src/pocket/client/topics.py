"""Help on what several commands have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of ``juju help``."""

    summary: str
    text: str


TOPICS: Mapping[str, Topic] = {
    'bundles': Topic(
        'Several applications in one file',
        """\
A bundle names applications, their charms, units, options and machines, and the relations between them:

    default-base: ubuntu@24.04
    applications:
      web: {charm: ./web, num_units: 2, to: ["0", new], options: {port: 80}, expose: true}
      db: {charm: ./db.charm, num_units: 1, to: ["0"]}
    machines:
      0: {constraints: mem=2G}
    relations:
      - [web:db, db:db]

"juju deploy ./bundle.yaml" makes the model so. An overlay (--overlay FILE, or a further document in the
file) is laid over it: maps are merged, other values replaced, relations added, and an application without
content is taken out. Offers and exposed-endpoints can only be in overlays. Options may name files:
include-file://PATH and include-base64://PATH, relative to the bundle.""",
    ),
    'model-names': Topic(
        'Which model a command is about',
        """\
The model is, in this order, the one that --model names, JUJU_MODEL, or the one that "juju switch" chose.
A name is [<controller>:][<owner>/]<model>, or the beginning of the model's UUID.""",
    ),
    'placement': Topic(
        'Where units go',
        """\
The words of --to, and of "to" in a bundle, say where units go, one word a unit:

    0                   machine 0
    zone=us-east-1a     a new machine in that zone
    lxd:0               a new container on machine 0
    lxd                 a new container on a new machine

In a bundle a word may also be "new", an application or a unit: "to: [db/0]" is the machine of db/0. There
the last word holds for all units that follow. A pocket has no containers on machines: it refuses "lxd".""",
    ),
    'queries': Topic(
        'Conditions of juju wait-for',
        """\
A query is a condition on the fields of an entity:

    life=="alive" && (status=="active" || status=="blocked")
    len(units) == 3 && forEach(units, unit => unit.workload-message == "ready")
    startsWith(name, "web") && !exposed

"juju wait-for" tells the fields that there are when a query names another one.""",
    ),
}
