"""What a look comes to when the store, the engine or the photo fails: whose fault it is, and
whether it is tried again.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from compositing import GarmentInput
from compositing.guess import BAR
from compositing.options import WORKING_SIDE_PX
from consumers.compositor.classical import ClassicalDresser
from consumers.compositor.cutouts import CutoutCache, KeptGarment
from consumers.compositor.render import _Worker, render
from consumers.compositor.results import NotRendered, Rendered
from domain.blame import Symptom
from domain.composing import OUR_FAULTS, SUSPECT_FAULTS
from runtime.settings import ObjectStoreSettings
from schemas.events import LookRequested
from schemas.failures import FailureCode
from schemas.http import TrialItemInput
from storage.object_store import ObjectStore
from tests.making import a_request
from tests.unit.compositing.pictures import save, tee
from tests.unit.consumers.fake_s3 import FakeS3, running_s3

PHOTO = "users/abc/tee.jpg"


class CutOnce(CutoutCache):
    """Cuts each photo out once for all tests: these are about the store."""

    def __init__(self) -> None:
        super().__init__(None)
        self._kept: dict[tuple[bytes, str, int], KeptGarment] = {}

    def get(
        self, tenant_id: str, garment: GarmentInput, side_px: int = WORKING_SIDE_PX
    ) -> KeptGarment:
        key = garment.data, garment.category, side_px
        if key not in self._kept:
            self._kept[key] = super().get(tenant_id, garment, side_px)
        return self._kept[key]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FakeS3, ObjectStore, ClassicalDresser]]:
    """A store and what a worker has of it: a client takes longer to make than a test to run."""
    with pytest.MonkeyPatch.context() as patch, running_s3() as store:
        patch.setenv("AWS_ACCESS_KEY_ID", "a")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        patch.delenv("AWS_PROFILE", raising=False)
        client = ObjectStore(ObjectStoreSettings(endpoint_url=store.url))
        yield store, client, ClassicalDresser(CutOnce())


@pytest.fixture
def s3(
    served: tuple[FakeS3, ObjectStore, ClassicalDresser], monkeypatch: pytest.MonkeyPatch
) -> FakeS3:
    """A store with one good photo and nothing refused, and this process as a worker of it."""
    store, client, dresser = served
    store.objects.clear()
    store.refusals.clear()
    store.objects[PHOTO] = save(tee(), "JPEG")
    monkeypatch.setattr(_Worker, "store", client, raising=False)
    monkeypatch.setattr(_Worker, "dresser", dresser, raising=False)
    return store


@pytest.fixture
def new_client(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that has not asked yet whether it lost its rights."""
    client = ObjectStore(ObjectStoreSettings(endpoint_url=s3.url))
    monkeypatch.setattr(_Worker, "store", client)


def a_look() -> LookRequested:
    return a_request().model_copy(update={"runtime_config": {"width": 256}})


def failed() -> NotRendered:
    result = render(a_look())
    assert isinstance(result, NotRendered)
    return result


def test_a_good_photo_is_made_and_stored(s3: FakeS3) -> None:
    assert isinstance(render(a_look()), Rendered)
    assert any(key.startswith("results/demo/") for key in s3.objects)


def test_a_category_that_was_left_to_us_is_told_with_its_confidence(s3: FakeS3) -> None:
    items = (TrialItemInput(trial_image=PHOTO, trial_item_category="auto"),)
    made = render(a_look().model_copy(update={"items": items}))
    assert isinstance(made, Rendered)
    (placed,) = made.items
    assert (placed.trial_item_category, placed.guessed_category) == ("auto", "top")
    assert placed.guess_confidence is not None
    assert placed.guess_confidence >= BAR
    told = render(a_look())
    assert isinstance(told, Rendered)
    assert (told.items[0].guessed_category, told.items[0].guess_confidence) == (None, None)
    assert told.image.sha256 == made.image.sha256


def test_what_can_not_be_guessed_names_its_item(s3: FakeS3) -> None:
    picture = np.full((300, 300, 3), 240, np.uint8)
    cv2.circle(picture, (150, 150), 90, (40, 60, 160), -1)
    s3.objects["users/abc/disc.png"] = save(picture, "PNG")
    items = tuple(
        TrialItemInput(trial_image=key, trial_item_category=category)
        for key, category in ((PHOTO, "top"), ("users/abc/disc.png", "auto"))
    )
    told = render(a_look().model_copy(update={"items": items}))
    assert isinstance(told, NotRendered)
    assert (told.reason.code, told.reason.item_index, told.can_heal) == (
        FailureCode.CATEGORY_UNCLEAR,
        1,
        False,
    )


