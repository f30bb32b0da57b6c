"""What an area of settings is: variables prefixed `LOOKS_`, or files named like them."""

from functools import lru_cache
from typing import Annotated

from pydantic import DirectoryPath, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from schemas.namespace import Namespace
from schemas.topics import PARTITIONS

Seconds = Annotated[float, Field(gt=0)]


def area(prefix: str) -> SettingsConfigDict:
    """How an area reads its variables, which begin so after LOOKS_."""
    return SettingsConfigDict(
        env_prefix=f"LOOKS_{prefix}",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
    )


class SecretsSettings(BaseSettings):
    """Where secrets lie, when they are not in the environment."""

    model_config = area("SECRETS_")

    dir: DirectoryPath | None = Field(
        default=None, description="one file per setting, named like its variable; None: none"
    )


class Area(BaseSettings):
    """Settings that may also come from files."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then files, then the environment: the folder was named on purpose, a variable
        may be left over.
        """
        folder = SecretsSettings().dir
        if folder is None:
            return init_settings, env_settings
        return init_settings, SecretsSettingsSource(settings_cls, folder), env_settings


NamespaceName = Annotated[
    str,
    Field(
        validation_alias="LOOKS_NAMESPACE",
        description="kept apart by it on shared services: begins the names of topics, groups, "
        "transactional ids and of what we store in the bucket (docs/operations.md)",
    ),
]


@lru_cache
def names_of(
    name: str,
    partitions: int = PARTITIONS,
    apart: tuple[tuple[str, int], ...] = (),
    until: tuple[tuple[int, int], ...] = (),
) -> Namespace:
    """Raises ValueError when that can't be a namespace."""
    return Namespace(name, partitions, dict(apart), dict(until))
