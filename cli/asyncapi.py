"""The AsyncAPI document as it is committed and served: what `schemas` knows of the topics, and who
receives what, as the FastStream applications declare it.
"""

from collections.abc import Callable
from typing import Any

from consumers import compositor, credit_ledger, dead_letter, status_projection, webhooks
from consumers.lake_writer.application import application as lake_writer
from runtime.application import Application
from runtime.settings import KafkaSettings, LakeSettings
from schemas import asyncapi

NOWHERE = LakeSettings(catalog_uri="http://lake.invalid", warehouse="none")
"""Nothing is connected to."""
APPLICATIONS: tuple[Callable[[], Application], ...] = (
    compositor.app,
    dead_letter.app,
    credit_ledger.app,
    status_projection.app,
    webhooks.app,
    lambda: lake_writer(lake=NOWHERE),
)


def document() -> dict[str, Any]:
    """The whole document. Raises ValueError for an application that subscribes to a topic that is
    not declared in `schemas`.
    """
    whole = asyncapi.document()
    for made in APPLICATIONS:
        whole["operations"] |= received(made(), whole["channels"])
    return whole


def received(application: Application, channels: dict[str, Any]) -> dict[str, Any]:
    """What an application receives, by FastStream's generator, of the channels that we describe:
    FastStream knows no keys, headers, retention or audience.
    """
    told = application.specification(KafkaSettings(namespace=""))
    found = {}
    for operation in told["operations"].values():
        channel = told["channels"][operation["channel"]["$ref"].removeprefix("#/channels/")]
        name = channel["address"]
        if name not in channels:
            raise ValueError(f"{application.declared.name} reads {name}, which is not declared")
        reference = f"#/channels/{name}"
        found[f"{application.declared.name} receives {name}"] = {
            "action": operation["action"],
            "channel": {"$ref": reference},
            "summary": channel["description"],
            "bindings": {
                "kafka": {
                    "groupId": {"type": "string", "const": application.declared.group},
                    "bindingVersion": asyncapi.KAFKA_BINDING,
                }
            },
            "messages": [
                {"$ref": f"{reference}/messages/{message}"}
                for message in channels[name]["messages"]
            ],
        }
    return found
