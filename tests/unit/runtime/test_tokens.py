"""Tokens for Kafka: from where they come, how long they are kept, and what is said when there is
none.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from runtime.kafka_settings import TokenSource
from runtime.tokens import (
    MSK_TOKEN_S,
    UNTOLD_S,
    Answering,
    Token,
    TokenRefused,
    Tokens,
    from_aws,
    from_client_credentials,
    from_command,
    from_file,
    tokens_of,
)


def jwt(**claims: object) -> str:
    """Signed by nobody."""
    parts = ({"alg": "none"}, claims)
    return (
        ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in parts
        )
        + "."
    )


def source(**given: object) -> TokenSource:
    nothing = {
        "file": None,
        "command": "",
        "url": None,
        "client_id": "",
        "client_secret": SecretStr(""),
        "scope": "",
        "msk_region": "",
        "ca_file": None,
    }
    return TokenSource(**{**nothing, **given})  # type: ignore[arg-type]  # one of several kinds


class Issuer(BaseHTTPRequestHandler):
    """Gives a token for one client."""

    asked: list[dict[str, list[str]]]
    answer: tuple[int, bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append({**parse_qs(body), "auth": [self.headers["Authorization"]]})
        status, said = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def issuer(status: int, said: object) -> Iterator[tuple[str, type[Issuer]]]:
    """A token endpoint that answers so; its URL, and what it was asked."""
    handler = type("Told", (Issuer,), {"asked": [], "answer": (status, json.dumps(said).encode())})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token", handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_token_is_kept_for_most_of_its_life_and_then_fetched_again() -> None:
    now_s, fetched = [1000.0], []

    def fetch() -> Token:
        fetched.append(now_s[0])
        return Token(f"token-{len(fetched)}", now_s[0] + 100)

    tokens = Tokens(fetch, lambda: now_s[0])
    assert [tokens.current().text for _ in range(3)] == ["token-1"] * 3
    now_s[0] += 79
    assert tokens.for_confluent("") == ("token-1", 1100.0)
    now_s[0] += 1
    assert tokens.current().text == "token-2"
    assert fetched == [1000.0, 1080.0]


def test_a_token_that_has_ended_is_shown_to_nobody() -> None:
    now_s = [1000.0]
    lives_s = iter([10.0, 0.0, 10.0])
    tokens = Tokens(lambda: Token("of-a-file", now_s[0] + next(lives_s)), lambda: now_s[0])
    assert tokens.current().ends_s == 1010
    now_s[0] = 1010
    with pytest.raises(TokenRefused, match="ended already"):
        tokens.current()
    assert tokens.current().ends_s == 1020


async def test_a_broker_that_refuses_a_token_is_answered_until_it_says_so() -> None:
    authenticator = Answering(
        sasl_oauth_token_provider=Tokens(lambda: Token("wrong", time.time() + 10))
    )
    first = await authenticator.step(None)
    assert first == (b"n,,\x01auth=Bearer wrong\x01\x01", True)
    assert await authenticator.step(b'{"status":"invalid_token"}') == (b"\x01", True)
    assert await authenticator.step(b"") is None


async def test_who_asks_at_once_shares_one_token() -> None:
    fetched = []

    def fetch() -> Token:
        fetched.append(1)
        return Token("shared", time.time() + 100)

    tokens = Tokens(fetch)
    assert [await tokens.token(), await tokens.token()] == ["shared", "shared"]
    assert len(fetched) == 1


def test_a_file_is_read_and_its_jwt_says_when_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{jwt(sub='looks', exp=4_000_000_000)}\n")
    assert from_file(file) == Token(jwt(sub="looks", exp=4_000_000_000), 4_000_000_000)
    file.write_text("opaque")
    before_s = time.time()
    assert 0 <= from_file(file).ends_s - UNTOLD_S - before_s < UNTOLD_S


@pytest.mark.parametrize("text", ["", "two words", "ключ"])
def test_a_file_without_a_token_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(TokenRefused, match="LOOKS_KAFKA_TOKEN_FILE") as refused:
        from_file(file)
    assert not text or text not in str(refused.value)
    with pytest.raises(TokenRefused, match="LOOKS_KAFKA_TOKEN_FILE"):
        from_file(tmp_path / "absent")


def test_a_command_prints_a_token_or_says_why_not() -> None:
    assert from_command("echo 'one-token'").text == "one-token"
    with pytest.raises(TokenRefused, match="exit 3: no such role"):
        from_command("bash -c 'echo a-secret; echo no such role >&2; exit 3'")
    with pytest.raises(TokenRefused, match="LOOKS_KAFKA_TOKEN_COMMAND"):
        from_command("/no/such/program")
    with pytest.raises(TokenRefused, match="holds no token"):
        from_command("true")


def test_client_credentials_are_exchanged_for_a_token() -> None:
    with issuer(200, {"access_token": "fresh", "expires_in": 300}) as (url, told):
        before_s = time.time()
        got = from_client_credentials(
            source(url=url, client_id="looks", client_secret=SecretStr("pa ss"), scope="kafka")
        )
    assert (got.text, round(got.ends_s - before_s, -2)) == ("fresh", 300)
    (asked,) = told.asked
    assert (asked["grant_type"], asked["scope"]) == (["client_credentials"], ["kafka"])
    assert base64.b64decode(asked["auth"][0].removeprefix("Basic ")) == b"looks:pa ss"


@pytest.mark.parametrize(
    ("status", "said"), [(401, {"error": "invalid_client"}), (200, ["a list"]), (503, "away")]
)
def test_an_issuer_that_gives_none_is_told_by_its_status(status: int, said: object) -> None:
    with issuer(status, said) as (url, _):
        asked = source(url=url, client_id="looks", client_secret=SecretStr("hidden-word"))
        with pytest.raises(TokenRefused, match=str(status)) as refused:
            from_client_credentials(asked)
    assert "hidden-word" not in str(refused.value)
    with pytest.raises(TokenRefused, match="ConnectError"):
        from_client_credentials(asked)


def test_a_token_for_msk_is_a_request_signed_for_its_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-word")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-role")
    token = from_aws("eu-west-1")
    signed = urlsplit(base64.urlsafe_b64decode(token.text + "=" * (-len(token.text) % 4)).decode())
    asked = {name: value for name, (value,) in parse_qs(signed.query).items()}
    assert (signed.scheme, signed.netloc) == ("https", "kafka.eu-west-1.amazonaws.com")
    assert asked["Action"] == "kafka-cluster:Connect"
    assert asked["X-Amz-Credential"].startswith("AKIDEXAMPLE/")
    assert asked["X-Amz-Credential"].endswith("/eu-west-1/kafka-cluster/aws4_request")
    assert (asked["X-Amz-Expires"], asked["X-Amz-Security-Token"]) == (
        str(MSK_TOKEN_S),
        "of-a-role",
    )
    assert len(asked["X-Amz-Signature"]) == 64
    assert "hidden-word" not in signed.geturl()
    assert signed.query.endswith("&User-Agent=looks")


def test_without_aws_credentials_there_is_no_token_for_msk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(TokenRefused, match="no AWS credentials"):
        from_aws("eu-west-1")


def test_clients_of_one_process_share_their_tokens_and_nothing_shows_them(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hidden-word")
    kept = tokens_of(source(file=file))
    assert kept is tokens_of(source(file=file))
    assert kept is not tokens_of(source(command="echo hidden-word"))
    assert "hidden-word" not in f"{kept.current()!r}"
