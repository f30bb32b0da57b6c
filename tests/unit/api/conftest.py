"""A client of the API over fakes, with one tenant's key."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest
import structlog

from api.app import create_app
from domain.api_keys import CAPABILITIES, make_key
from domain.object_keys import reachable
from storage.accounts import Credential
from tests.unit.api.fake_uploads import FakeGuesses, FakePhotos, FakeUploads
from tests.unit.api.fake_webhooks import FakeDeliveries, FakeWebhooks
from tests.unit.api.fakes import (
    FakeAcceptance,
    FakeAccounts,
    FakeCancellations,
    FakeJobs,
    FakePictures,
    FakeSessions,
    make_ports,
)


@pytest.fixture(autouse=True, scope="session")
def plain_tracebacks() -> None:
    """The tracebacks that structlog draws by default show every local variable: seconds for each
    500.
    """
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    )


@dataclass
class Api:
    """The API under test and what lies behind it."""

    http: httpx.AsyncClient
    accounts: FakeAccounts
    acceptance: FakeAcceptance
    jobs: FakeJobs
    cancellations: FakeCancellations
    webhooks: FakeWebhooks
    deliveries: FakeDeliveries
    uploads: FakeUploads
    photos: FakePhotos
    guesses: FakeGuesses
    sessions: FakeSessions
    pictures: FakePictures
    key: str

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", **more}


def grant_key(
    accounts: FakeAccounts, tenant: str, *capabilities: str, environment: str = "live"
) -> str:
    """A key of a tenant whose objects lie below users/<tenant>/."""
    key = make_key(environment, secrets.choice)
    accounts.credentials[key] = Credential(
        f"key-{len(accounts.credentials)}",
        tenant,
        environment,
        frozenset(capabilities or CAPABILITIES),
        reachable(environment, [f"users/{tenant}/"]),
    )
    accounts.balances.setdefault((tenant, environment), 100)
    return key


def grant_older_key(api: Api) -> str:
    """A key of tenant abc from before unknown fields were refused."""
    key = grant_key(api.accounts, "abc")
    api.accounts.credentials[key] = replace(
        api.accounts.credentials[key], strict_fields=False, strict_options=False
    )
    return key


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    ports, accounts, acceptance, jobs = make_ports(max_body_bytes=64 * 1024)
    assert isinstance(ports.cancellations, FakeCancellations)
    assert isinstance(ports.webhooks, FakeWebhooks)
    assert isinstance(ports.deliveries, FakeDeliveries)
    assert isinstance(ports.uploads, FakeUploads)
    assert isinstance(ports.photos, FakePhotos)
    assert isinstance(ports.guesses, FakeGuesses)
    assert isinstance(ports.sessions, FakeSessions)
    assert isinstance(ports.pictures, FakePictures)
    key = grant_key(accounts, "abc")
    transport = httpx.ASGITransport(app=create_app(ports), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as http:
        yield Api(
            http,
            accounts,
            acceptance,
            jobs,
            ports.cancellations,
            ports.webhooks,
            ports.deliveries,
            ports.uploads,
            ports.photos,
            ports.guesses,
            ports.sessions,
            ports.pictures,
            key,
        )
