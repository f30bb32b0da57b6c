"""A photo that the engine trips over, many times, from one tenant: its own looks fail at once, and
nobody else notices.
"""

import json
import struct
import time

from devstack.stack import Stack
from tests.e2e.client import Client, small, until
from tests.integration.test_command_line import looks

LOOKS = 30
EXIF = ((0x0112, 3, 1, struct.pack("<HH", 6, 0)), (0x011A, 10, 1, struct.pack("<I", 38)))
"""An orientation that turns, and a signed rational that Pillow can't write back: -1/0."""


def odd() -> bytes:
    """A good JPEG with such EXIF."""
    entries = b"".join(
        struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in EXIF
    )
    block = (
        b"Exif\0\0II*\0"
        + struct.pack("<IH", 8, len(EXIF))
        + entries
        + bytes(4)
        + struct.pack("<ii", -1, 0)
    )
    photo = small("tee")
    return photo[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + photo[2:]


def another_tenant(stack: Stack) -> Client:
    """With the credits of one look."""
    tenant = f"calm{time.time_ns()}"
    assert looks(stack, "tenants", "create", tenant, "--prefix", "users/calm").returncode == 0
    assert (
        looks(
            stack, "credits", "grant", "--tenant", tenant, "--amount", "10", "--reference", "calm"
        ).returncode
        == 0
    )
    return Client(stack, looks(stack, "keys", "create", "--tenant", tenant).stdout.strip())


def test_one_tenants_odd_photos_fail_at_once_by_name_or_are_made_and_another_tenants_look_is_made(
    stack: Stack, client: Client
) -> None:
    other = another_tenant(stack)
    key, good = (
        client.put("users/abc/tests/odd.jpg", odd()),
        other.put("users/calm/tee.jpg", small("tee")),
    )
    balance = client.balance()
    requests = [client.accepted((key, "t-shirt")) for _ in range(LOOKS)]
    theirs = other.accepted((good, "t-shirt"))
    assert other.finish([theirs], 60)[theirs]["status"] == "SUCCESS"
    other.close()
    jobs = client.finish(requests, 60)
    made = sum(job["status"] == "SUCCESS" for job in jobs.values())
    assert made in {0, LOOKS}, "the same bytes come to the same end"
    for request_id, job in jobs.items():
        if job["status"] == "FAILURE":
            assert job["error"]["item_index"] == 0
            if job["error"]["code"] != "cannot_be_dressed":  # it is read, and lies on its side
                assert job["error"]["code"] == "photo_not_processed"
                assert "quote fault" in job["error"]["message"]
            events = client.http.get(f"/v1/jobs/{request_id}/events").json()["items"]
            assert "retrying" not in {event["stage"] for event in events}
    until(lambda: client.balance() == balance - 10 * made, 20)
    assert "breaker open" not in stack.log("compositor")


def test_a_key_that_no_store_takes_is_refused_before_it_is_charged(client: Client) -> None:
    balance = client.balance()
    answer = client.post(("users/abc/" + "衣" * 400, "t-shirt"))
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert detail["loc"] == ["body", "items", 0, "trial_image"]
    assert "1024 bytes" in json.dumps(detail)
    assert client.balance() == balance
