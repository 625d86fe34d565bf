"""The charm's own half: options, what the machine says of itself, and the files that follow from both.

Everything but `machine` and `client` is pure. Nothing here touches Juju; `charm.py` does.
"""
