"""Settings: secrets from files, never shown; what is incomplete is refused."""

import re
import socket
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from runtime import settings
from runtime.settings import (
    CLOSE_WITHIN_S,
    Area,
    DatabaseSettings,
    EngineSettings,
    KafkaSettings,
    LookSettings,
    ProcessSettings,
    SecretsSettings,
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "LOOKS_SECRETS_DIR",
        "LOOKS_DATABASE_URL",
        "LOOKS_DATABASE_CA_FILE",
        "LOOKS_KAFKA_PASSWORD",
        "LOOKS_INSTANCE",
    ):
        monkeypatch.delenv(name, raising=False)


def test_a_secret_comes_from_a_file_and_wins_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "LOOKS_DATABASE_URL").write_text("postgresql://from-a-file\n")
    monkeypatch.setenv("LOOKS_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("LOOKS_DATABASE_URL", "postgresql://from-the-environment")
    assert DatabaseSettings().url.get_secret_value() == "postgresql://from-a-file"


def test_a_folder_of_secrets_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKS_SECRETS_DIR", str(tmp_path / "absent"))
    with pytest.raises(ValidationError, match="does not point to a directory"):
        KafkaSettings()


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKS_SECRETS_DIR", "")
    monkeypatch.setenv("LOOKS_KAFKA_CA_FILE", "")
    assert SecretsSettings().dir is None
    assert KafkaSettings().ca_file is None


def test_every_area_reads_files() -> None:
    areas = [
        one
        for one in vars(settings).values()
        if isinstance(one, type) and issubclass(one, BaseSettings)
    ]
    assert {one.__name__ for one in areas if not issubclass(one, Area)} == {"SecretsSettings"}


@pytest.mark.parametrize("known", [{}, {"username": "u"}, {"password": "p"}])
def test_a_user_without_a_password_is_refused_and_the_password_not_shown(
    known: dict[str, str],
) -> None:
    with pytest.raises(
        ValidationError, match="needs LOOKS_KAFKA_USERNAME and LOOKS_KAFKA_PASSWORD"
    ):
        KafkaSettings.model_validate({"security_protocol": "SASL_SSL", **known})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "OAUTHBEARER needs one of LOOKS_KAFKA_TOKEN_FILE"),
        ({"token_file": "/t", "token_command": "c"}, "OAUTHBEARER needs one of"),
        ({"token_url": "https://id.example/token"}, "needs LOOKS_KAFKA_TOKEN_CLIENT_ID"),
        (
            {
                "token_url": "http://id.example/token",
                "token_client_id": "a",
                "token_client_secret": "hidden-word",
            },
            "must begin with https://",
        ),
        ({"token_msk_region": "everywhere"}, "token_msk_region"),
        ({"token_file": "/t", "key_file": "/k"}, "needs LOOKS_KAFKA_CERTIFICATE_FILE"),
        ({"token_file": "/t", "principals": "{"}, "LOOKS_KAFKA_PRINCIPALS is no JSON"),
    ],
)
def test_tokens_and_certificates_that_can_not_be_had_are_refused(
    given: dict[str, str], message: str
) -> None:
    known = {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER", **given}
    with pytest.raises(ValidationError, match=message) as refused:
        KafkaSettings.model_validate(known)
    assert "hidden-word" not in str(refused.value)


def test_a_secret_is_not_in_what_settings_look_like() -> None:
    made = KafkaSettings.model_validate({"username": "u", "password": "hidden-word"})
    assert "hidden-word" not in f"{made!r} {made} {made.model_dump()}"
    with pytest.raises(ValidationError) as refused:
        KafkaSettings.model_validate(
            {"password": "hidden-word", "session_timeout_s": "hidden-word"}
        )
    assert "hidden-word" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "joint"), [("postgresql://h/d", "?"), ("postgresql://h/d?a=b", "&")]
)
def test_an_authority_makes_tls_and_the_servers_name_a_must(url: str, joint: str) -> None:
    made = DatabaseSettings.model_validate({"url": url, "ca_file": "/etc/ca.pem"})
    assert made.dsn == f"{url}{joint}sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"
    assert DatabaseSettings.model_validate({"url": url}).dsn == url


def test_a_password_is_read_anew_and_goes_past_the_pooler(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("one\n")
    made = DatabaseSettings.model_validate(
        {
            "url": "postgresql://looks@pooler/d",
            "direct_url": "postgresql://looks:old@server:5432/d",
            "pooled": True,
            "password_file": str(file),
        }
    )
    assert (made.pool_dsn, made.dsn) == (
        "postgresql://looks@pooler/d",
        "postgresql://looks:one@server:5432/d",
    )
    file.write_text("t/w:o@")
    assert made.password_now() == "t/w:o@"
    assert made.dsn == "postgresql://looks:t%2Fw%3Ao%40@server:5432/d"
    direct = made.direct
    assert (direct.pooled, direct.pool_dsn) == (False, "postgresql://looks:old@server:5432/d")
    file.unlink()
    with pytest.raises(OSError, match="password"):
        made.password_now()


def test_a_pooler_needs_a_way_past_it() -> None:
    with pytest.raises(ValidationError, match="needs LOOKS_DATABASE_DIRECT_URL"):
        DatabaseSettings.model_validate({"url": "postgresql://h/d", "pooled": True})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"default": "remote"}, "needs LOOKS_ENGINE_URL"),
        ({"url": "http://engine.internal"}, "LOOKS_ENGINE_ALLOW_PLAINTEXT"),
        ({"url": "https://engine.internal", "token": "two words"}, "visible ASCII"),
        ({"default": "steam"}, "default"),
    ],
)
def test_an_engine_that_can_not_be_called_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        EngineSettings.model_validate(given)
    assert "two words" not in str(refused.value)


def test_an_engine_must_answer_before_its_looks_time_is_up() -> None:
    engine = EngineSettings(url="https://engine.internal", timeout_s=60)
    with pytest.raises(ValueError, match="LOOKS_ENGINE_TIMEOUT_S"):
        engine.check(LookSettings(time_limit_s=60))
    engine.check(LookSettings(time_limit_s=61))
    EngineSettings(timeout_s=60).check(LookSettings(time_limit_s=60))


def test_an_instance_is_named_after_its_host() -> None:
    assert ProcessSettings().instance == re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())
    assert ProcessSettings(instance="api-2").instance == "api-2"


def test_a_process_stops_within_its_delay_two_drains_and_closing() -> None:
    settings = ProcessSettings(pre_stop_delay_s=5, drain_timeout_s=10)
    assert settings.stops_within_s == 5 + 2 * 10 + CLOSE_WITHIN_S
