"""SeaweedFS as S3 and as Iceberg catalog, from a wheel: signatures are checked, and what it
acknowledges is on disk.
"""

import json
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

from devstack.folder import StackFolder, is_free
from devstack.part import Part, PartFailed

FSYNC_RULE = {"locations": [{"locationPrefix": "/buckets/", "fsync": True}]}
"""SeaweedFS acknowledges before the disk has it unless a path's rule says otherwise."""

VOLUME_MB = 128
"""A bucket begins with seven volumes, and there are as many as the free disk holds at this size: of
1,024 MB forty GB hold five buckets, and the sixth answers InternalError.
"""
STOP_WITHIN_S = 2.0
"""Its graceful stop waits for its own open streams without end; what it acknowledged is on disk, so
a kill is safe.
"""


def _weed() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise PartFailed("the program `weed` is missing: run `make install`")
    return found


def s3(folder: StackFolder, ports: dict[str, int], access_key: str, secret_key: str) -> Part:
    """Master, volume server, filer, S3 gateway and catalog in one process."""
    data = folder.data / "s3"
    identities = folder.data / "s3-identities.json"

    def prepare() -> None:
        data.mkdir(exist_ok=True)
        identity = {
            "name": "looks",
            "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        identities.write_text(json.dumps({"identities": [identity]}))
        identities.chmod(0o600)

    flags: dict[str, object] = {
        "dir": data,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "filer": "true",
        "s3": "true",
        "s3.config": identities,
        "s3.port.iceberg": ports["lake_catalog"],
        "s3.port.lance": 0,
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": VOLUME_MB,
        "volume.max": 0,
        "volume.preStopSeconds": 0,
    }
    for name in ("s3", "master", "volume", "filer"):
        key = "s3" if name == "s3" else f"s3_{name}"
        flags[f"{name}.port"] = ports[key]
        flags[f"{name}.port.grpc"] = ports[f"{key}_grpc"]
    return Part(
        name="s3",
        argv=(_weed(), "server", *(f"-{name}={value}" for name, value in flags.items())),
        prepare=prepare,
        ready=lambda: _answers(ports),
        stop_within_s=STOP_WITHIN_S,
    )


def _answers(ports: dict[str, int]) -> bool:
    """Whether the gateway answers; sets the rule for durable writes on the way."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['s3']}/status", timeout=1):
            pass
        return _durable(ports["s3_filer"]) and not is_free(ports["lake_catalog"])
    except urllib.error.HTTPError as error:
        return error.code < 500 and _durable(ports["s3_filer"])
    except OSError:
        return False


def _durable(filer_port: int) -> bool:
    url = f"http://127.0.0.1:{filer_port}/etc/seaweedfs/filer.conf"
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            if json.load(answer) == FSYNC_RULE:
                return True
    except (OSError, ValueError):
        pass
    try:
        request = urllib.request.Request(url, data=json.dumps(FSYNC_RULE).encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=2):
            return True
    except OSError:
        return False
