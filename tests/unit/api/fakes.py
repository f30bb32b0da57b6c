"""In-memory ports for the API. Each is a subclass of what it stands for: it has the same
signatures, and what it does not keep in memory fails.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from api.ports import Ports
from domain.api_keys import environment_of, make_key
from domain.money import payable
from domain.object_keys import reachable
from domain.sessions import make_token
from runtime.settings import ApiSettings, LookSettings
from schemas.categories import GarmentCategory, canonical
from schemas.ids import derived_id, new_request_id
from storage.acceptance import Acceptance
from storage.accounts import AccountStore, Credential, KeyRow, LedgerEntry
from storage.cancellations import CancellationStore
from storage.drafts import DraftRow, DraftStore
from storage.goodwill import GoodwillStore, ReportRow
from storage.jobs import EventRow, JobFilter, JobRow, JobStore, News, Receipt
from storage.object_store import StoreUnavailable
from storage.pictures import PictureStore
from storage.presigned import Presigner
from storage.refused_requests import RefusedRequestStore, RefusedRow
from storage.sessions import SessionRow, SessionStore
from storage.submissions import (
    AcceptanceResult,
    Accepted,
    KeyReused,
    Submission,
    Unpaid,
)
from storage.usage import KeyUsageRow, UsageRow, UsageStore
from tests.unit.api.fake_uploads import FakeGuesses, FakePhotos, FakeUploads
from tests.unit.api.fake_webhooks import FakeDeliveries, FakeTargets, FakeWebhooks

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RESULT: dict[str, object] = {
    "image": {
        "bucket": "looks", "key": "results/abc/secret.png", "content_type": "image/png",
        "width": 768, "height": 1152,
        "bytes": 9, "sha256": "0" * 64,
    },
    "items": [{"trial_image": "users/abc/x.jpg", "trial_item_category": "top", "layer": "31",
    "box": [1, 2, 3, 4]}],
    "completed_at": "2026-01-02T03:04:06Z",
}  # fmt: skip
"""The body of a `look.completed`, as far as it is shown."""


class FakeAccounts(AccountStore):
    """Keys are granted one by one; balances live here."""

    def __init__(self) -> None:
        self.credentials: dict[str, Credential] = {}
        self.balances: dict[tuple[str, str], int] = {}
        self.entries: list[LedgerEntry] = []
        self.notices: dict[tuple[str, str], int | None] = {}
        self.looked_up = 0
        self.marked: list[list[str]] = []

    async def credential(self, key: str) -> Credential | None:
        self.looked_up += 1
        return self.credentials.get(key) if environment_of(key) else None

    async def mark_used(self, key_ids: Sequence[str]) -> None:
        self.marked.append(list(key_ids))

    async def working_keys(self, key_ids: Collection[str]) -> set[str]:
        return {one.key_id for one in self.credentials.values()} & set(key_ids)

    async def own_keys(self, tenant_id: str, environment: str) -> list[KeyRow]:
        found = [
            KeyRow(
                one.key_id,
                key[-4:],
                tuple(one.capabilities),
                NOW,
                None,
                None,
                None,
                None,
                True,
                one.key_name,
            )
            for key, one in self.credentials.items()
            if (one.tenant_id, one.environment) == (tenant_id, environment)
        ]
        return sorted(found, key=lambda row: row.key_id, reverse=True)

    async def create_key(
        self,
        tenant_id: str,
        environment: str,
        capabilities: Sequence[str],
        *,
        key: str | None = None,
        expires_in: timedelta | None = None,
    ) -> tuple[str, str]:
        text, key_id = make_key(environment, secrets.choice), new_request_id()
        prefixes = reachable(environment, [f"users/{tenant_id}/"])
        self.credentials[text] = Credential(
            key_id, tenant_id, environment, frozenset(capabilities), prefixes
        )
        return key_id, text

    async def rotate_key(self, key_id: str, overlap: timedelta) -> tuple[str, str, datetime]:
        (old,) = [one for one in self.credentials.values() if one.key_id == key_id]
        made = await self.create_key(old.tenant_id, old.environment, list(old.capabilities))
        await self.rename_key(made[0], old.key_name)
        return *made, NOW + overlap

    async def rename_key(self, key_id: str, name: str) -> None:
        self.credentials = {
            key: replace(one, key_name=name) if one.key_id == key_id else one
            for key, one in self.credentials.items()
        }

    async def revoke_key(self, key_id: str) -> bool:
        found = [key for key, one in self.credentials.items() if one.key_id == key_id]
        for key in found:
            del self.credentials[key]
        return bool(found)

    async def balance(self, tenant_id: str, environment: str) -> int:
        return self.balances[tenant_id, environment]

    async def low_balance(self, tenant_id: str, environment: str) -> int | None:
        return self.notices.get((tenant_id, environment))

    async def set_low_balance(self, tenant_id: str, environment: str, below: int | None) -> None:
        self.notices[tenant_id, environment] = below

    async def statement(
        self, tenant_id: str, environment: str, limit: int, before: int | None = None
    ) -> list[LedgerEntry]:
        return [entry for entry in reversed(self.entries) if before is None or entry.id < before][
            :limit
        ]


class FakeAcceptance(Acceptance):
    """Accepts what can be paid; can be told to fail."""

    def __init__(self, accounts: FakeAccounts) -> None:
        self.accepted: list[Submission] = []
        self.failure: Exception | None = None
        self._accounts = accounts
        self._keys: dict[tuple[str, str, str, str], Submission] = {}

    async def accept(self, submission: Submission) -> AcceptanceResult:
        if self.failure is not None:
            raise self.failure
        identity, idempotency = submission.identity, submission.idempotency
        if identity in self._keys and idempotency is not None and identity is not None:
            known = self._keys[identity]
            same = (
                known.idempotency is not None
                and known.idempotency.fingerprint == idempotency.fingerprint
            )
            return Accepted(known.answer, replayed=True) if same else KeyReused()
        balances = self._accounts.balances
        if payable(balances, [(submission.account, submission.credits_cost)]) == [False]:
            return Unpaid(balances.get(submission.account, 0))
        balances[submission.account] -= submission.credits_cost
        self.accepted.append(submission)
        if identity is not None:
            self._keys[identity] = submission
        return Accepted(submission.answer)


class FakeSessions(SessionStore):
    """Sign-ins in memory, of the keys of `accounts`. A test moves `now`."""

    def __init__(self, accounts: FakeAccounts, *, idle_s: float, kept_s: float) -> None:
        self.now = NOW
        self.rows: dict[str, tuple[str, SessionRow]] = {}
        self._accounts = accounts
        self._idle, self._kept = timedelta(seconds=idle_s), timedelta(seconds=kept_s)

    async def begin(self, key_id: str, agent: str) -> tuple[str, str]:
        token = make_token(secrets.choice)
        session_id = f"ses_{new_request_id()}"
        row = SessionRow(session_id, agent, self.now, self.now, self.now + self._kept)
        self.rows[token] = (key_id, row)
        return session_id, token

    async def credential(self, token: str) -> Credential | None:
        key_id, row = self.rows.get(token, ("", None))
        keys = [one for one in self._accounts.credentials.values() if one.key_id == key_id]
        if row is None or not keys or not self._works(row):
            return None
        self.rows[token] = (key_id, replace(row, seen_at=self.now))
        return replace(keys[0], session_id=row.session_id)

    def _works(self, row: SessionRow) -> bool:
        return self.now < row.expires_at and self.now - row.seen_at < self._idle

    async def working(self, session_ids: Collection[str]) -> set[str]:
        return {row.session_id for _, row in self.rows.values()} & set(session_ids)

    async def sessions(self, key_id: str) -> list[SessionRow]:
        return [row for whose, row in self.rows.values() if whose == key_id and self._works(row)]

    async def end(self, key_id: str, session_id: str) -> bool:
        found = [
            token
            for token, (whose, row) in self.rows.items()
            if (whose, row.session_id) == (key_id, session_id)
        ]
        for token in found:
            del self.rows[token]
        return bool(found)

    async def end_all(self, key_id: str) -> int:
        found = [token for token, (whose, _) in self.rows.items() if whose == key_id]
        for token in found:
            del self.rows[token]
        return len(found)


class FakeJobs(JobStore):
    """Jobs by (tenant, environment, id)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], JobRow] = {}
        self.event_rows: list[EventRow] = []
        self.made_with: dict[str, str] = {}
        self.reads: list[dict[str, int]] = []
        self.failure: Exception | None = None
        self.searched = 10

    async def job(self, tenant_id: str, environment: str, request_id: str) -> JobRow | None:
        return self.rows.get((tenant_id, environment, request_id))

    async def jobs(
        self, tenant_id: str, environment: str, chosen: JobFilter, limit: int
    ) -> list[JobRow]:
        mine = [
            row
            for (tenant, env, _), row in self.rows.items()
            if (tenant, env) == (tenant_id, environment)
        ]
        mine = [row for row in mine if chosen.before is None or row.request_id < chosen.before]
        if chosen.reference is not None:
            mine = [row for row in mine if row.asked.reference == chosen.reference]
        if chosen.category is not None:
            mine = [row for row in mine if chosen.category in _kinds(row)]
        for pair in chosen.metadata:
            mine = [row for row in mine if pair in _pairs(row)]
        if chosen.since is not None:
            mine = [row for row in mine if row.request_id >= chosen.since]
        if chosen.idempotency_key is not None:
            mine = [
                row for row in mine if row.request_id == self.made_with.get(chosen.idempotency_key)
            ]
        return sorted(mine, key=lambda row: row.request_id, reverse=True)[:limit]

    async def searched_until(
        self, tenant_id: str, environment: str, chosen: JobFilter
    ) -> str | None:
        every = replace(chosen, category=None, metadata=())
        found = await self.jobs(tenant_id, environment, every, self.searched)
        return found[-1].request_id if len(found) == self.searched else None

    async def news(self, since: Mapping[str, int]) -> dict[str, News]:
        self.reads.append(dict(since))
        if self.failure is not None:
            raise self.failure
        jobs = {row.request_id: row for row in self.rows.values() if row.request_id in since}
        return {
            request_id: News(
                job,
                [
                    row
                    for row in self.event_rows
                    if row.request_id == request_id and row.seq > since[request_id]
                ],
            )
            for request_id, job in jobs.items()
        }

    async def pictured(
        self, tenant_id: str, environment: str, request_ids: Sequence[str]
    ) -> list[JobRow]:
        rows = await self.jobs(tenant_id, environment, JobFilter(), 10_000)
        return [row for row in rows if row.status == "SUCCESS" and row.request_id in request_ids]

    async def renders(
        self,
        tenant_id: str,
        environment: str,
        limit: int,
        *,
        before: str | None = None,
        only: str | None = None,
    ) -> list[JobRow]:
        rows = await self.jobs(tenant_id, environment, JobFilter(before=before), 10_000)
        return [row for row in rows if row.status == "SUCCESS" and only in (None, row.request_id)][
            :limit
        ]

    def say(self, request_id: str, event_type: str, message: str = "") -> EventRow:
        """Add the next event of a job, and move the job with it."""
        key, job = next(
            (key, row) for key, row in self.rows.items() if row.request_id == request_id
        )
        seq = job.latest_seq + 1
        event = EventRow(
            request_id, seq, derived_id(request_id, str(seq)), event_type, None, message, {}, NOW
        )
        self.event_rows.append(event)
        moved = {
            "queued": job,
            "stage": replace(job, status="IN_PROGRESS"),
            "succeeded": replace(job, status="SUCCESS", result=RESULT),
            "failed": replace(
                job, status="FAILURE", error=("image_unreadable", "It can't be read.", 0)
            ),
        }[event_type]
        self.rows[key] = replace(moved, latest_event=event)
        return event


