"""The keeper: verified snapshots of an archive's indexes, verified fills of its packages, health, metrics.

It uses the standard library and the machine's gpgv only, because it runs with the machine's own python3 and
must go on when the charm, the controller or the charm's Python packages are away. nginx serves what the
keeper has put on disk; the keeper itself is asked for what is not there yet.

Layers, imports point down::

    __main__ > daemon > server > filler > builder > suite > transfer > upstream, signature, tree
             > objects, catalogue, selection, reports > listing, release, wire > settings > errors
"""
