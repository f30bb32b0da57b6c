"""What the consumers' FastStream applications declare is what the contract says."""

from collections.abc import Callable

import pytest

from consumers import compositor, credit_ledger, dead_letter, status_projection, webhooks
from runtime.application import Application
from schemas.access import PROCESSES
from schemas.asyncapi import document

APPS: list[Callable[[], Application]] = [
    module.app for module in (compositor, credit_ledger, dead_letter, status_projection, webhooks)
]


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.__module__)
def test_its_channels_are_the_documents_and_it_may_read_them(
    app: Callable[[], Application],
) -> None:
    application = app()
    (subscriber,) = application.kafka_broker.subscribers
    assert subscriber is application.subscriber
    addresses = {topic.name for topic in application.subscriber.topics}
    assert addresses == {topic.name for topic in application.declared.topics}
    assert addresses <= {channel["address"] for channel in document()["channels"].values()}
    (access,) = [one for one in PROCESSES if one.name == application.declared.name]
    assert addresses <= {topic.name for topic in access.reads}
