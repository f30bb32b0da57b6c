"""`python -m devstack.seeding FILE`: a bucket, and the tenants of a development stack, for services
that run elsewhere and have their tables. Keeps the API keys in FILE, in shell syntax, and says so.
"""

import asyncio
import os
import sys
from pathlib import Path

from devstack.bootstrap import make_bucket
from runtime.settings import DatabaseSettings
from storage.seed import SeededKeys, seed

NAMES = {
    "demo": "LOOKS_API_KEY",
    "other": "LOOKS_OTHER_API_KEY",
    "bench": "LOOKS_BENCH_API_KEY",
    "ops": "LOOKS_OPS_KEY",
}
"""Tenant, or the operator -> the variable that its key is kept as."""
SINCE = {"bench", "ops"}
"""Who is not in a file of an earlier release."""


def kept(file: Path) -> SeededKeys | None:
    """The keys of an earlier run; None: this is the first. Raises ValueError when the file is not
    one of ours.
    """
    if not file.exists():
        return None
    values = dict(line.split("=", 1) for line in file.read_text().split())
    try:
        return SeededKeys(
            **{
                tenant: values[name]
                for tenant, name in NAMES.items()
                if name in values or tenant not in SINCE
            }
        )
    except KeyError as error:
        raise ValueError(f"{file} holds no {error.args[0]}") from error


def keep(file: Path, keys: SeededKeys) -> None:
    """Write them so that only this user reads them; all or nothing."""
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{name}={getattr(keys, tenant)}\n" for tenant, name in NAMES.items()))
    fresh.replace(file)


async def seeding(file: Path) -> None:
    """Safe to repeat: keys that are kept stay, and are made to work again."""
    await asyncio.to_thread(make_bucket, dict(os.environ))
    keep(file, await seed(DatabaseSettings().dsn, kept(file)))
    sys.stdout.write(f"the keys of demo, other, bench and an operator are in {file}\n")


if __name__ == "__main__":
    asyncio.run(seeding(Path(sys.argv[1])))