@pytest.mark.parametrize(
    ("method", "where", "status", "code"),
    [
        *(("PUT", "results/", status, code) for status, code in [
            (403, "SignatureDoesNotMatch"), (404, "NoSuchBucket"), (403, "QuotaExceeded"),
            (400, "InvalidArgument"), (409, "OperationAborted"), (503, "SlowDown"),
            (500, "InternalError"),
            (507, "StorageFull"),
        ]),
        *(("GET", "users/", status, code) for status, code in [
            (404, "NoSuchBucket"), (403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"),
            (403, "RequestTimeTooSkewed"),
            (400, "ExpiredToken"), (400, "InvalidToken"), (403, "AccountProblem"),
            (400, "AuthorizationHeaderMalformed"),
            (301, "PermanentRedirect"), (503, "SlowDown"), (429, "TooManyRequests"),
            (400, "RequestTimeout"), (500, ""),
        ]),
    ],
)  # fmt: skip
def test_what_the_store_says_of_us_is_ours_is_tried_again_and_tells_nobody_to_upload(
    s3: FakeS3, method: str, where: str, status: int, code: str
) -> None:
    s3.refusals[method, where] = (status, code)
    is_ours_and_tells_nobody_to_upload()


@pytest.mark.parametrize(("method", "where"), [("PUT", "results/"), ("GET", "")])
@pytest.mark.usefixtures("new_client")
def test_so_is_the_loss_of_our_rights(s3: FakeS3, method: str, where: str) -> None:
    s3.refusals[method, where] = (403, "AccessDenied")
    is_ours_and_tells_nobody_to_upload()


def is_ours_and_tells_nobody_to_upload() -> None:
    result = failed()
    assert result.reason.code in OUR_FAULTS
    assert (result.can_heal, result.reason.item_index) == (True, None)
    assert "pload" not in result.reason.message


@pytest.mark.usefixtures("new_client")
def test_rights_lost_for_writing_alone_are_lost_rights_for_reading_too(s3: FakeS3) -> None:
    s3.refusals["GET", "users/"] = s3.refusals["PUT", ""] = (403, "AccessDenied")
    assert failed().reason.code is FailureCode.INTERNAL


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (404, "NoSuchKey", FailureCode.OBJECT_NOT_FOUND),
        (403, "AccessDenied", FailureCode.OBJECT_FORBIDDEN),
        (403, "InvalidObjectState", FailureCode.OBJECT_FORBIDDEN),
        (400, "KeyTooLongError", FailureCode.OBJECT_FORBIDDEN),
        (400, "InvalidArgument", FailureCode.OBJECT_FORBIDDEN),
        (400, "KMS.DisabledException", FailureCode.OBJECT_FORBIDDEN),
    ],
)
@pytest.mark.usefixtures("new_client")
def test_what_the_store_says_of_one_object_names_it_and_is_not_tried_again(
    s3: FakeS3, status: int, code: str, told: FailureCode
) -> None:
    s3.refusals["GET", "users/"] = (status, code)
    result = failed()
    assert (result.reason.code, result.can_heal, result.reason.item_index) == (told, False, 0)
    assert result.reason.code not in OUR_FAULTS
    assert told is FailureCode.OBJECT_NOT_FOUND or (
        code in result.reason.message and told in SUSPECT_FAULTS
    )


def engine_that(error: Exception) -> type[CutoutCache]:
    class Failing(CutoutCache):
        def get(self, *_: object) -> object:  # type: ignore[override]  # it never gives anything
            raise error

    return Failing


def test_what_nobody_expected_of_given_bytes_is_the_photos_with_a_fault_that_can_be_found(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        _Worker, "dresser", ClassicalDresser(engine_that(ZeroDivisionError("at x = 3"))(None))
    )
    result = failed()
    assert (result.reason.code, result.can_heal, result.reason.item_index) == (
        FailureCode.PHOTO_NOT_PROCESSED,
        False,
        0,
    )
    assert result.reason.code not in OUR_FAULTS
    assert "ZeroDivisionError: at x = 3" in result.trace
    assert "quote fault" in result.reason.message


def test_want_of_memory_may_be_another_looks_doing(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Worker, "dresser", ClassicalDresser(engine_that(MemoryError())(None)))
    result = failed()
    assert (result.symptom, result.can_heal) == (Symptom.OUT_OF_MEMORY, True)
