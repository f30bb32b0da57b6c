"""Photos by URL: fetched before a worker is asked, kept once, told in the words of the request."""

import asyncio
import hashlib
from collections.abc import Iterator

import pytest

from consumers.compositor.handler import Compositor, Engines
from consumers.compositor.photos import PhotoFetcher, with_keys
from consumers.compositor.results import NotRendered, Rendered
from domain.composing import OUR_FAULTS
from domain.history import PartitionHistory
from domain.outcomes import Done, Later, Reject
from runtime.egress import Egress, FetchFailed, Resolver
from runtime.fairness.slots import Slots
from runtime.settings import ObjectStoreSettings, PhotoSettings
from schemas.events import LookCompleted, LookRequested, PlacedGarment, StoredImage
from schemas.failures import FailureCode
from schemas.http import TrialItemInput
from storage.object_store import ObjectStore
from tests.making import NOW, a_request, attempt
from tests.unit.compositing.pictures import save, tee
from tests.unit.consumers.fake_s3 import FakeS3, running_s3

URL = "https://photos.example/tee.jpg"


class Web(Egress):
    """Answers by URL, and counts."""

    def __init__(self, pages: dict[str, bytes | FetchFailed]) -> None:
        super().__init__(Resolver(1))
        self.pages = pages
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0

    async def get(self, url: str, max_bytes: int, *, time_limit_s: float) -> bytes:
        self.asked.append(url)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        found = self.pages[url]
        if isinstance(found, FetchFailed):
            raise found
        return found


@pytest.fixture(scope="module")
def photo() -> bytes:
    return save(tee(), "JPEG")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FakeS3, ObjectStore]]:
    with pytest.MonkeyPatch.context() as patch, running_s3() as store:
        patch.setenv("AWS_ACCESS_KEY_ID", "a")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        patch.delenv("AWS_PROFILE", raising=False)
        yield store, ObjectStore(ObjectStoreSettings(endpoint_url=store.url))


@pytest.fixture
def s3(served: tuple[FakeS3, ObjectStore]) -> tuple[FakeS3, ObjectStore]:
    served[0].objects.clear()
    served[0].refusals.clear()
    return served


def asking(*images: str) -> LookRequested:
    items = tuple(TrialItemInput(trial_image=one, trial_item_category="top") for one in images)
    return a_request().model_copy(update={"items": items})


async def test_a_photo_is_kept_by_its_digest_below_its_tenant(
    s3: tuple[FakeS3, ObjectStore], photo: bytes
) -> None:
    web = Web({URL: photo})
    request = asking("users/abc/a.jpg", URL, URL)
    photos = await PhotoFetcher(web, s3[1], PhotoSettings()).fetched(request)
    assert not isinstance(photos, NotRendered)
    digest = hashlib.sha256(photo).hexdigest()
    assert set(photos) == {1, 2}
    assert (photos[1].key, photos[1].sha256) == (f"fetched/demo/{digest}.jpg", digest)
    assert s3[0].objects == {photos[1].key: photo}
    assert web.asked == [URL]
    keys = [item.trial_image for item in with_keys(request, photos).items]
    assert keys == ["users/abc/a.jpg", photos[1].key, photos[1].key]


async def test_without_urls_nothing_is_asked_of_anybody(s3: tuple[FakeS3, ObjectStore]) -> None:
    web = Web({})
    assert await PhotoFetcher(web, s3[1], PhotoSettings()).fetched(asking("users/abc/a.jpg")) == {}
    assert (web.asked, s3[0].objects) == ([], {})


