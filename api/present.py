"""Rows as the HTTP surface shows them. Raw object keys never leave: pictures become short-lived
links.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from schemas.events import LayerImage, PlacedGarment, StoredImage
from schemas.failures import JobFailure
from schemas.http import JobStatus, UserCategory
from schemas.reads import Me, Render, RenderLayer
from schemas.responses import (
    Artifact,
    ArtifactMeta,
    AskedItem,
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

STATUS = {
    EventType.QUEUED: JobStatus.NOT_STARTED,
    EventType.STAGE: JobStatus.IN_PROGRESS,
    EventType.SUCCEEDED: JobStatus.SUCCESS,
    EventType.FAILED: JobStatus.FAILURE,
}


class _Pictures(BaseModel):
    """What of a `look.completed` is shown."""

    image: StoredImage
    items: tuple[PlacedGarment, ...] = ()
    bare_image: StoredImage | None = None
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
    return Artifact(
        image_url=links.get(image.bucket, image.key),
        role=role,
        label="look" if index is None else f"items[{index}] cut out",
        item_index=index,
        meta=_meta(image),
    )


def _meta(image: StoredImage) -> ArtifactMeta:
    return ArtifactMeta(
        width=image.width,
        height=image.height,
        sha256=image.sha256,
        content_type=image.content_type,
        bytes=image.bytes,
    )


def _layers(made: _Pictures, links: Presigner) -> list[RenderLayer]:
    """From the skin outwards, as the engine paints: by layer, then in the order of the request."""
    if made.bare_image is None:
        return []
    bare = LayerImage(**made.bare_image.model_dump(), x=0, y=0)
    parts: list[tuple[int | None, Literal["with_others", "alone"], LayerImage]]
    parts = [(None, "alone", bare)]
    for index, item in sorted(enumerate(made.items), key=lambda one: (int(one[1].layer), one[0])):
        if item.layer_image is not None:
            parts.append((index, "with_others", item.layer_image))
        if item.layer_image_alone is not None:
            parts.append((index, "alone", item.layer_image_alone))
    return [
        RenderLayer(
            item_index=index,
            worn=worn,
            box=(image.x, image.y, image.x + image.width, image.y + image.height),
            image_url=links.get(image.bucket, image.key),
            meta=_meta(image),
        )
        for index, worn, image in parts
    ]


def event(row: EventRow, job: JobRow, links: Presigner) -> Event:
    """One event; the last one of a success carries the picture."""
    extra: Mapping[str, Any] = row.extra
    return Event(
        event_id=row.event_id,
        seq=row.seq,
        status=STATUS[EventType(row.event_type)],
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
    garments = _garments(job) if job.result is not None else []
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
        garments=_garments(job),
        layers=_layers(made, links),
        items=tuple(AskedItem.model_validate(one) for one in job.asked.items),
        runtime_config=job.asked.runtime_config,
        reference=job.asked.reference,
        metadata=job.asked.metadata,
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


def _garments(job: JobRow) -> list[RenderedGarment]:
    """`trial_image` is what was asked for: that of the event may be a key of ours."""
    asked = [one["trial_image"] for one in job.asked.items]
    made = _Pictures.model_validate(job.result).items
    return [
        RenderedGarment(
            trial_image=asked[index] if index < len(asked) else "",
            layer_order=int(item.layer) if item.layer.isdecimal() else None,
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
        for index, item in enumerate(made)
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
            credits_charged=job.receipt.charged,
            credits_refunded=job.receipt.refunded,
            credits_goodwill=job.receipt.goodwill,
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
