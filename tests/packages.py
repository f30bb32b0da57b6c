"""Our clients built as packages, and environments that hold a package and what it asks for."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.folder import CHECKOUT

CLIENTS = CHECKOUT / "clients"
UV = Path(sys.executable).with_name("uv")
INSTALL_WITHIN_S = 240
NO_INDEX = re.compile(r"error sending|Name or service not known")
NO_REGISTRY = ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ENOTCACHED")


def plain_environment() -> dict[str, str]:
    """Ours, without what leads Python or us to this checkout."""
    ours = ("PYTHON", "LOOKS_", "VIRTUAL_ENV")
    return {name: text for name, text in os.environ.items() if not name.startswith(ours)}


def built_wheel(folder: Path) -> Path:
    """The Python client as a wheel, of a copy: building leaves nothing in the checkout."""
    source = folder / "source"
    shutil.copytree(CLIENTS / "python", source, ignore=shutil.ignore_patterns("__pycache__"))
    words = ("build", "--quiet", "--wheel", "--no-build-isolation", "--offline")
    argv: list[str | Path] = [
        UV,
        *words,
        "--python",
        sys.executable,
        "--out-dir",
        folder / "dist",
        source,
    ]
    subprocess.run(argv, check=True, timeout=120)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def installed(folder: Path, *requirements: str) -> Path:
    """The interpreter of a new environment with these and nothing else. Skips the test where no
    index answers.
    """
    env = plain_environment()
    made: list[str | Path] = [UV, "venv", "--quiet", "--python", sys.executable, folder]
    subprocess.run(made, check=True, timeout=60, env=env)
    python = folder / "bin" / "python"
    argv: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", python, *requirements]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=INSTALL_WITHIN_S, check=False, env=env
    )
    if done.returncode and NO_INDEX.search(done.stderr):
        pytest.skip(f"no package index answers here: {requirements}")
    assert done.returncode == 0, done.stderr
    return python


def needed(tool: str) -> str:
    """Where a tool of Node is; the test is skipped where it is not."""
    found = shutil.which(tool)
    if found is None:
        why = f"{tool} is not installed on this machine: make node"
        if os.environ.get("LOOKS_TEST_NODE") == "required":
            pytest.fail(why)
        pytest.skip(why)
    return found


def npm(folder: Path, *words: str) -> str:
    """What npm says. Skips the test where npm is not there or no registry answers."""
    done = subprocess.run(
        [needed("npm"), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_WITHIN_S,
        check=False,
        env=plain_environment(),
    )
    if done.returncode and any(word in done.stderr for word in NO_REGISTRY):
        pytest.skip("no npm registry answers here")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compiler() -> Path:
    """What compiles the TypeScript client, in the checkout."""
    there = CLIENTS / "typescript" / "node_modules"
    if not (there / "typescript").is_dir():
        npm(there.parent, "ci", "--prefer-offline")
    return there


def packed(folder: Path) -> Path:
    """The TypeScript client as `npm pack` leaves it, of a copy."""
    source = folder / "source"
    ignored = shutil.ignore_patterns("node_modules", "dist", "*.tgz")
    shutil.copytree(CLIENTS / "typescript", source, ignore=ignored)
    (source / "node_modules").symlink_to(compiler())
    npm(source, "pack", "--pack-destination", str(folder))
    (tarball,) = folder.glob("*.tgz")
    return tarball
