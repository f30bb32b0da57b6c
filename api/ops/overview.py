"""`/ops/v1/overview`: what an operator looks at first."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request

from api.ops.gates import OpsRoute, needs
from api.ops.ports import OpsPorts
from api.ops.refusals import SEEING
from domain.concerns import SystemSeen, concerns
from domain.operators import OperatorRole
from domain.redriving import Fault, fault_of
from operations.letters.choice import Choice, Window
from operations.letters.dead import Letters
from operations.letters.finding import newest
from operations.letters.quarantine import Quarantined
from runtime.groups import Lag, lags
from schemas.operations import Concern, GroupLag, Overview, ProcessStanding

router = APIRouter(route_class=OpsRoute, tags=["overview"])

COUNTED = 1000
COUNTED_SINCE = timedelta(days=1)


@router.get(
    "/ops/v1/overview",
    response_model=Overview,
    responses=SEEING,
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def get_overview(request: Request) -> Overview:
    """Processes, who is how far behind, and what should be seen to. Where Kafka does not answer,
    the rest is told all the same.
    """
    ports: OpsPorts = request.app.state.ports
    facts, (processes, _), groups, letters, kept, found = await asyncio.gather(
        ports.views.facts(),
        ports.watch.look(),
        _lags(ports),
        _open_letters(ports),
        _open_records(ports),
        ports.views.audits(1),
    )
    seen = SystemSeen(
        silent=[one.process for one in processes if one.ready is None],
        unready=[one.process for one in processes if one.ready is False],
        behind_s=None if groups is None else {one.group: one.seconds or 0.0 for one in groups},
        dead_letters=None if letters is None else sum(one is Fault.OURS for one in letters),
        quarantined=kept,
        overdue=facts.overdue,
        outbox_oldest_s=facts.outbox_oldest_s,
        webhooks_disabled=facts.webhooks_disabled,
        erasures_open=facts.erasures_open,
        violations=found[0][1].violations if found else None,
        audited_s=(facts.now - found[0][0]).total_seconds() if found else None,
    )
    told = {name: float(value) for name, value in asdict(facts).items() if name != "now"}
    return Overview(
        at=facts.now,
        concerns=[Concern(level=one.level, what=one.what, view=one.view) for one in concerns(seen)],
        processes=[ProcessStanding(**asdict(one)) for one in processes],
        groups=groups,
        facts=told
        | {
            "dead_letters": float(len(letters or ())),
            "dead_letters_ours": float(seen.dead_letters or 0),
            "quarantined": float(kept or 0),
        },
    )


async def _lags(ports: OpsPorts) -> list[GroupLag] | None:
    try:
        found = await lags(ports.desk.kafka)
    except (KafkaError, TimeoutError):
        return None
    by: dict[tuple[str, str], list[Lag]] = {}
    for one in found:
        by.setdefault((one.group, one.topic), []).append(one)
    return [
        GroupLag(
            group=group,
            topic=topic,
            records=sum(one.records or 0 for one in of)
            if any(one.records is not None for one in of)
            else None,
            seconds=max((one.seconds for one in of if one.seconds is not None), default=None),
            members=len({one.member for one in of if one.member}),
        )
        for (group, topic), of in by.items()
    ]


async def _open_letters(ports: OpsPorts) -> list[Fault] | None:
    """Whose fault each of the last day was, up to COUNTED; None: Kafka does not answer."""
    try:
        found = await newest(ports.desk, Letters(), _lately(), COUNTED, unsettled=True)
        return [fault_of(one.one.letter.code) for one in found]
    except (KafkaError, TimeoutError):
        return None


async def _open_records(ports: OpsPorts) -> int | None:
    try:
        return len(await newest(ports.desk, Quarantined(), _lately(), COUNTED, unsettled=True))
    except (KafkaError, TimeoutError):
        return None


def _lately() -> Choice:
    return Choice(window=Window(datetime.now(UTC) - COUNTED_SINCE))
