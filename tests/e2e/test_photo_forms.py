"""One call to a picture: the photo by URL or in the body, and what comes of a URL that has none."""

from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from tests.e2e.client import Client, small, until


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """A shop's own server: /tee.jpg, /moved.jpg to it, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages = {"/tee.jpg": (200, small("tee")), "/moved.jpg": (302, b"")}
            status, body = pages.get(self.path, (404, b"no such page"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "/tee.jpg")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_photo_by_url_one_in_the_body_and_one_that_is_not_there(
    client: Client, shop: str
) -> None:
    inside = f"data:image/jpeg;base64,{b64encode(small('tee')).decode()}"
    sent = [f"{shop}/tee.jpg", f"{shop}/moved.jpg", inside]
    fine = [client.accepted((one, "top"), reference="forms") for one in sent]
    guessed = client.accepted((sent[0], "auto"))
    absent = client.accepted((f"{shop}/tee.jpg", "top"), (f"{shop}/absent.jpg", "jeans"))
    jobs = client.finish([*fine, guessed, absent])
    assert [jobs[one]["status"] for one in fine] == ["SUCCESS"] * 3
    shown = [jobs[one]["items"][0]["trial_image"] for one in fine]
    assert shown[:2] == sent[:2]
    assert shown[2].startswith("users/abc/uploads/sha256-")
    pictures = {one["artifacts"][0]["meta"]["sha256"] for one in (jobs[id_] for id_ in fine)}
    assert len(pictures) == 1, "the same photo, whichever way it came"
    (garment,) = jobs[guessed]["garments"]
    assert (garment["trial_item_category"], garment["guessed_category"]) == ("auto", "top")
    failed = jobs[absent]
    assert (failed["status"], failed["refunded"]) == ("FAILURE", True)
    assert (failed["error"]["code"], failed["error"]["item_index"]) == ("image_fetch_failed", 1)
    assert "404" in failed["error"]["message"]


def test_one_call_waits_for_its_picture(client: Client, shop: str) -> None:
    body = {
        "items": [{"trial_image": f"{shop}/tee.jpg", "trial_item_category": "top"}],
        "runtime_config": {"width": 256},
    }
    headers = {"Idempotency-Key": f"one-call-{shop}"}
    answers: list[httpx.Response] = []

    def finished() -> bool:
        answers.append(client.http.post("/v1/look?wait=20", json=body, headers=headers))
        assert answers[-1].status_code in (200, 202), answers[-1].text
        return answers[-1].status_code == 200

    until(finished, 120)
    job = answers[-1].json()
    assert job["status"] == "SUCCESS"
    picture = httpx.get(job["artifacts"][0]["image_url"])
    assert len(picture.content) == job["artifacts"][0]["meta"]["bytes"]
    assert len({one.json()["request_id"] for one in answers}) == 1


def test_a_batch_is_accepted_look_by_look_and_once_by_its_key(client: Client, shop: str) -> None:
    tee = {"trial_image": f"{shop}/tee.jpg", "trial_item_category": "top"}
    theirs = {"trial_image": "users/other/tee.jpg", "trial_item_category": "top"}
    options = {"runtime_config": {"width": 256, "format": "jpeg"}}
    looks = [
        {"items": [one], "reference": f"{shop}-{number}", **options}
        for number, one in enumerate((tee, theirs, tee))
    ]
    headers = {"Idempotency-Key": f"batch-{shop}"}
    answers = [
        client.http.post("/v1/looks/batch", json={"looks": looks}, headers=headers)
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [200, 200], answers[0].text
    assert answers[0].content == answers[1].content
    told = answers[0].json()
    assert (told["accepted"], told["refused"], told["credits_cost"]) == (2, 1, 20)
    ids = [one["accepted"]["request_id"] for one in told["items"] if "accepted" in one]
    jobs = client.finish(ids)
    assert [jobs[one]["status"] for one in ids] == ["SUCCESS"] * 2
    assert [jobs[one]["reference"] for one in ids] == [f"{shop}-0", f"{shop}-2"]
    assert [jobs[one]["billing"]["charged"] for one in ids] == [10, 10]
