"""What a look must be before it is charged, beyond what its models say."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import orjson

from api.errors import ApiError, invalid
from api.fields import check_fields
from api.ports import Ports
from compositing import InvalidOption, parse_options
from compositing.options import OPTIONS
from domain.engines import OPTION, asked_for
from domain.object_keys import may_name, problem
from domain.photo_sources import PhotoSource, source_of, url_problem
from runtime.settings import PhotoSettings
from schemas.categories import AUTO, canonical
from schemas.engines import EngineName
from schemas.errors import ErrorCode
from schemas.http import MAX_METADATA_BYTES, LookRequest
from storage.accounts import Credential

MAX_CONFIG_BYTES = 16 * 1024
MAX_NAME_CHARS = 40
"""So much of an unknown option is said."""


def check(
    body: LookRequest, given: Mapping[str, Any], credential: Credential, ports: Ports
) -> tuple[str, ...]:
    """All that must hold before a charge and that the models can't say, but what data URLs hold;
    returns warnings. `given`: the body as it was sent. Raises ApiError 422, or 503 for an engine of
    the tenant's that this deployment does not have.
    """
    ignored = check_fields(given, credential)
    if body.metadata is not None and len(orjson.dumps(body.metadata)) > MAX_METADATA_BYTES:
        raise invalid(
            ("body", "metadata"), f"larger than {MAX_METADATA_BYTES} bytes of JSON", "too_long"
        )
    for index, item in enumerate(body.items):
        place = ("body", "items", index)
        wrong = _photo_problem(item.trial_image, credential, ports.sources)
        if wrong is not None:
            raise invalid((*place, "trial_image"), wrong)
        if item.trial_item_category != AUTO and canonical(item.trial_item_category) is None:
            raise invalid(
                (*place, "trial_item_category"),
                "unknown garment category; see GET /v1/garment-categories",
                "enum",
            )
    warnings = _check_options(body, credential) if body.runtime_config is not None else ()
    asked = asked_for(body.runtime_config, credential.engine)
    if (asked or ports.engine.default) == EngineName.REMOTE:
        _check_categories_said(body)
    if asked == EngineName.REMOTE and ports.engine.url is None:
        if OPTION in (body.runtime_config or {}):
            raise invalid(
                ("body", "runtime_config", OPTION), "there is no remote engine here", "enum"
            )
        raise ApiError(
            ErrorCode.UNAVAILABLE,
            "The engine of this tenant is not there.",
            headers={"Retry-After": "60"},
        )
    return ignored + warnings


def _photo_problem(photo: str, who: Credential, sources: PhotoSettings) -> str | None:
    """Why a `trial_image` is refused; None where it is not. What a data URL holds is not looked
    at.
    """
    match source_of(photo):
        case PhotoSource.DATA:
            return None
        case PhotoSource.URL:
            if not sources.from_urls:
                return "photos are not fetched here: send the `upload_key` of POST /v1/uploads"
            wrong = url_problem(photo, insecure=sources.allow_insecure_urls)
            return None if wrong is None else f"the URL {wrong}"
    fault = problem(photo)
    if fault is not None:
        return f"the object key {fault}"
    if not may_name(photo, who.key_prefixes):
        return "the object key is not below a prefix of this tenant"
    return None


def _check_categories_said(body: LookRequest) -> None:
    """Raises ApiError 422 for `auto`, which our own engine alone takes."""
    for index, item in enumerate(body.items):
        if item.trial_item_category == AUTO:
            place = ("body", "items", index, "trial_item_category")
            raise invalid(place, f"the remote engine takes no `{AUTO}`: say the category", "enum")


def _check_options(body: LookRequest, who: Credential) -> tuple[str, ...]:
    if len(orjson.dumps(dict(body.runtime_config or {}))) > MAX_CONFIG_BYTES:
        raise invalid(
            ("body", "runtime_config"), f"larger than {MAX_CONFIG_BYTES} bytes", "too_long"
        )
    try:
        warnings = parse_options(body.runtime_config, body.user_category)[1]
    except InvalidOption as error:
        raise invalid(("body", "runtime_config", error.name), str(error)) from None
    if warnings and who.strict_options:
        name = next(one for one in body.runtime_config or {} if one not in OPTIONS)
        near = get_close_matches(name[:MAX_NAME_CHARS], OPTIONS, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        place = ("body", "runtime_config", name[:MAX_NAME_CHARS])
        raise invalid(place, f"there is no such option{meant}", "extra_forbidden")
    return warnings