class FakeCancellations(CancellationStore):
    """Decides at once what the pipeline would decide: `outcomes` by request, cancelled unless told
    otherwise.
    """

    def __init__(self, jobs: FakeJobs) -> None:
        self.asked: list[str] = []
        self.decides: Callable[[JobRow], JobRow] = cancelled
        self._jobs = jobs

    async def cancel(self, tenant_id: str, environment: str, request_id: str) -> bool:
        self.asked.append(request_id)
        key = (tenant_id, environment, request_id)
        if self._jobs.rows[key].status == "NOT_STARTED":
            self._jobs.rows[key] = self.decides(self._jobs.rows[key])
        return True


def cancelled(job: JobRow) -> JobRow:
    """A job that was cancelled and refunded."""
    return refunded(
        replace(
            job, status="FAILURE", error=("cancelled", "The look was cancelled on request.", None)
        )
    )


def refunded(job: JobRow) -> JobRow:
    """A job whose credits are back."""
    return replace(job, receipt=replace(job.receipt, refunded=job.credits_cost, refunded_at=NOW))


class FakeUsage(UsageStore):
    """Rows that a test puts there."""

    def __init__(self) -> None:
        self.rows: list[UsageRow] = []
        self.of_keys: list[KeyUsageRow] = []

    async def by_day_and_key(
        self, tenant_id: str, environment: str, first: date, last: date
    ) -> list[KeyUsageRow]:
        return [row for row in self.of_keys if first <= row.sums.day <= last]

    async def by_day(
        self, tenant_id: str, environment: str, first: date, last: date
    ) -> list[UsageRow]:
        return [row for row in self.rows if first <= row.day <= last]


