"""Two hundred looks at once, some bad; then every promise is checked."""

from concurrent.futures import ThreadPoolExecutor

from devstack.stack import Stack
from tests.e2e.auditing import audit
from tests.e2e.client import Client, category

LOOKS = 200
BAD_EVERY = 8


def test_two_hundred_looks_at_once_keep_every_promise(stack: Stack, client: Client) -> None:
    keys = client.wardrobe(["tee", "jeans", "skirt", "shoes"])
    text = client.put("users/abc/tests/not-a-picture.jpg", b"this is a text file, named .jpg")
    balance = client.balance()

    def post(number: int) -> str:
        if number % BAD_EVERY == 0:
            bad = text if number % (2 * BAD_EVERY) else f"users/abc/tests/missing-{number}.jpg"
            return client.accepted((keys["jeans"], "jeans"), (bad, "top"))
        outfit = ("tee", "jeans") if number % 2 else ("tee", "skirt", "shoes")
        return client.accepted(
            *((keys[name], category(name)) for name in outfit),
            mannequin="MALE" if number % 3 else "FEMALE",
        )

    with ThreadPoolExecutor(16) as pool:
        requests = list(pool.map(post, range(LOOKS)))
    assert len(set(requests)) == LOOKS
    jobs = client.finish(requests)

    bad = [jobs[request_id] for request_id in requests[::BAD_EVERY]]
    assert {job["error"]["code"] for job in bad} == {"object_not_found", "image_unreadable"}
    assert {job["error"]["item_index"] for job in bad} == {1}
    good = [job for job in jobs.values() if job["status"] == "SUCCESS"]
    assert len(good) == LOOKS - len(bad)
    assert client.balance() == balance - 10 * len(good)
    code, output = audit(stack, "--settle-s", "5")
    assert code == 0, output
