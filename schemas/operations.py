"""The HTTP contract of the operators' surface."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from schemas.failures import FailureCode, JobFailure
from schemas.ids import RequestId

Name = Annotated[str, StringConstraints(pattern=r"^[ -~]*[!-~][ -~]*$", max_length=64)]
TenantName = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=200)]
WhyText = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=500)]
WhyGiven = Annotated[str, StringConstraints(pattern=r"^[^\x00]*\S[^\x00]*$", max_length=500)]
RoleName = Literal["viewer", "operator", "admin"]
EnvironmentName = Literal["live", "test"]
MAX_ORDERED = 1000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OperatorSignIn(_Body):
    """A key, once: from then on the browser's cookie stands for it."""

    key: SecretStr = Field(min_length=1, max_length=256, description="an operator's key")


class OperatorMe(BaseModel):
    """Who is signed in."""

    key_id: str = Field(description="the key's, or the person's at the provider: issuer, subject")
    name: str
    role: RoleName


class OperatorSession(BaseModel):
    """Whether the browser is signed in."""

    me: OperatorMe | None
    provider: str | None = Field(
        default=None,
        description="the name of the provider where people may sign in, by /ops/v1/sign-in",
    )


class OperatorKey(BaseModel):
    """An operator's key, without its text."""

    key_id: str
    name: str
    role: RoleName
    last4: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute")
    revoked_at: datetime | None
    works: bool
    current: bool = Field(description="whether this request came by it")


class OperatorKeyList(BaseModel):
    """Every key: those that work first."""

    items: list[OperatorKey]


class AddOperator(_Body):
    """A new key."""

    name: Name = Field(description="who it is for; each of its actions is recorded under it")
    role: RoleName
    expires_in_s: int | None = Field(default=None, ge=60, le=10 * 366 * 86400, strict=True)


class OperatorKeyWithText(BaseModel):
    """A key, and its text: shown once."""

    key_id: str
    key: str


class OperatorSignedIn(BaseModel):
    """A session of an operator."""

    operator_id: str = Field(description="the key's, or the person's: issuer, a blank, subject")
    is_person: bool = Field(description="signed in at the provider")
    name: str
    role: RoleName
    agent: str = Field(description="the browser, as it names itself")
    created_at: datetime
    seen_at: datetime = Field(description="to the minute")
    expires_at: datetime
    current: bool = Field(description="of whoever asks")


class OperatorSignedInList(BaseModel):
    """The one that was used last first."""

    items: list[OperatorSignedIn]


class EndSessions(_Body):
    """Whose sessions end."""

    operator_id: Annotated[str, StringConstraints(pattern=r"^[ -~]+$", max_length=600)]
    why: WhyText = ""


class SessionsEnded(BaseModel):
    """How many there were."""

    ended: int


class Concern(BaseModel):
    """Something that an operator should see to."""

    level: Literal["bad", "watch"]
    what: str
    view: str = Field(description="of the console, where it is dealt with")


class ProcessStanding(BaseModel):
    """One process, as it says itself. Rates are of the time since the last look."""

    process: str
    address: str
    ready: bool | None = Field(description="null: it does not answer")
    cpu: float = Field(description="cores")
    memory_bytes: float
    done: float = Field(description="a second")
    failed: float = Field(description="a second")
    in_hand: float
    lag: float = Field(description="records")
    note: str


class GroupLag(BaseModel):
    """How far one group is behind on one topic."""

    group: str
    topic: str
    records: int | None = Field(description="null: it keeps its offsets elsewhere")
    seconds: float | None
    members: int


class Overview(BaseModel):
    """The whole, at a glance."""

    at: datetime
    concerns: list[Concern]
    processes: list[ProcessStanding]
    groups: list[GroupLag] | None = Field(description="null: Kafka did not answer")
    facts: dict[str, float]


class TenantItem(BaseModel):
    """A tenant with what it can spend."""

    tenant_id: str
    live: int = Field(description="credits of the live environment")
    test: int
    in_work: int = Field(description="looks without an outcome")
    keys: int = Field(description="keys that work")
    webhooks_disabled: int = Field(description="webhooks that were disabled after failed calls")


class TenantItemList(BaseModel):
    """By id."""

    items: list[TenantItem]
    more: bool


class LedgerItem(BaseModel):
    """One entry of a ledger."""

    id: int
    kind: str
    amount: int
    request_id: str | None
    at: datetime


class TenantDetail(BaseModel):
    """One tenant's accounts, and its newest entries of each."""

    tenant_id: str
    key_prefixes: list[str]
    engine: str | None
    quality_floor: float | None
    balances: dict[EnvironmentName, int]
    entries: dict[EnvironmentName, list[LedgerItem]]


class Grant(_Body):
    """Credits for a tenant, once per reference."""

    environment: EnvironmentName = "live"
    amount: int = Field(ge=1, le=10**12, strict=True)
    reference: Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=200)] = Field(
        description="your own id, such as a ticket: the same one is granted once"
    )
    why: WhyText = ""


class Granted(BaseModel):
    """What came of it."""

    granted: bool = Field(description="false: this reference was granted before")
    balance: int


class DeadLetterItem(BaseModel):
    """A failed request, kept whole."""

    record: str
    at: datetime
    request_id: str
    tenant_id: str
    state: str
    reason: JobFailure
    fault: Literal["ours", "tenant"] = Field(
        description="whose: only a failure that was ours is made good by a new look"
    )
    attempts: int
    decided_by: str
    redrives: int


class DeadLetterList(BaseModel):
    """The newest, the newest first."""

    items: list[DeadLetterItem]


class QuarantinedItem(BaseModel):
    """A record that somebody could not read or handle."""

    record: str
    at: datetime
    origin: str | None
    consumer: str
    reason: str
    request_id: str | None
    state: str
    bytes: int


