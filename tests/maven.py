"""Jars from Maven, resolved once in pure Python, as Kafka's are."""

import json
from pathlib import Path

from jgo import MAVEN_CENTRAL_URL, EnvironmentBuilder, MavenContext

from devstack.folder import StackFolder, cache_folder


def jars(name: str, coordinates: str, folder: Path) -> list[str]:
    """The class path of these, one set: GROUP:ARTIFACT:VERSION, joined by `+`. `folder`: where they
    are kept if the user's cache can't be.
    """
    cache = cache_folder(StackFolder(folder))
    listing = cache / f"{name}.json"
    if listing.exists():
        known: dict[str, list[str]] = json.loads(listing.read_text())
        paths = known.get(coordinates, [])
        if paths and all(Path(path).exists() for path in paths):
            return paths
    context = MavenContext(
        repo_cache=cache / "m2", remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=60
    )
    builder = EnvironmentBuilder(context, cache_dir=cache / "jgo")
    paths = [str(path) for path in builder.from_endpoint(coordinates).all_jars]
    listing.write_text(json.dumps({coordinates: paths}))
    return paths
