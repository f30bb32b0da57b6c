"""Logs: one JSON object a line on standard error, for operators and their tools."""

import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import orjson

from runtime.plain_structlog import structlog
from schemas.envelope import trace_id_of

QUIET_LIBRARIES = (
    "httpx",
    "aiokafka",
    "botocore",
    "boto3",
    "urllib3",
    "asyncio",
    "uvicorn",
    "faststream",
    "httpcore",
)
REPEATING = "aiokafka"
"""Without a broker it says what fails at each try, a hundred lines a second and process."""
SAID_EVERY_S = 10.0
REMEMBERED = 1000


def configure(process: str, instance: str, level: str) -> None:
    """Send our events and the libraries' warnings to standard error as JSON. Call once, at the
    start of a process.
    """
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],  # type: ignore[list-item]  # mixed processor types
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Repeats())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,  # type: ignore[arg-type]  # mixed processor types
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process, instance=instance)
    _Bound.names = {"process": process, "instance": instance}


class Repeats(logging.Filter):
    """Of what a library says again and again, a line every SAID_EVERY_S, which says how many like
    it were left out. What is alike but for its arguments is the same.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds."""
        super().__init__()
        self._clock = clock
        self._said: OrderedDict[tuple[str, int, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if record.name.partition(".")[0] != REPEATING:
            return True
        key, now_s = (record.name, record.levelno, str(record.msg)), self._clock()
        said_s, left_out = self._said.get(key, (-SAID_EVERY_S, 0))
        if now_s - said_s < SAID_EVERY_S:
            self._said[key] = (said_s, left_out + 1)
            return False
        self._said[key] = (now_s, 0)
        self._said.move_to_end(key)
        if len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        if left_out:
            record.msg = f"{record.getMessage()} ({left_out} lines like this were left out)"
            record.args = ()
        return True


class _Bound:
    """Of this process: what every line says."""

    names: dict[str, str] = {}  # noqa: RUF012 (set once, at the start of a process)


def each_look(event: str, logger: str, looks: Iterable[tuple[str, str]]) -> None:
    """A line for each look, of request id and traceparent, in one write: a line by structlog costs
    as much as accepting a request does.
    """
    if not logging.getLogger(logger).isEnabledFor(logging.INFO):
        return
    said = {
        "event": event,
        **_Bound.names,
        "level": "info",
        "logger": logger,
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    lines = [
        orjson.dumps(
            {"request_id": request_id, "trace_id": trace_id_of(traceparent), **said},
            option=orjson.OPT_APPEND_NEWLINE,
        ).decode()
        for request_id, traceparent in looks
    ]
    if lines:
        sys.stderr.write("".join(lines))


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
