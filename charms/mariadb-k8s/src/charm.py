#!/usr/bin/env python3
"""The MariaDB charm: every event leads to one look at all that is wanted, and to what is missing for it."""

from __future__ import annotations

import datetime
import re

import accounts
import clients
import ops
import options
import server

_CONTAINER = 'mariadb'
_ROOT_LABEL = 'root'
_BACKUP = re.compile(r'[0-9A-Za-z][0-9A-Za-z._-]*\.sql\.gz', re.ASCII)


class MariadbCharm(ops.CharmBase):
    """One MariaDB server and its users."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self._container = self.unit.get_container(_CONTAINER)
        self._server = server.Server(self._container)
        on, workload, peers = self.on, self.on[_CONTAINER], self.on['replicas']
        for event in (
            on.start,
            on.upgrade_charm,
            on.config_changed,
            on.leader_elected,
            on.update_status,
            workload.pebble_ready,
            workload.pebble_custom_notice,
            workload.pebble_check_failed,
            workload.pebble_check_recovered,
            peers.relation_changed,
            peers.relation_departed,
        ):
            framework.observe(event, self._reconcile)
        its = on[clients.ENDPOINT]
        for event in (its.relation_created, its.relation_changed, its.relation_broken):
            framework.observe(event, self._reconcile)
        framework.observe(on.get_password_action, self._show_password)
        framework.observe(on.create_database_action, self._create_database)
        framework.observe(on.backup_action, self._backup)
        framework.observe(on.restore_action, self._restore)

    def _reconcile(self, _: ops.EventBase) -> None:
        wanted = self.load_config(options.Options, errors='blocked')
        if self.app.planned_units() > 1 and not self.unit.name.endswith('/0'):
            # A second server would be an empty one behind the same address.
            self.unit.status = ops.BlockedStatus(_ONE_UNIT.format(app=self.app.name))
            return
        if not self._container.can_connect():
            self.unit.status = ops.WaitingStatus('waiting for the container to start')
            return
        self._server.ensure_running(wanted.file())
        try:
            found = self._server.look()
        except server.SilentFault:
            # The image records a notice when the server takes connections, which brings us back here.
            self.unit.status = ops.WaitingStatus('MariaDB is starting: it takes no connections yet')
            return
        except server.ServerFault as err:
            self.unit.status = ops.WaitingStatus(f'MariaDB does not answer yet: {err}')
            return
        self.unit.set_workload_version(found.version)
        if {port.port for port in self.unit.opened_ports()} != {clients.PORT}:
            self.unit.set_ports(clients.PORT)
        try:
            problems = self._serve(found) if self.unit.is_leader() else []
        except server.ServerFault as err:
            self.unit.status = ops.WaitingStatus(f'trying again at the next event: {err}')
            return
        if self.app.planned_units() > 1:
            problems.append(_ONE_UNIT.format(app=self.app.name))
        self.unit.status = ops.BlockedStatus(problems[0]) if problems else ops.ActiveStatus()

    def _serve(self, found: accounts.Found) -> list[str]:
        """Give root and every relation their users, take away the others; return what cannot be."""
        problems: list[str] = []
        wanted: dict[ops.Relation, tuple[clients.Request, accounts.Account]] = {}
        for relation in self.model.relations[clients.ENDPOINT]:
            asked = clients.request(relation) if relation.active else None
            if asked is None:
                continue
            try:
                accounts.check_database(asked.database)
            except accounts.NameFault as err:
                problems.append(f'{relation.app.name} asks for a database that cannot be: {err}')
                continue
            wanted[relation] = asked, self._account(relation, asked)
        kept = {account.user for _, account in wanted.values()}
        sql = [
            *accounts.root_statements(self._password(_ROOT_LABEL), found),
            *accounts.statements([account for _, account in wanted.values()], found),
            *accounts.removals(kept, found),
        ]
        if sql:
            self._server.ask('\n'.join(sql))
        for relation, (asked, account) in wanted.items():
            self._tell(relation, asked, account, found.version)
        for user in accounts.stale(kept, found):
            self._forget(_label(user.removeprefix(accounts.PREFIX)))
        return problems

    def _account(self, relation: ops.Relation, asked: clients.Request) -> accounts.Account:
        return accounts.Account(
            user=f'{accounts.PREFIX}{relation.id}',
            password=self._password(_label(relation.id)),
            database=asked.database,
            is_admin=asked.is_admin,
        )

    def _tell(
        self, relation: ops.Relation, asked: clients.Request, account: accounts.Account, version: str
    ) -> None:
        secret = self.model.get_secret(label=_label(relation.id))
        content = clients.credentials(account, self._endpoint)
        if secret.peek_content() != content:
            secret.set_content(content)
        if asked.by_secret:
            secret.grant(relation)
        told = clients.answer(
            account,
            endpoint=self._endpoint,
            version=version,
            by_secret=asked.by_secret,
            secret_id=secret.get_info().id,
        )
        bag = relation.data[self.app]
        for name, value in told.items():
            if bag.get(name, '') != value:
                bag[name] = value

    def _show_password(self, event: ops.ActionEvent) -> None:
        if not self.unit.is_leader():
            event.fail('only the leader knows it: juju run APPLICATION/leader get-password')
            return
        event.set_results({'username': accounts.ROOT, 'password': self._password(_ROOT_LABEL)})

    def _create_database(self, event: ops.ActionEvent) -> None:
        name = str(event.params['name'])
        user = str(event.params.get('user') or name)
        if not self.unit.is_leader():
            event.fail('only the leader can: juju run APPLICATION/leader create-database ...')
            return
        try:
            accounts.check_database(name)
            accounts.check_user(user)
        except accounts.NameFault as err:
            event.fail(str(err))
            return
        found = self._found(event)
        if found is None:
            return
        label = f'user.{user}'
        if (user, '%') in found.hashes and self._find(label) is None:
            event.fail(f'there is a user {user} that this charm did not make; its password is not known')
            return
        account = accounts.Account(user=user, password=self._password(label), database=name)
        try:
            if sql := accounts.statements([account], found):
                self._server.ask('\n'.join(sql))
        except server.ServerFault as err:
            event.fail(str(err))
            return
        host, _, port = self._endpoint.rpartition(':')
        event.set_results(
            {
                'host': host,
                'port': port,
                'database': name,
                'username': user,
                'password': account.password,
                'secret': self.model.get_secret(label=label).get_info().id,
            }
        )

    def _backup(self, event: ops.ActionEvent) -> None:
        found = self._found(event)
        if found is None:
            return
        asked = [name.strip() for name in str(event.params.get('databases', '')).split(',') if name.strip()]
        names = asked or sorted(found.databases - accounts.SYSTEM_DATABASES)
        if unknown := sorted(set(names) - found.databases | set(names) & accounts.SYSTEM_DATABASES):
            event.fail(f'there is no database of an application called {", ".join(unknown)}')
            return
        if not names:
            event.fail('there is no database to back up')
            return
        now = datetime.datetime.now(datetime.UTC)
        file = f'{now:%Y%m%dT%H%M%SZ}.sql.gz'
        try:
            size, digest = self._server.dump(file, names)
        except server.ServerFault as err:
            event.fail(f'the backup was not made: {err}')
            return
        event.set_results(
            {
                'file': file,
                'path': f'{server.BACKUPS}/{file}',
                'databases': ','.join(names),
                'bytes': str(size),
                'sha256': digest,
            }
        )

    def _restore(self, event: ops.ActionEvent) -> None:
        file = str(event.params['file'])
        if not _BACKUP.fullmatch(file):
            event.fail('file must be a name as the action backup shows it, ending in .sql.gz')
            return
        if self._found(event) is None:
            return
        try:
            self._server.restore(file)
        except server.ServerFault as err:
            event.fail(f'not restored: {err}')
            return
        event.set_results({'restored': file})

    def _found(self, event: ops.ActionEvent) -> accounts.Found | None:
        if not self._container.can_connect():
            event.fail('the container does not run; try again when the unit is active')
            return None
        try:
            return self._server.look()
        except server.SilentFault:
            event.fail('MariaDB takes no connections; try again when the unit is active')
            return None
        except server.ServerFault as err:
            event.fail(f'MariaDB does not answer; try again when the unit is active: {err}')
            return None

    @property
    def _endpoint(self) -> str:
        return f'{self.app.name}.{self.model.name}.svc.cluster.local:{clients.PORT}'

    def _password(self, label: str) -> str:
        """The password in the secret of *label*, which is made when there is none."""
        secret = self._find(label)
        if secret is None:
            content = {'password': accounts.new_password()}
            self.app.add_secret(content, label=label)
            return content['password']
        return secret.peek_content()['password']

    def _find(self, label: str) -> ops.Secret | None:
        try:
            return self.model.get_secret(label=label)
        except ops.SecretNotFoundError:
            return None

    def _forget(self, label: str) -> None:
        if secret := self._find(label):
            secret.remove_all_revisions()


_ONE_UNIT = 'one server only, replication is not implemented: juju scale-application {app} 1'


def _label(relation: int | str) -> str:
    return f'database.{relation}'


if __name__ == '__main__':
    ops.main(MariadbCharm)
