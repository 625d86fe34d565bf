"""One leader an application: the first alive unit that claims a free leadership (juju.md 3.4)."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.model import Life, application_of
from pocket.services import life, rows, scopes
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx


def claim(tx: Tx, uuid: str, unit: str) -> bool:
    """Make *unit* the leader when there is none; return whether it is the leader now."""
    row = life.find_unit(tx, uuid, unit)
    if row is None or row['life'] != Life.ALIVE:
        return False
    application = str(row['application'])
    # Followers are told of each change of leader by leader-settings-changed, not of the first leader.
    tx.db.execute(
        'UPDATE application SET leader = ?1, leader_terms = leader_terms + 1, leader_until_ms = NULL,'
        ' leader_settings_version = leader_settings_version + (leader_terms > 0)'
        " WHERE model_uuid = ?2 AND name = ?3 AND leader = ''",
        (unit, uuid, application),
    )
    if tx.db.execute('SELECT changes()').fetchone()[0]:
        tx.touch(uuid)
    return is_leader(tx, uuid, unit)


def resign(tx: Tx, uuid: str, unit: str) -> None:
    """Give leadership up; nothing happens when *unit* is not the leader."""
    life.drop_leadership(tx, uuid, unit)


def is_leader(tx: Tx, uuid: str, unit: str) -> bool:
    """Whether *unit* is the leader."""
    return rows.exists(tx, 'SELECT 1 FROM application WHERE model_uuid = ? AND leader = ?', uuid, unit)


def require(tx: Tx, uuid: str, unit: str) -> None:
    """Refuse what only a leader may do.

    Raises:
        JujuError: *unit* is not the leader.
    """
    if not is_leader(tx, uuid, unit):
        raise JujuError('this unit is not the leader')


def get_settings(tx: Tx, uuid: str, application: str) -> dict[str, str]:
    """Return what the leader told its followers by leader-set.

    Raises:
        JujuError: there is no such application.
    """
    row = rows.one(
        tx, 'SELECT leader_settings FROM application WHERE model_uuid = ? AND name = ?', uuid, application
    )
    if row is None:
        raise JujuError(f'application "{application}" not found', NOT_FOUND)
    return rows.loads(row['leader_settings'])


def change_settings(tx: Tx, uuid: str, unit: str, changes: Mapping[str, str]) -> None:
    """Write leader settings; an empty value deletes its key.

    Raises:
        JujuError: *unit* is not the leader.
    """
    require(tx, uuid, unit)
    application = application_of(unit)
    old = get_settings(tx, uuid, application)
    new = scopes.applied(old, changes)
    if new != old:
        tx.db.execute(
            'UPDATE application SET leader_settings = ?,'
            ' leader_settings_version = leader_settings_version + 1 WHERE model_uuid = ? AND name = ?',
            (rows.dumps(new), uuid, application),
        )
        tx.touch(uuid)
