"""`looks_client.webhooks.verify` takes what we send, and nothing that was tampered with."""

import pytest

from looks_client import WebhookVerificationError
from looks_client.models import LookOutcome
from looks_client.webhooks import event_id, verify
from tests.contract.test_webhook_receiver import FORGERIES, OTHER, SECRET, a_call


def test_a_call_of_ours_is_read_in_its_models() -> None:
    body, headers = a_call()
    event = verify(body, headers, SECRET)
    assert isinstance(event.data, LookOutcome)
    assert event.data.error is not None
    assert (event.type, event.data.error.code) == ("look.failed", "no_garment_found")
    assert event_id({name.upper(): text for name, text in headers.items()}) == headers["webhook-id"]


def test_during_a_rotation_either_secret_will_do() -> None:
    for secrets in ((SECRET, OTHER), (OTHER, SECRET)):
        body, headers = a_call(None, *secrets)
        assert verify(body, headers, SECRET).type == "look.failed"
    assert verify(*a_call(None, OTHER), [SECRET, OTHER]).type == "look.failed"


@pytest.mark.parametrize("name", FORGERIES)
def test_what_we_did_not_send_is_refused(name: str) -> None:
    body, headers = FORGERIES[name]()
    with pytest.raises(WebhookVerificationError):
        verify(body, headers, SECRET)


def test_times_are_held_to_the_tolerance() -> None:
    body, headers = a_call()
    sent_s = int(headers["webhook-timestamp"])
    assert verify(body, headers, SECRET, now_s=sent_s + 300).type == "look.failed"
    for now_s in (sent_s + 301, sent_s - 301):
        with pytest.raises(WebhookVerificationError, match="webhook-timestamp"):
            verify(body, headers, SECRET, now_s=now_s)
    assert verify(body, headers, SECRET, tolerance_s=900, now_s=sent_s + 600).type == "look.failed"


def test_a_header_that_is_missing_is_named_and_a_bad_secret_is_not_shown() -> None:
    body, headers = a_call()
    for name in headers:
        if name.startswith("webhook-"):
            left = {other: text for other, text in headers.items() if other != name}
            with pytest.raises(WebhookVerificationError, match=name):
                verify(body, left, SECRET)
    with pytest.raises(ValueError, match="secret is not") as refused:
        verify(body, headers, "whsec_=not base64=")
    assert "not base64=" not in str(refused.value)
