"""What is worked with."""

from dataclasses import dataclass

import asyncpg

from runtime.settings import KafkaSettings, LookSettings
from storage.jobs import JobStore
from storage.operator_actions import OperatorActions
from storage.redrives import RedriveStore


@dataclass(frozen=True, slots=True)
class Desk:
    """Topics, and stores over one database."""

    kafka: KafkaSettings
    look: LookSettings
    actions: OperatorActions
    redrives: RedriveStore
    jobs: JobStore

    @classmethod
    def over(cls, pool: asyncpg.Pool, kafka: KafkaSettings, look: LookSettings) -> "Desk":
        """On this pool, whose connections keep their sessions."""
        return cls(kafka, look, OperatorActions(pool), RedriveStore(pool), JobStore(pool))
