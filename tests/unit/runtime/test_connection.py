"""One set of settings, three client libraries: they all are told the same."""

import ssl
from typing import Any

import pytest
from faststream.kafka.security import parse_security

from runtime.connection import for_aiokafka, for_confluent, for_faststream, tls
from runtime.kafka import client_options
from runtime.settings import KafkaSettings


def settings(protocol: str, mechanism: str = "SCRAM-SHA-512") -> KafkaSettings:
    known = {
        "security_protocol": protocol,
        "sasl_mechanism": mechanism,
        "username": "u",
        "password": "p",
    }
    return KafkaSettings.model_validate(known)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_user_and_password_reach_every_library(protocol: str, mechanism: str) -> None:
    made = settings(protocol, mechanism)
    plain = for_aiokafka(made)
    declared = parse_security(for_faststream(made))
    confluent = for_confluent(made)
    names = ("security_protocol", "sasl_mechanism", "sasl_plain_username", "sasl_plain_password")
    told: list[Any] = [protocol, mechanism, "u", "p"]
    assert [plain[name] for name in names] == told
    assert [declared[name] for name in names] == told
    assert [
        confluent[name]
        for name in ("security.protocol", "sasl.mechanism", "sasl.username", "sasl.password")
    ] == told


@pytest.mark.parametrize(("protocol", "encrypted"), [("PLAINTEXT", False), ("SSL", True)])
def test_without_sasl_no_password_is_given_away(protocol: str, encrypted: bool) -> None:
    made = settings(protocol)
    assert "sasl_plain_password" not in for_aiokafka(made)
    assert "sasl.password" not in for_confluent(made)
    assert parse_security(for_faststream(made)).get("security_protocol", "PLAINTEXT") == protocol
    assert (tls(made) is not None) is encrypted


def test_the_brokers_certificate_and_name_are_checked() -> None:
    context = tls(settings("SASL_SSL"))
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_every_client_of_ours_takes_the_same_options() -> None:
    made = settings("SASL_PLAINTEXT")
    assert for_aiokafka(made).items() <= client_options(made).items()