class FakeLinks(Presigner):
    """Links that name what they link to."""

    def __init__(self) -> None:
        """Without an object store."""

    def get(self, bucket: str, key: str, *, attachment: bool = False) -> str:
        return f"https://objects.test/{bucket}/signed"


class FakeRefused(RefusedRequestStore):
    """Rows in a list; can be told to fail."""

    def __init__(self) -> None:
        self.rows: list[RefusedRow] = []
        self.failure: Exception | None = None

    async def add(self, rows: Sequence[RefusedRow]) -> None:
        if self.failure is not None:
            raise self.failure
        self.rows += rows

    async def refused(
        self,
        tenant_id: str,
        environment: str,
        limit: int,
        *,
        before: str | None = None,
        only: str | None = None,
    ) -> list[RefusedRow]:
        found = [
            row
            for row in self.rows
            if (row.tenant_id, row.environment) == (tenant_id, environment)
            and (before is None or row.exchange_id < before)
            and only in (None, row.exchange_id)
        ]
        return sorted(found, key=lambda row: row.exchange_id, reverse=True)[:limit]


class FakeDrafts(DraftStore):
    """A draft a key."""

    def __init__(self) -> None:
        self.rows: dict[str, DraftRow] = {}

    async def draft(self, key_id: str) -> DraftRow | None:
        return self.rows.get(key_id)

    async def save(self, key_id: str, draft: dict[str, Any]) -> DraftRow:
        self.rows[key_id] = DraftRow(draft, NOW)
        return self.rows[key_id]

    async def drop(self, key_id: str) -> None:
        self.rows.pop(key_id, None)


