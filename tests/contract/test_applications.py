"""What the consumers' FastStream applications declare is what the contract says."""

from collections.abc import Callable

import pytest
from faststream.specification import AsyncAPI

from cli.asyncapi import APPLICATIONS, document, received
from consumers import credit_ledger
from runtime.application import Application
from schemas.access import PROCESSES


@pytest.mark.parametrize("app", APPLICATIONS, ids=lambda app: app().declared.name)
def test_its_channels_are_the_documents_and_it_may_read_them(
    app: Callable[[], Application],
) -> None:
    application = app()
    (subscriber,) = application.kafka_broker.subscribers
    assert subscriber is application.subscriber
    addresses = {topic.name for topic in application.subscriber.topics}
    assert addresses == {topic.name for topic in application.declared.topics}
    whole = document()
    receiving = [
        operation
        for operation in whole["operations"].values()
        if operation["action"] == "receive"
        and operation["bindings"]["kafka"]["groupId"]["const"] == application.subscriber.group_id
    ]
    assert addresses == {
        whole["channels"][operation["channel"]["$ref"].removeprefix("#/channels/")]["address"]
        for operation in receiving
    }
    assert {operation["summary"] for operation in receiving} == {application.declared.about}
    (access,) = [one for one in PROCESSES if one.name == application.declared.name]
    assert addresses <= {topic.name for topic in access.reads}


def test_every_process_that_is_in_a_group_is_an_application() -> None:
    assert {app().declared.name for app in APPLICATIONS} == {
        one.name for one in PROCESSES if one.in_group
    }


def test_a_subscription_to_a_topic_that_is_not_declared_is_refused() -> None:
    channels = document()["channels"]
    del channels["credit.refund"]
    with pytest.raises(ValueError, match=r"credit_ledger reads credit\.refund"):
        received(credit_ledger.app(), channels)


def test_faststream_can_not_describe_a_handler_that_it_does_not_validate() -> None:
    """Why the generator is asked of the subscription alone (`Application.specification`)."""
    with pytest.raises(AssertionError):
        AsyncAPI(credit_ledger.app().kafka_broker, schema_version="3.0.0").to_specification()
