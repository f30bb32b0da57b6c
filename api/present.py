"""Rows as the HTTP surface shows them. Raw object keys never leave: pictures become short-lived
links.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from schemas.events import PlacedGarment, StoredImage
from schemas.failures import JobFailure
from schemas.http import JobStatus, UserCategory
from schemas.reads import Me, Render
from schemas.responses import (
    Artifact,
    ArtifactMeta,
    Billing,
    Event,
    EventType,
    Job,
    JobSummary,
    RenderedGarment,
)
from storage.accounts import Credential
from storage.jobs import EventRow, JobRow
from storage.presigned import Presigner


class _Pictures(BaseModel):
    """What of a `look.completed` is shown."""

    image: StoredImage
    items: tuple[PlacedGarment, ...] = ()
    completed_at: datetime


def artifacts(job: JobRow, links: Presigner) -> list[Artifact]:
    """The final picture of a job that has one, and the cut-outs that were kept."""
    if job.result is None:
        return []
    made = _Pictures.model_validate(job.result)
    cutouts = [
        _artifact(item.cutout, "intermediate", links, index)
        for index, item in enumerate(made.items)
        if item.cutout is not None
    ]
    return [_artifact(made.image, "final", links), *cutouts]


def _artifact(
    image: StoredImage,
    role: Literal["intermediate", "final"],
    links: Presigner,
    index: int | None = None,
) -> Artifact:
    meta = ArtifactMeta(
        width=image.width,
        height=image.height,
        sha256=image.sha256,
        content_type=image.content_type,
        bytes=image.bytes,
    )
    return Artifact(
        image_url=links.get(image.bucket, image.key),
        role=role,
        label="look" if index is None else f"items[{index}] cut out",
        item_index=index,
        meta=meta,
    )


def event(row: EventRow, job: JobRow, links: Presigner) -> Event:
    """One event; the last one of a success carries the picture."""
    extra: Mapping[str, Any] = row.extra
    return Event(
        event_id=row.event_id,
        seq=row.seq,
        event_type=EventType(row.event_type),
        stage=row.stage,
        message=row.message,
        artifacts=artifacts(job, links) if row.event_type == EventType.SUCCEEDED else [],
        extra=extra,
        created_at=row.created_at,
    )


def summary(job: JobRow, links: Presigner) -> JobSummary:
    """A job as a list shows it."""
    return JobSummary(**_fields(job, links, pictures=False))


def full(job: JobRow, links: Presigner) -> Job:
    """A job with its pictures."""
    garments = _garments(_Pictures.model_validate(job.result)) if job.result is not None else []
    return Job(
        **_fields(job, links, pictures=True), artifacts=artifacts(job, links), garments=garments
    )


def render(job: JobRow, links: Presigner) -> Render:
    """The pictures of a job that has them."""
    made = _Pictures.model_validate(job.result)
    picture, *cutouts = artifacts(job, links)
    return Render(
        request_id=job.request_id,
        user_category=UserCategory(job.user_category) if job.user_category else None,
        picture=picture,
        cutouts=cutouts,
        garments=_garments(made),
        created_at=job.created_at,
        completed_at=made.completed_at,
    )


def me(who: Credential) -> Me:
    """A credential as its bearer may see it."""
    return Me(
        tenant_id=who.tenant_id,
        environment=who.environment,
        key_id=who.key_id,
        key_name=who.key_name,
        capabilities=sorted(who.capabilities),
        object_key_prefixes=list(who.key_prefixes),
        strict_fields=who.strict_fields,
        strict_options=who.strict_options,
        session_id=who.session_id,
    )


def _garments(made: _Pictures) -> list[RenderedGarment]:
    return [
        RenderedGarment(
            trial_item_category=item.trial_item_category,
            layer=item.layer,
            box=item.box,
            warnings=item.warnings,
            quality=item.quality,
            quality_reasons=item.quality_reasons,
            placed=item.placed,
            guessed_category=item.guessed_category,
            guess_confidence=item.guess_confidence,
        )
        for item in made.items
    ]


def _fields(job: JobRow, links: Presigner, *, pictures: bool) -> dict[str, Any]:
    latest = job.latest_event
    shown = event(latest, job, links) if latest else None
    if shown is not None and not pictures:
        shown = shown.model_copy(update={"artifacts": []})
    error = None
    if job.error is not None:
        code, message, item_index = job.error
        error = JobFailure.model_validate(
            {"code": code, "message": message, "item_index": item_index}
        )
    return {
        "request_id": job.request_id,
        "job_id": job.request_id,
        "job_type": job.job_type,
        "status": JobStatus(job.status),
        "credits_cost": job.credits_cost,
        "refunded": job.refunded,
        "billing": Billing(
            charged=job.receipt.charged,
            charged_at=job.receipt.charged_at,
            refunded=job.receipt.refunded,
            refunded_at=job.receipt.refunded_at,
            goodwill=job.receipt.goodwill,
        ),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "deadline_at": job.deadline_at,
        "error": error,
        "latest_event": shown,
        "user_category": UserCategory(job.user_category) if job.user_category else None,
        "items": job.asked.items,
        "runtime_config": job.asked.runtime_config,
        "reference": job.asked.reference,
        "metadata": job.asked.metadata,
    }
