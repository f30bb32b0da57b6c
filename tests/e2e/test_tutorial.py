"""Every command of the tutorial, as it stands on the page, against a running stack."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from PIL import Image

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from schemas.topics import LOOK_COMPLETED

PAGE = CHECKOUT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
OF_A_STACK = ("make up", ". .dev/env", "looks audit", "make down")
"""The session's stack is up, and other tests' looks are on it: what begins so is left out."""


def script() -> str:
    lines = [line for block in BLOCK.findall(PAGE.read_text()) for line in block.splitlines()]
    left_out = [line for line in lines if line.startswith(OF_A_STACK)]
    assert len(left_out) == len(OF_A_STACK)
    return "\n".join(line for line in lines if line not in left_out)


def test_the_tutorial_s_commands_do_what_it_says(stack: Stack, tmp_path: Path) -> None:
    for name in (".venv", "api"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    done = subprocess.run(
        [
            shutil.which("bash") or "bash",
            "-euo",
            "pipefail",
            "-c",
            f". '{stack.folder.env}'\n{script()}",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "look.webp") as picture:
        assert picture.size == (768, 1152)
    assert "event: succeeded" in done.stdout
    charged, error, failed, event = done.stdout.strip().splitlines()[-4:]
    assert "'charged': 10" in charged
    assert "'refunded': 0" in charged
    assert "'code': 'object_not_found'" in error
    assert "'charged': 10" in failed
    assert "'refunded': 10" in failed
    assert done.stdout.splitlines()[0] in event
    assert LOOK_COMPLETED.name in event
