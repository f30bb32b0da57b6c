"""`/ops/v1/audits`: what audits found, and one begun at once."""

from datetime import datetime

from fastapi import APIRouter, Request

from api.answers import gives
from api.ops.gates import OpsRoute, RowLimit, needs, operator_of
from api.ops.ports import OpsPorts, actor
from api.ops.refusals import ACTING, SEEING, OpsRefused
from domain.operators import OperatorRole
from domain.redriving import Verb
from operations.auditing.whole import AuditOrder
from schemas.operations import AuditBegun, AuditItem, AuditItemList, AuditRun, RunAudit
from storage.operator_actions import OperatorBusy, Recorded

router = APIRouter(route_class=OpsRoute, tags=["audits"])

RUNS_SHOWN = 20


@router.get(
    "/ops/v1/audits",
    response_model=AuditItemList,
    responses=SEEING | gives(200, {"items": [], "runs": []}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_audits(request: Request, limit: RowLimit = 50) -> AuditItemList:
    """Audits that came to their end, the newest first, and those that were begun here."""
    ports: OpsPorts = request.app.state.ports
    runs_now = await ports.desk.actions.is_auditing()  # first: it may end in between
    begun = await ports.desk.actions.newest(RUNS_SHOWN, Verb.AUDIT)
    return AuditItemList(
        items=[
            AuditItem(
                looked_at=one.looked_at,
                finished_at=at,
                since=one.since,
                requests=one.requests,
                records=one.records,
                violations=one.violations,
            )
            for at, one in await ports.views.audits(limit)
        ],
        runs=[
            _run(one, may_run=runs_now and index == 0) for index, one in enumerate(reversed(begun))
        ],
    )


@router.post(
    "/ops/v1/audits",
    status_code=202,
    response_model=AuditBegun,
    responses=ACTING | gives(202, {"action_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}),
    openapi_extra=needs(OperatorRole.OPERATOR, {"since": "last", "why": "after the failover"}),
)
async def run_audit(request: Request, body: RunAudit) -> AuditBegun:
    """Begin an audit, in a process of its own. It changes nothing, so it has no dry run. One at a
    time, and stopped after LOOKS_OPS_AUDIT_LIMIT_S.
    """
    ports: OpsPorts = request.app.state.ports
    since = body.since.isoformat() if isinstance(body.since, datetime) else body.since or ""
    try:
        action_id = await ports.audits.begin(
            AuditOrder(since, body.sample), actor(operator_of(request), body.why)
        )
    except OperatorBusy:
        raise OpsRefused("OPERATOR_BUSY", "An audit runs: one at a time.") from None
    return AuditBegun(action_id=action_id)


def _run(one: Recorded, *, may_run: bool) -> AuditRun:
    ended = "running" if may_run else "lost"
    return AuditRun(
        action_id=one.intent.action_id,
        at=one.mark.at,
        operator=one.intent.operator,
        since=one.intent.reference,
        state="finished" if one.mark.finished else ended,
        outcome=one.mark.outcome,
    )
