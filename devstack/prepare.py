"""`python -m devstack.prepare`: tables, topics, bucket and tenants for services that run elsewhere;
prints the API keys.
"""

import asyncio
import os
import sys

from devstack.bootstrap import make_bucket
from runtime.settings import DatabaseSettings, KafkaSettings
from runtime.topics_admin import apply as apply_topics
from storage.migrations import migrate
from storage.seed import seed


async def prepare() -> None:
    """Safe to repeat; each run makes fresh keys for the seeded tenants, because only hashes are
    kept.
    """
    url = DatabaseSettings().dsn
    kafka = KafkaSettings()
    await migrate(url)
    await apply_topics(kafka)
    await asyncio.to_thread(make_bucket, dict(os.environ))
    keys = await seed(url)
    sys.stdout.write(f"LOOKS_API_KEY={keys.demo}\nLOOKS_OTHER_API_KEY={keys.other}\n")


if __name__ == "__main__":
    asyncio.run(prepare())
