"""What the API is given. Tests give it fakes; `python -m api` gives it Postgres and S3."""

from dataclasses import dataclass
from typing import Protocol

from runtime.settings import ApiSettings, LookSettings
from storage.accounts import Credential, LedgerEntry
from storage.jobs import EventRow, JobFilter, JobRow
from storage.submissions import Submission, Verdict


class Accounts(Protocol):
    """Keys and credits."""

    async def credential(self, key: str) -> Credential | None:
        """Who a key speaks for."""

    async def balance(self, tenant_id: str, environment: str) -> int:
        """Credits that can be spent."""

    async def statement(self, tenant_id: str, environment: str, limit: int, before: int | None = None) -> list[LedgerEntry]:
        """Ledger entries, newest first."""


class Accepts(Protocol):
    """Charges and records requests."""

    async def accept(self, submission: Submission) -> Verdict:
        """Durable when it returns `Accepted`."""


class Jobs(Protocol):
    """Reads jobs of one tenant."""

    async def job(self, tenant_id: str, environment: str, request_id: str) -> JobRow | None:
        """One job."""

    async def jobs(self, tenant_id: str, environment: str, chosen: JobFilter, limit: int) -> list[JobRow]:
        """A page of jobs."""

    async def events(self, request_id: str, since: int) -> list[EventRow]:
        """Events of a job."""


class Cancellations(Protocol):
    """Carries cancel commands to the pipeline."""

    async def cancel(self, tenant_id: str, environment: str, request_id: str) -> bool:
        """Durable when it returns; False when there was nothing to ask."""


class Links(Protocol):
    """Makes short-lived links."""

    def get(self, bucket: str, key: str) -> str:
        """A link to one object."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All of it."""

    accounts: Accounts
    acceptance: Accepts
    jobs: Jobs
    cancellations: Cancellations
    links: Links
    api: ApiSettings
    look: LookSettings
