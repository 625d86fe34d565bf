"""The version that pocket presents, apart from everything else so that the client starts fast."""

JUJU_VERSION = '3.6.12'
"""The Juju version that pocket presents; clients check the major and minor parts."""
