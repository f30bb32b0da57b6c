"""`python -m deploy.site [FOLDER]`: the site, at build/docs/site unless said otherwise. Any warning
fails it.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.site import contents, llms, pages
from deploy.site.reference import generated

CHECKOUT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = CHECKOUT / "build" / "docs"


def main(folder: Path = FOLDER) -> int:
    """What MkDocs ends with; 1 where a link leads nowhere."""
    try:
        gathered = pages.gather(CHECKOUT)
    except pages.BrokenLink as error:
        sys.stderr.write(f"{error}\n")
        return 1
    texts = gathered.texts | generated()
    told = contents.told()
    nav = contents.complete(told["nav"], texts)
    source, site, config = folder / "pages", folder / "site", folder / "mkdocs.yml"
    pages.write(source, texts, gathered.files)
    config.write_text(contents.configuration(site, source, nav))
    made = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--quiet", "-f", config],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=False,
    )
    if made.returncode == 0:
        llms.write(site, texts, told, nav)
    return made.returncode


if __name__ == "__main__":
    sys.exit(main(*(Path(word).resolve() for word in sys.argv[1:])))
