"""One set of settings, three client libraries: they all are told the same."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from faststream.kafka.security import parse_security

from devstack.certificates import Authority
from runtime.connection import for_aiokafka, for_confluent, for_faststream, tls, token_provider
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


def test_tokens_reach_every_library_and_no_password() -> None:
    made = KafkaSettings.model_validate(
        {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "OAUTHBEARER",
            "token_command": "echo a-token",
        }
    )
    aiokafka, confluent = for_aiokafka(made), for_confluent(made)
    declared = parse_security(for_faststream(made))
    assert [
        aiokafka["sasl_mechanism"],
        declared["sasl_mechanism"],
        confluent["sasl.mechanism"],
    ] == ["OAUTHBEARER"] * 3
    assert aiokafka["sasl_oauth_token_provider"] is token_provider(made)
    assert confluent["oauth_cb"]("")[0] == "a-token"
    assert "sasl_plain_password" not in aiokafka
    assert "sasl.password" not in confluent


def test_a_certificate_of_ours_is_shown_by_every_library(tmp_path: Path) -> None:
    identity = Authority(tmp_path).issue("looks-compositor")
    given = {"security_protocol": "SSL", "ca_file": str(tmp_path / "ca.pem")}
    apart = KafkaSettings.model_validate(
        {**given, "certificate_file": str(identity.certificate), "key_file": str(identity.key)}
    )
    together = KafkaSettings.model_validate({**given, "certificate_file": str(identity.both)})
    assert for_confluent(apart)["ssl.key.location"] == str(identity.key)
    assert for_confluent(together)["ssl.key.location"] == str(identity.both)
    for one in (apart, together):
        assert tls(one) is not None
    with pytest.raises(ssl.SSLError):
        tls(apart.model_copy(update={"key_file": tmp_path / "ca.key"}))


def test_every_client_of_ours_takes_the_same_options() -> None:
    made = settings("SASL_PLAINTEXT")
    assert for_aiokafka(made).items() <= client_options(made).items()
