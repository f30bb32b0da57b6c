"""What handlers depend on, by the names of their parameters: `store: Annotated[Store, Injected()]`.

FastStream's own `Context()` is resolved on a thread of the pool, for each parameter of each batch:
a third of a millisecond, and a chance for the group to be shared anew between a poll and its
handler.
"""

from typing import Any

from fast_depends.library import CustomField


class _Injected(CustomField):
    def __init__(self) -> None:
        super().__init__(cast=False)

    async def use(self, /, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]  # awaited where it can be
        name = self.param_name or ""
        return {**kwargs, name: kwargs["context__"].resolve(name)}


def Injected() -> Any:
    """A dependency that the application's lifespan or its session put into the context."""
    return _Injected()