class QuarantinedList(BaseModel):
    """The newest, the newest first."""

    items: list[QuarantinedItem]


class RequestStands(BaseModel):
    """Where one request stands, what operators did about it, and its timeline."""

    request_id: str
    letters: list[dict[str, Any]] = Field(description="its dead letters, whole; bytes are base64")
    tenant_id: str | None
    status: str | None
    code: FailureCode | None = Field(description="why it failed, as its tenant was told")
    refunded: bool | None
    redriven_as: str | None
    redriven_from: str | None
    timeline: list[dict[str, Any]]
    actions: list[dict[str, Any]]


class _Order(_Body):
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    everything: bool = Field(
        default=False, description="act on every record: say so when nothing is selected"
    )
    limit: int = Field(default=100, ge=1, le=MAX_ORDERED, strict=True)
    plan: str | None = Field(
        default=None,
        max_length=64,
        description="left out: a dry run, which gives the plan; given: what that plan says is "
        "done, if it is still what would be done",
    )


class LettersOrder(_Order):
    """Which dead letters are meant."""

    request_ids: list[RequestId] | None = Field(default=None, max_length=MAX_ORDERED)
    reason: FailureCode | None = None
    tenant_id: TenantName | None = None


class RedriveLetters(LettersOrder):
    """Make failed requests good."""

    why: WhyText = ""


class DiscardLetters(LettersOrder):
    """Put dead letters aside."""

    why: WhyGiven = Field(description="recorded with the action")


class RecordsOrder(_Order):
    """Which quarantined records are meant."""

    records: list[Annotated[str, StringConstraints(max_length=80)]] | None = Field(
        default=None, max_length=MAX_ORDERED, description="look.quarantine[3]@17, or 3@17"
    )
    reason: WhyText | None = Field(default=None, description="a part of it")
    topic: TenantName | None = None
    consumer: TenantName | None = None


class RedriveRecords(RecordsOrder):
    """Send quarantined records back to where they came from."""

    why: WhyText = ""


class DiscardRecords(RecordsOrder):
    """Mark quarantined records as dealt with."""

    why: WhyGiven = Field(description="recorded with the action")


class PlanItem(BaseModel):
    """What would become of one record, or became."""

    record: str
    request_id: str | None
    verb: str = Field(description="send, rerun, discard; skip, refuse; what came of it when done")
    detail: str


class OrderAnswer(BaseModel):
    """A dry run's plan, or what was done."""

    plan: str
    done: bool
    items: list[PlanItem]
    left: int = Field(description="so many more are meant: repeat the order")


class WaitingLookItem(BaseModel):
    """A look without an outcome."""

    request_id: str
    tenant_id: str
    status: str
    created_at: datetime
    deadline_at: datetime
    last_event: str | None
    last_event_at: datetime | None
    unsent: bool = Field(description="its first event is still in the outbox")
    overdue: bool


class WaitingLookList(BaseModel):
    """The oldest first."""

    items: list[WaitingLookItem]


class AuditItem(BaseModel):
    """One audit that came to its end."""

    looked_at: datetime
    finished_at: datetime
    since: datetime | None = Field(description="null: everything was looked at")
    requests: int
    records: int
    violations: int


class AuditRun(BaseModel):
    """An audit that an operator began here."""

    action_id: str
    at: datetime
    operator: str
    since: str | None = Field(description="null: everything is looked at")
    state: Literal["running", "finished", "lost"] = Field(
        description="lost: the process that ran it ended, and nobody knows what it found"
    )
    outcome: str = Field(
        description="once it is finished: a line, and one more for each of the first violations"
    )


class AuditItemList(BaseModel):
    """The newest first, wherever they were begun; and the newest that were begun here."""

    items: list[AuditItem]
    runs: list[AuditRun]


class RunAudit(_Body):
    """What to look at."""

    since: Literal["last"] | AwareDatetime | None = Field(
        default=None,
        description="null: everything, the lake too; a time: what was created since; `last`: since "
        "the last audit, if it was clean",
    )
    sample: int = Field(
        default=1000, ge=0, le=10**9, strict=True, description="pictures, byte by byte; 0: all"
    )
    why: WhyText = ""


class AuditBegun(BaseModel):
    """It runs: what comes of it is the outcome of this action."""

    action_id: str


class ErasureItem(BaseModel):
    """An erasure."""

    pseudonym: str
    tenant_id: str | None = Field(description="known until it is finished")
    begun_at: datetime
    finished_at: datetime | None
    operator: str | None
    said: str | None = Field(description="how the last try ended, where it did not finish")
    running: bool = Field(description="in the process that answers")


class ErasureItemList(BaseModel):
    """The newest first."""

    items: list[ErasureItem]


class EraseTenant(_Body):
    """Erase a tenant, for good."""

    tenant_id: TenantName
    confirm: str | None = Field(
        default=None,
        max_length=200,
        description="left out: a dry run; the tenant's id once more: begin",
    )
    revoke: bool = Field(default=False, description="end the keys that still work")
    leave_shared: bool = Field(
        default=False, description="leave objects below another tenant's prefix"
    )
    why: WhyText = Field(default="", description="kept: it must not name the tenant")


class ErasureAnswer(BaseModel):
    """What hinders it, or that it has begun."""

    begun: bool
    hindrances: list[str]


class ActionItem(BaseModel):
    """What an operator did."""

    action_id: str
    at: datetime
    operator: str
    role: str | None = Field(description="null: at a terminal")
    verb: str
    state: str
    record: str | None
    origin: str | None
    request_id: str | None
    target: str | None
    reference: str | None
    reason: str
    outcome: str


class ActionItemList(BaseModel):
    """The newest first."""

    items: list[ActionItem]
