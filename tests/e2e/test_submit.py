"""`looks submit` against a running stack, as a person types it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from devstack.stack import Stack
from tests.e2e.client import Client, small

CHECKOUT = Path(__file__).resolve().parents[2]


def submit(stack: Stack, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import app; app()", "submit", *words],
        env={**os.environ, **stack.env, "PYTHONPATH": str(CHECKOUT), **env},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture
def tee(tmp_path: Path) -> Path:
    path = tmp_path / "tee.jpg"
    path.write_bytes(small("tee"))
    return path


def test_photos_become_a_picture_with_its_events_and_its_receipt(
    stack: Stack, client: Client, tee: Path, tmp_path: Path
) -> None:
    jeans, output = tmp_path / "jeans.jpg", tmp_path / "look.png"
    jeans.write_bytes(small("jeans"))
    balance = client.balance()
    done = submit(
        stack, f"{tee}:t-shirt", f"{jeans}:jeans", "--mannequin", "FEMALE", "--output", str(output)
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{output}\n"
    with Image.open(output) as picture:
        assert (picture.format, picture.size) == ("PNG", (768, 1152))
    for word in ("queued", "composing", "succeeded", "10 credits charged", f"{balance - 10} left"):
        assert word in done.stderr
    job = client.http.get("/v1/jobs?limit=1").json()["items"][0]
    assert job["request_id"] in done.stderr


def test_a_look_that_fails_names_the_photo_and_gives_the_credits_back(
    stack: Stack, client: Client, tmp_path: Path
) -> None:
    blank, output = tmp_path / "blank.png", tmp_path / "look.png"
    Image.new("RGB", (200, 200), (240, 240, 240)).save(blank)
    balance = client.balance()
    done = submit(stack, f"{blank}:top", "--output", str(output))
    assert done.returncode == 1
    assert "no_garment_found" in done.stderr
    assert str(blank) in done.stderr
    assert "10 credits were refunded" in done.stderr
    assert not output.exists()
    assert client.balance() == balance


def test_what_is_wrong_is_said_in_words_with_its_exit_code(
    stack: Stack, tee: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("no picture")
    cases = [
        ((f"{tee}",), {}, 2, "is not PHOTO:CATEGORY"),
        ((f"{tmp_path}/missing.jpg:top",), {}, 2, "missing.jpg: No such file"),
        ((f"{text}:top",), {}, 1, "415 UNSUPPORTED_MEDIA_TYPE"),
        ((f"{tee}:spacesuit",), {}, 1, "422 VALIDATION_ERROR"),
        ((f"{tee}:top",), {"LOOKS_API_KEY": "sk_live_wrong"}, 1, "401 UNAUTHENTICATED"),
        ((f"{tee}:top", "--output", "look.tiff"), {}, 2, "must end in"),
    ]
    for words, env, code, said in cases:
        done = CliRunner().invoke(app, ["submit", *words], env={**stack.env, **env})
        assert (done.exit_code, "Traceback" in done.stderr) == (code, False), done.stderr
        assert said in done.stderr
