"""The other side of the protocol: a look as an engine answers it. For engines that are written in
Python, and for tests.
"""

import secrets
from collections.abc import Iterable

from consumers.compositor.dresser import DressedLook, Order
from schemas.engines import (
    MANIFEST_PART,
    PICTURE_PART,
    AnsweredItem,
    AnsweredPicture,
    ComposeManifest,
)


def manifest_of(order: Order, look: DressedLook) -> ComposeManifest:
    """What is said of a look. Raises ValidationError for what the protocol has no room for."""
    picture = look.picture
    return ComposeManifest(
        request_id=order.request_id,
        engine_version=look.engine_version,
        picture=AnsweredPicture.model_validate(
            {
                "content_type": picture.content_type,
                "width_px": picture.width_px,
                "height_px": picture.height_px,
                "bytes": len(picture.data),
                "sha256": picture.sha256,
            }
        ),
        items=tuple(AnsweredItem.model_validate(item, from_attributes=True) for item in look.items),
        seed=look.seed,
        stage_ms=look.stage_ms,
        warnings=look.warnings,
    )


def answer_of(order: Order, look: DressedLook) -> tuple[str, bytes]:
    """Content type and body of the answer 200."""
    manifest = manifest_of(order, look).model_dump_json().encode()
    return multipart(
        (
            (MANIFEST_PART, "application/json", manifest),
            (PICTURE_PART, look.picture.content_type, look.picture.data),
        )
    )


def multipart(parts: Iterable[tuple[str, str, bytes]]) -> tuple[str, bytes]:
    """Content type and body of multipart/form-data with these parts: name, content type, bytes."""
    boundary = secrets.token_hex(16)
    pieces = []
    for name, kind, data in parts:
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
            f'filename="{name}"\r\nContent-Type: {kind}'
        )
        pieces += [head.encode(), b"\r\n\r\n", data, b"\r\n"]
    return f"multipart/form-data; boundary={boundary}", b"".join(
        (*pieces, f"--{boundary}--\r\n".encode())
    )