@pytest.mark.parametrize(
    ("page", "code", "can_heal"),
    [
        (FetchFailed("it answered 404"), FailureCode.IMAGE_FETCH_FAILED, False),
        (FetchFailed("it answered 503", can_heal=True), FailureCode.IMAGE_FETCH_FAILED, True),
        (FetchFailed("too much", too_large=True), FailureCode.IMAGE_TOO_LARGE, False),
        (b"<html>not found</html>", FailureCode.IMAGE_UNREADABLE, False),
        (b"", FailureCode.IMAGE_UNREADABLE, False),
    ],
)
async def test_what_can_not_be_fetched_is_the_photos_fault_and_names_its_item(
    s3: tuple[FakeS3, ObjectStore], page: bytes | FetchFailed, code: FailureCode, can_heal: bool
) -> None:
    fetcher = PhotoFetcher(Web({URL: page}), s3[1], PhotoSettings())
    failed = await fetcher.fetched(asking("users/abc/a.jpg", URL))
    assert isinstance(failed, NotRendered)
    assert (failed.reason.code, failed.reason.item_index, failed.can_heal) == (code, 1, can_heal)
    assert failed.reason.code not in OUR_FAULTS
    assert s3[0].objects == {}


async def test_a_store_that_is_away_is_our_fault(
    s3: tuple[FakeS3, ObjectStore], photo: bytes
) -> None:
    s3[0].refusals["PUT", ""] = (503, "SlowDown")
    failed = await PhotoFetcher(Web({URL: photo}), s3[1], PhotoSettings()).fetched(asking(URL))
    assert isinstance(failed, NotRendered)
    assert (failed.reason.code, failed.can_heal) == (FailureCode.INTERNAL, True)


async def test_where_urls_are_switched_off_nothing_is_fetched(
    s3: tuple[FakeS3, ObjectStore],
) -> None:
    web = Web({})
    fetcher = PhotoFetcher(web, s3[1], PhotoSettings(from_urls=False))
    failed = await fetcher.fetched(asking(URL))
    assert isinstance(failed, NotRendered)
    assert (failed.reason.code, web.asked) == (FailureCode.IMAGE_FETCH_FAILED, [])


async def test_a_tenant_has_a_few_of_the_places(
    s3: tuple[FakeS3, ObjectStore], photo: bytes
) -> None:
    urls = [f"{URL}?{number}" for number in range(6)]
    web = Web(dict.fromkeys(urls, photo))
    settings = PhotoSettings(fetches=4, fetches_per_tenant=2)
    await PhotoFetcher(web, s3[1], settings).fetched(asking(*urls))
    assert (web.most_at_once, len(web.asked)) == (2, 6)


class Worker:
    """Places each garment of what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[LookRequested] = []

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        self.asked.append(request)
        image = StoredImage(
            bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1,
            sha256="0" * 64,
        )  # fmt: skip
        items = tuple(
            PlacedGarment(**item.model_dump(), layer="1", box=(0, 0, 1, 1))
            for item in request.items
        )
        return Rendered(image, items, "1", ())


def compositor(worker: Worker, fetcher: PhotoFetcher) -> Compositor:
    engines = Engines(photos=fetcher)
    return Compositor(worker, Slots(1), lambda: NOW, history_window_s=60, engines=engines)


async def test_the_worker_gets_keys_and_the_event_has_the_urls(
    s3: tuple[FakeS3, ObjectStore], photo: bytes
) -> None:
    worker = Worker()
    one = compositor(worker, PhotoFetcher(Web({URL: photo}), s3[1], PhotoSettings()))
    request = asking("users/abc/a.jpg", URL)
    outcome = await one.handle(attempt(request), PartitionHistory(), lambda _: None)
    assert isinstance(outcome, Done)
    event = outcome.emits[0].event
    assert isinstance(event, LookCompleted)
    assert [item.trial_image for item in event.items] == ["users/abc/a.jpg", URL]
    assert [item.photo is None for item in event.items] == [True, False]
    (asked,) = worker.asked
    assert [item.trial_image.split("/")[0] for item in asked.items] == ["users", "fetched"]


@pytest.mark.parametrize(("can_heal", "outcome"), [(False, Reject), (True, Later)])
async def test_a_failed_fetch_asks_no_worker(
    s3: tuple[FakeS3, ObjectStore], can_heal: bool, outcome: type
) -> None:
    worker = Worker()
    page = FetchFailed("it answered 500", can_heal=can_heal)
    one = compositor(worker, PhotoFetcher(Web({URL: page}), s3[1], PhotoSettings()))
    came = await one.handle(attempt(asking(URL)), PartitionHistory(), lambda _: None)
    assert isinstance(came, outcome)
    assert worker.asked == []
