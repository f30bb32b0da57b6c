"""A webhook as its owner lives it: made, tested, called for a look with the event's id, its secret
rotated, removed.
"""

from typing import Any

import httpx
from standardwebhooks import Webhook

from tests.e2e.calls import Calls
from tests.e2e.client import Client, until


def good(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def test_an_endpoint_is_told_of_a_look(client: Client, receiver: tuple[str, Calls]) -> None:
    url, calls = receiver
    webhook = good(client.http.post("/v1/webhooks", json={"url": url}), 201)
    path = f"/v1/webhooks/{webhook['id']}"
    try:
        trial = good(client.http.post(f"{path}/test"), 202)
        headers, body = calls.get(timeout=30)
        assert Webhook(webhook["secret"]).verify(body, headers)["type"] == "webhook.test"
        assert headers["webhook-id"] == trial["event_id"]

        named: dict[str, Any] = {
            "reference": f"order-{webhook['id']}",
            "metadata": {"sku": "TS-1042-M"},
        }
        request_id = client.accepted((client.wardrobe(["tee"])["tee"], "top"), **named)
        headers, body = calls.get(timeout=90)
        event = Webhook(webhook["secret"]).verify(body, headers)
        assert (event["type"], event["data"]["request_id"]) == ("look.completed", request_id)
        assert {name: event["data"][name] for name in named} == named
        found = client.http.get("/v1/jobs", params={"reference": named["reference"]}).json()
        assert [one["request_id"] for one in found["items"]] == [request_id]
        assert {name: found["items"][0][name] for name in named} == named
        until(lambda: client.job(request_id)["status"] == "SUCCESS", 30)
        assert client.http.get(event["data"]["job_url"]).json()["request_id"] == request_id
        seqs = [
            one["seq"] for one in client.http.get(f"/v1/jobs/{request_id}/events").json()["items"]
        ]
        assert event["data"]["seq"] == max(seqs)
        until(
            lambda: not good(client.http.get(f"{path}/deliveries?status=pending"), 200)["items"], 30
        )
        (delivery,) = [
            one
            for one in good(client.http.get(f"{path}/deliveries"), 200)["items"]
            if one["request_id"] == request_id
        ]
        assert (delivery["status"], delivery["event_id"], delivery["attempts"]) == (
            "delivered",
            headers["webhook-id"],
            1,
        )

        rotated = good(client.http.post(f"{path}/rotate-secret"), 200)
        good(client.http.post(f"{path}/deliveries/{delivery['id']}/redeliver"), 202)
        again, body = calls.get(timeout=30)
        assert again["webhook-id"] == headers["webhook-id"]
        for secret in (webhook["secret"], rotated["secret"]):
            assert Webhook(secret).verify(body, again)["data"]["request_id"] == request_id
    finally:
        good(client.http.delete(path), 204)
    assert client.http.get(path).status_code == 404
