"""python-libjuju, unmodified, through a day of work; and pytest-operator, which stands on it."""

from __future__ import annotations

from tests.integration.pocket.compat.conftest import CHARMS, SUITES, THIRD_PARTY, Home, needs_third_party

pytestmark = needs_third_party

STEPS = """
controller
model settings
deploy
integrate
config
actions
ssh, scp, debug-log
units and machines
refresh
resolved
status
refusals
secrets
resources
storage
store
clouds, offers, bundle
faults of the library
removal
destroy
"""


def test_a_session_of_python_libjuju_goes_from_connecting_to_destroying(home: Home) -> None:
    home.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'spare', '-f', home.folder / 'id')

    said = home.run(THIRD_PARTY / 'python', SUITES / 'libjuju_session.py', CHARMS, home.packed, home.folder)

    done = [line.removeprefix('ok ') for line in said.splitlines() if line.startswith('ok ')]
    assert done == STEPS.strip().splitlines()


def test_a_suite_for_pytest_operator_passes(home: Home) -> None:
    said = home.pytest(THIRD_PARTY / 'python', 'suite_for_pytest_operator.py', '--asyncio-mode=auto')

    assert '3 passed' in said
