"""Looks cancelled at every stage of their making: each ends with its outcome, and every stream of
events with it.
"""

from concurrent.futures import ThreadPoolExecutor

from devstack.stack import Stack
from tests.e2e.auditing import audit
from tests.e2e.client import Client, patiently, until

LOOKS = 48
LAST = {"SUCCESS": "succeeded", "FAILURE": "failed"}


def test_a_look_cancelled_at_any_moment_ends_with_its_outcome(stack: Stack, client: Client) -> None:
    keys = client.wardrobe(["tee"])

    def events(request_id: str) -> list[str]:
        answer = patiently(lambda: client.http.get(f"/v1/jobs/{request_id}/events"))
        return [event["event_type"] for event in answer.json()["items"]]

    def cancelled(number: int) -> str:
        """At once, or as soon as a reader sees it queued or at work: the moments around the
        publication of its stages.
        """
        request_id = client.accepted((keys["tee"], "t-shirt"))
        until(
            lambda: (
                len(events(request_id)) >= number % 3 or client.job(request_id)["status"] in LAST
            ),
            120,
        )
        patiently(lambda: client.http.post(f"/v1/jobs/{request_id}/cancel"))
        return request_id

    with ThreadPoolExecutor(8) as pool:
        requests = list(pool.map(cancelled, range(LOOKS)))
    jobs = client.finish(requests)
    assert {request_id: events(request_id)[-1] for request_id in requests} == {
        request_id: LAST[jobs[request_id]["status"]] for request_id in requests
    }
    code, output = audit(stack, "--settle-s", "5")
    assert code == 0, output
