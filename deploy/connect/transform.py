"""`python -m deploy.connect.transform`: the jar of LakeRow, build/connect/looks-lake-row.jar."""

import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from devstack.folder import CHECKOUT, StackFolder, cache_folder
from devstack.java import compile_java, jars

SOURCE: Final = Path(__file__).with_name("LakeRow.java")
KAFKA: Final = "4.1.0"
API: Final = f"org.apache.kafka:connect-json:{KAFKA}+org.apache.kafka:connect-transforms:{KAFKA}"
SERVICE: Final = "META-INF/services/org.apache.kafka.connect.transforms.Transformation"
BORN: Final = (1980, 1, 1, 0, 0, 0)
"""Of every file in the jar: the same source makes the same jar."""


def built(folder: Path) -> Path:
    """The jar, in this folder. Raises CalledProcessError with what the compiler says."""
    folder.mkdir(parents=True, exist_ok=True)
    cache = cache_folder(StackFolder(folder))
    jar = folder / "looks-lake-row.jar"
    with tempfile.TemporaryDirectory() as classes:
        compile_java(SOURCE, Path(classes), jars("connect-api", API, cache), cache)
        compiled = sorted(Path(classes).rglob("*.class"))
        with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr(zipfile.ZipInfo(SERVICE, BORN), "looks.connect.LakeRow\n")
            for one in compiled:
                name = one.relative_to(classes).as_posix()
                made.writestr(zipfile.ZipInfo(name, BORN), one.read_bytes())
    return jar


if __name__ == "__main__":
    sys.stdout.write(f"{built(CHECKOUT / 'build' / 'connect')}\n")
