"""A consumer as a FastStream application: `python -m consumers.NAME` and `faststream run --factory
consumers.NAME:app` start the same.

FastStream declares the subscription, delivers batches to the handler with what it depends on, runs
the middlewares and the lifespan, and answers health and metrics. Ours are the sessions: the broker
starts and stops with each, and what ends one that can heal begins the next in the same process.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import uvloop
from aiokafka import ConsumerRebalanceListener
from faststream.asgi import AsgiFastStream
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.specification import AsyncAPI
from faststream.types import Lifespan

from runtime.broker import Heard, make_patient, new_broker, subscribe
from runtime.consuming import Consuming
from runtime.declaration import Declaration
from runtime.guard import Guard
from runtime.health import PATHS, health_app
from runtime.kafka import AIOKafkaConsumer, TopicPartition
from runtime.named_clients import as_declared, named_reader
from runtime.process import Process, live
from runtime.sessions import run_sessions
from runtime.settings import KafkaSettings, ProcessSettings
from runtime.telemetry import metered


class Application(AsgiFastStream):
    """Of one process. Connects to nothing before it runs."""

    def __init__(
        self,
        declared: Declaration,
        *,
        process: Process | None = None,
        kafka: KafkaSettings | None = None,
        lifespan: Lifespan | None = None,
        heals: tuple[type[Exception], ...] = (),
    ) -> None:
        """`lifespan` puts what handlers depend on into the context. `heals`: what a handler may
        raise because of a service that is away; with Kafka's errors and those of connections it
        ends a session, and anything else the process.
        """
        self.declared = declared
        self.process = process or Process(declared.name, ProcessSettings())
        self.kafka = kafka or KafkaSettings()
        self.heals = heals
        self._begin: Callable[[Application], Consuming] | None = None
        self._session: Consuming | None = None
        health = health_app(ready=lambda: self.process.serving)
        middlewares = (
            metered(declared.name),
            partial(Guard, self.current),
        )
        self.kafka_broker = new_broker(self.kafka, middlewares, Heard(self._heard))
        self._subscriber = subscribe(self.kafka_broker, self.kafka, declared, _Listener(self))
        super().__init__(
            self.kafka_broker,
            asgi_routes=[(path, health) for path in PATHS],
            serializer=None,  # as the broker's: both must say so
            logger=None,
            lifespan=lifespan,
        )
        self.context.set_global("process", self.process)

    @property
    def subscriber(self) -> BatchSubscriber:
        """FastStream's: called with a handler it declares it, as a decorator too."""
        return self._subscriber

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The consumer inside; there from its start on, and so in the first rebalance. None where
        FastStream's test broker stands for Kafka.
        """
        consumer = self._subscriber.consumer
        return None if consumer is None else named_reader(consumer, self.kafka.names)

    def sessions(self, begin: Callable[["Application"], Consuming]) -> None:
        """How a session is made: it says when a batch is durable, and what is committed."""
        self._begin = begin

    def begin(self) -> Consuming:
        """The next session, for which batches are from now on."""
        if self._begin is None:
            raise RuntimeError("the application was not told how a session begins")
        self._session = self._begin(self)
        self.context.set_global("session", self._session)
        return self._session

    def specification(self, kafka: KafkaSettings) -> dict[str, Any]:
        """What FastStream's AsyncAPI generator says of this application on this Kafka: channels and
        operations.

        It is asked of the same subscription without its handler: it can't describe handlers whose
        arguments FastStream does not validate, and ours take what our own decoder made.
        """
        bare = new_broker(kafka, (), Heard(self._heard))
        subscribe(bare, kafka, self.declared, _Listener(self))
        told: dict[str, Any] = (
            AsyncAPI(bare, title=self.declared.name, schema_version="3.0.0")
            .to_specification()
            .to_jsonable()
        )
        return told

    async def start(self, **run_extra_options: Any) -> None:
        """Connect, join the group, deliver batches."""
        await make_patient(self.kafka_broker)
        await super().start(**run_extra_options)

    def hold(self) -> None:
        """Take no more batches: FastStream's loop ends with the batch in hand.

        Not by StopConsume: that stops the consumer from within its own loop, which cancels itself
        before the group is left.
        """
        self._subscriber.running = False

    async def run(
        self,
        log_level: int = logging.INFO,
        run_extra_options: dict[str, Any] | None = None,
    ) -> None:
        """The whole process, until it is asked to stop; called by FastStream's command too. Its
        port and the level of its log are of our settings.
        """
        await live(self.process, self._work, self)

    async def _work(self, process: Process) -> None:
        async with self.lifespan_context():
            await run_sessions(process, self.declared.name, self.begin)

    def current(self) -> Consuming:
        """The session that batches are for."""
        if self._session is None:
            raise RuntimeError("a batch came before a session")
        return self._session

    def _heard(self, error: BaseException) -> None:
        self.current().fail(error)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Tells the session that runs."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._application.current().revoked(self._declared(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._application.current().assigned(self._declared(assigned))

    def _declared(self, partitions: set[TopicPartition]) -> set[TopicPartition]:
        return {as_declared(self._application.kafka.names, one) for one in partitions}


def start(app: Callable[[], Application]) -> None:
    """Run an application as this process."""
    uvloop.run(app().run())
