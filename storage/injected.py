"""Stores for a consumer's handlers: a lifespan of its FastStream application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
from faststream import ContextRepo
from faststream.types import Lifespan

from runtime.settings import DatabaseSettings
from storage.database import open_pool


def injecting(**stores: Callable[[asyncpg.Pool], object]) -> Lifespan:
    """One pool for as long as the application runs, and these on it, injected by their names."""

    @asynccontextmanager
    async def lifespan(context: ContextRepo) -> AsyncIterator[None]:
        async with open_pool(DatabaseSettings(), context.get("process")) as pool:
            for name, make in stores.items():
                context.set_global(name, make(pool))
            yield

    return lifespan
