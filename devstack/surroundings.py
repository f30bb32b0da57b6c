"""What a stack takes of the shell that starts it: where things are, and settings that are meant for
it. Whatever else a developer has set up stays outside: AWS profiles, libpq's and Kafka's variables,
proxies, preloaded libraries, Python's and Java's options, languages.
"""

import os
import sys
from collections.abc import Mapping
from typing import Final

PLACES: Final = frozenset(
    {
        "DYLD_LIBRARY_PATH",
        "HOME",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "PATH",
        "SHELL",
        "SYSTEMROOT",
        "TERM",
        "TMPDIR",
        "TZ",
        "USER",
        "XDG_CACHE_HOME",
        "XDG_RUNTIME_DIR",
    }
)
SETTINGS: Final = ("LOOKS_", "OTEL_")
DOWNLOADS: Final = frozenset(
    {"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"}
    | {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}
)
"""What downloading needs on networks with a proxy; the parts themselves talk to each other only."""
LOOPBACK: Final = "127.0.0.1,localhost,::1"
UMASK: Final = 0o022
"""Postgres may run as another user, who must get to what it runs and reads."""
OWN: Final = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "LC_ALL": "C.UTF-8" if sys.platform == "linux" else "C",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
}
"""Files in the user's home speak up too; these say that there are none."""


def of_parts(outside: Mapping[str, str]) -> dict[str, str]:
    """The environment of what a stack runs, but for what each part is given of its own."""
    kept = {
        name: value
        for name, value in outside.items()
        if name in PLACES or name.startswith(SETTINGS)
    }
    return kept | OWN


def of_supervisor(outside: Mapping[str, str]) -> dict[str, str]:
    """The environment of what makes a stack: it downloads, and asks nobody for its own machine."""
    downloads = {name: value for name, value in outside.items() if name.upper() in DOWNLOADS}
    exempt = {
        name: ",".join(filter(None, (outside.get(name), LOOPBACK)))
        for name in ("NO_PROXY", "no_proxy")
    }
    return of_parts(outside) | downloads | exempt


def settle() -> None:
    """Let this process itself have no more than that."""
    wanted = of_supervisor(os.environ)
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)
    os.umask(UMASK)