class FakePictures(PictureStore):
    """Every object is its key and more; after `fails_after` of them the store is away."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails_after = 10_000

    async def read(self, key: str) -> bytes:
        self.asked.append(key)
        if len(self.asked) > self.fails_after:
            raise StoreUnavailable("away")
        return key.encode() + bytes(range(256)) * 40


class FakeGoodwill(GoodwillStore):
    """Gives back what any finished look of a tenant cost, once."""

    def __init__(self, jobs: FakeJobs) -> None:
        self.rows: dict[str, ReportRow] = {}
        self._jobs = jobs

    async def report(
        self, tenant_id: str, environment: str, request_id: str, reason: str, note: str
    ) -> tuple[ReportRow, bool] | None:
        job = self._jobs.rows.get((tenant_id, environment, request_id))
        if job is None or job.status != "SUCCESS":
            return None
        fresh = request_id not in self.rows
        row = ReportRow(request_id, reason, note, job.credits_cost, None, NOW)
        return self.rows.setdefault(request_id, row), fresh


def _kinds(row: JobRow) -> set[GarmentCategory | None]:
    made: Any = (row.result or {}).get("items", ())
    guessed = {canonical(one.get("guessed_category") or "") for one in made}
    return guessed | {canonical(one["trial_item_category"]) for one in row.asked.items}


def _pairs(row: JobRow) -> set[str]:
    return {f"{name}:{value}" for name, value in (row.asked.metadata or {}).items()}


def a_job(request_id: str) -> JobRow:
    """A job that was just accepted."""
    return JobRow(
        request_id,
        "look",
        "NOT_STARTED",
        10,
        None,
        Receipt(10, NOW),
        NOW,
        NOW,
        NOW,
        None,
        None,
        None,
    )


def make_ports(**api: object) -> tuple[Ports, FakeAccounts, FakeAcceptance, FakeJobs]:
    """Ports over fresh fakes."""
    accounts = FakeAccounts()
    acceptance, jobs = FakeAcceptance(accounts), FakeJobs()
    settings = ApiSettings(**api)  # type: ignore[arg-type]  # each test passes fields of ApiSettings
    webhooks = FakeWebhooks()
    ports = Ports(
        accounts=accounts,
        acceptance=acceptance,
        jobs=jobs,
        cancellations=FakeCancellations(jobs),
        webhooks=webhooks,
        deliveries=FakeDeliveries(webhooks),
        targets=FakeTargets(),
        links=FakeLinks(),
        uploads=FakeUploads(),
        photos=FakePhotos(),
        guesses=FakeGuesses(),
        usage=FakeUsage(),
        sessions=FakeSessions(
            accounts, idle_s=settings.session_idle_s, kept_s=settings.session_kept_s
        ),
        pictures=FakePictures(),
        goodwill=FakeGoodwill(jobs),
        drafts=FakeDrafts(),
        refused=FakeRefused(),
        api=settings,
        look=LookSettings(),
    )
    return ports, accounts, acceptance, jobs
