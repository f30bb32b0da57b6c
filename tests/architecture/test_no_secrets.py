"""No secret is committed: no API key that would be taken for one, no private key, no credentials of
a cloud, no password beside a user in an address.
"""

import re
import subprocess
from pathlib import Path

import pytest

from domain.api_keys import environment_of, make_key

MADE_UP = {"tests/unit/runtime/test_settings.py": ["a password in an address"]}
"""What a test makes up, and how it is found."""
ROOT = Path(__file__).resolve().parents[2]
LARGEST_BYTES = 2 * 1024 * 1024
OURS = re.compile(rb"sk_(?:live|test)_[0-9A-Za-z]{49}")
PATTERNS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}"),
    "an AWS key": re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(rb"\bgh[pousr]_[0-9A-Za-z]{36}\b"),
    "a token of Slack": re.compile(rb"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    "a signed token": re.compile(
        rb"\beyJ[0-9A-Za-z_-]{20,}\.eyJ[0-9A-Za-z_-]{20,}\.[0-9A-Za-z_-]{20,}"
    ),
    "a password in an address": re.compile(
        rb"\b(?:postgres(?:ql)?|https?|kafka|s3)://[\w.-]+:(?!\$|\{|<|%|\.\.\.)[^\s@/'\"`{}<]{12,}@"
    ),
}


def secrets_in(text: bytes) -> list[str]:
    """What of a text is a secret, in words."""
    found = [what for what, pattern in PATTERNS.items() if pattern.search(text)]
    keys = [key for key in OURS.findall(text) if environment_of(key.decode())]
    return [*found, *(["an API key"] if keys else [])]


def committed() -> list[Path]:
    """Every file that git has."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    if listed.returncode:
        pytest.skip("no git here: nothing is known to be committed")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_file_of_the_project_holds_a_secret() -> None:
    files = [one for one in committed() if one.is_file() and one.stat().st_size < LARGEST_BYTES]
    assert len(files) > 100
    found = {str(one.relative_to(ROOT)): secrets_in(one.read_bytes()) for one in files}
    assert {name: what for name, what in found.items() if what} == MADE_UP


@pytest.mark.parametrize(
    "text",
    [
        make_key("live", lambda letters: letters[5]),
        "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEAabcdefgh",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "ghp_" + "a" * 36,
        "xoxb-" + "1" * 24,
        "eyJ" + "a" * 24 + ".eyJ" + "b" * 24 + "." + "c" * 24,
        "postgresql://looks:" + "correct-horse-battery" + "@db.example.com/looks",
    ],
)
def test_a_secret_is_known_for_one(text: str) -> None:
    assert len(secrets_in(f"x = {text}\n".encode())) == 1


@pytest.mark.parametrize("text", ["sk_live_...", "postgresql://looks:$PASSWORD@db/looks", "AKIA"])
def test_what_stands_for_a_secret_is_none(text: str) -> None:
    assert secrets_in(text.encode()) == []
