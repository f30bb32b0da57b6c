"""The secured variant of a stack: TLS everywhere but S3, a user, a password and the least rights
for each process.

A stack is secured when the folder `data/secured` is there. What is in it is made once and readable
by its owner alone: certificates, and for each user a folder of secrets that a process is pointed to
by LOOKS_SECRETS_DIR.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka.admin import AdminClient

from devstack.certificates import Authority, Identity
from devstack.folder import StackFolder
from runtime import acls
from runtime.settings import KafkaSettings, SaslMechanism
from schemas.access import AUDITOR, PROCESSES, SUBSCRIBER, process_acls, role_acls, user_of
from schemas.namespace import Namespace
from storage import roles

ADMIN = "admin"
SUBSCRIBING_TEAM = "team"
USERS = (ADMIN, "auditor", SUBSCRIBING_TEAM, *(access.name for access in PROCESSES))
BROKER = "looks-broker"
"""Its certificate's subject: the broker and the controller trust each other by it, and by nothing
else.
"""


class Secured:
    """Certificates, users and passwords of one stack."""

    def __init__(self, folder: StackFolder, ports: Mapping[str, int], names: Namespace) -> None:
        """Make what is missing."""
        self._names = names
        self._folder = folder.secured
        self._ports = ports
        authority = Authority(self._folder / "certificates")
        self.ca = authority.certificate
        self.broker: Identity = authority.issue(BROKER)
        self.database: Identity = authority.issue("looks-postgres")
        self._passwords = self._known_passwords()

    @property
    def super_users(self) -> str:
        """Who Kafka's authorizer lets do anything."""
        return f"User:CN={BROKER};User:{self._user(ADMIN)}"

    @property
    def database_password(self) -> str:
        """Of the owner of the tables."""
        return self._passwords[ADMIN]

    def password(self, name: str) -> str:
        """Of one user, in Kafka and in Postgres."""
        return self._passwords[name]

    def secret_texts(self) -> list[str]:
        """Every secret that must not be seen anywhere."""
        return [
            *self._passwords.values(),
            *(one.key.read_text() for one in (self.broker, self.database)),
        ]

    def admin_env(self) -> dict[str, str]:
        """For whoever sets the stack up: everything in the environment."""
        named = {
            "LOOKS_KAFKA_PASSWORD": self._passwords[ADMIN],
            "LOOKS_DATABASE_URL": self._url(ADMIN),
        }
        return {**self._public(ADMIN), **named}

    def env_of(self, name: str, env: Mapping[str, str]) -> dict[str, str]:
        """For one process: no secret of Kafka or Postgres in it, but where to find its own. Its
        login may do what that process does, and no more: no process serves /ops.
        """
        folder = self._folder / "secrets" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / "LOOKS_KAFKA_PASSWORD", self._passwords[name])
        if name in roles.BY_PROCESS:
            _write(folder / "LOOKS_DATABASE_URL", self._url(name))
        kept = {
            key: value
            for key, value in env.items()
            if key not in {"LOOKS_KAFKA_PASSWORD", "LOOKS_DATABASE_URL"}
        }
        shut = {"LOOKS_OPS_SERVED": "false"}
        return {**kept, **self._public(name), **shut, "LOOKS_SECRETS_DIR": str(folder)}

    def admit(self) -> None:
        """Make Kafka's users, through the brokers' own listener and with their certificate: nobody
        else exists yet.
        """
        client = AdminClient(
            {
                "bootstrap.servers": f"127.0.0.1:{self._ports['kafka_internal']}",
                "security.protocol": "SSL",
                "ssl.ca.location": str(self.ca),
                "ssl.certificate.location": str(self.broker.certificate),
                "ssl.key.location": str(self.broker.key),
            }
        )
        acls.set_passwords(
            client,
            {self._user(name): self._passwords[name] for name in USERS},
            SaslMechanism.SCRAM_SHA_512,
        )

    async def permit_database(self, dsn: str) -> None:
        """Make Postgres' roles and a login for each process. After the tables."""
        await roles.apply(dsn)
        for name in USERS:
            if name in roles.BY_PROCESS:
                await roles.create_login(
                    dsn, roles.BY_PROCESS[name], _login(name), self._passwords[name]
                )

    def permit_kafka(self, admin: KafkaSettings) -> None:
        """Give Kafka's users their rights."""
        people = {"auditor": AUDITOR, SUBSCRIBING_TEAM: SUBSCRIBER}
        acls.apply(
            admin,
            process_acls(admin.names)
            | {
                self._user(name): role_acls(role, self._user(name), admin.names)
                for name, role in people.items()
            },
        )

    def _user(self, name: str) -> str:
        return self._names.group(user_of(name))

    def _public(self, name: str) -> dict[str, str]:
        return {
            "LOOKS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "LOOKS_KAFKA_USERNAME": self._user(name),
            "LOOKS_KAFKA_CA_FILE": str(self.ca),
            "LOOKS_DATABASE_CA_FILE": str(self.ca),
        }

    def _url(self, name: str) -> str:
        user = "postgres" if name == ADMIN else _login(name)
        place = f"127.0.0.1:{self._ports['postgres']}"
        return f"postgresql://{user}:{self._passwords[name]}@{place}/postgres"

    def _known_passwords(self) -> dict[str, str]:
        file = self._folder / "passwords.json"
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        known |= {name: secrets.token_urlsafe(24) for name in USERS if name not in known}
        _write(file, json.dumps(known))
        return known


def _login(name: str) -> str:
    return f"login_{name}"


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)
