"""A real Kafka Connect worker with Iceberg's sink, on jars from Maven, told what `looks lake
connect-config` prints.
"""

import json
import os
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deploy.connect.transform import KAFKA, built
from devstack.folder import CHECKOUT, StackFolder, cache_folder, free_ports
from devstack.java import jars, java

ICEBERG: Final = "1.10.1"
WORKER: Final = "+".join(
    (
        f"org.apache.kafka:connect-runtime:{KAFKA}",
        f"org.apache.kafka:connect-json:{KAFKA}",
        "org.slf4j:slf4j-simple:1.7.36",
    )
)
SINK: Final = "+".join(
    (
        f"org.apache.iceberg:iceberg-kafka-connect:{ICEBERG}",
        f"org.apache.iceberg:iceberg-parquet:{ICEBERG}",
        f"org.apache.iceberg:iceberg-aws:{ICEBERG}",
        f"org.apache.iceberg:iceberg-aws-bundle:{ICEBERG}",
        "org.apache.avro:avro:1.12.1",  # Parquet asks for an older one, which lacks a class
        "org.apache.hadoop:hadoop-client-api:3.4.1",
        "org.apache.hadoop:hadoop-client-runtime:3.4.1",
    )
)
PROVIDER: Final = "org.apache.kafka.common.config.provider.EnvVarConfigProvider"


class ConnectWorker:
    """One standalone worker with one connector. Its log is in `folder`, over all its lives."""

    def __init__(self, folder: Path, env: Mapping[str, str], sink: Mapping[str, Any]) -> None:
        """Write its two files. `env`: of a stack; secrets are in it and in no file."""
        self._env = {**os.environ, **env}
        self._folder = folder
        cache = cache_folder(StackFolder(folder))
        self._class_path = jars("connect-worker", WORKER, cache)
        self._port = free_ports(1)[0]
        plugin = folder / "plugins" / "iceberg"
        plugin.mkdir(parents=True)
        for jar in (
            built(CHECKOUT / "build" / "connect"),
            *map(Path, jars("connect-sink", SINK, cache)),
        ):
            (plugin / jar.name).symlink_to(jar)
        worker = {
            "bootstrap.servers": env["LOOKS_KAFKA_BOOTSTRAP"],
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "offset.storage.file.filename": folder / "offsets",
            "offset.flush.interval.ms": 1000,
            "listeners": f"http://127.0.0.1:{self._port}",
            "plugin.discovery": "service_load",
            "plugin.path": folder / "plugins",
            "config.providers": "env",
            "config.providers.env.class": PROVIDER,
        }
        self._properties = folder / "worker.properties"
        self._properties.write_text("".join(f"{name}={told}\n" for name, told in worker.items()))
        self._sink = folder / "sink.json"
        self._sink.write_text(json.dumps(sink))
        self._name = sink["name"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self._folder / "log").read_text()

    def start(self) -> "subprocess.Popen[bytes]":
        """Begin; it is ready some time later."""
        argv = [
            *(java(), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.log.org.apache.iceberg.connect=info",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            *("-cp", ":".join(self._class_path)),
            "org.apache.kafka.connect.cli.ConnectStandalone",
            *(str(self._properties), str(self._sink)),
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(argv, env=self._env, stdout=log, stderr=log)
        return self._process

    def kill(self) -> int:
        """SIGKILL; what it ended with."""
        assert self._process is not None
        self._process.kill()
        return self._process.wait()

    def failed(self) -> str | None:
        """Why it or its task has stopped; None: it has not."""
        if self._process is not None and self._process.poll() is not None:
            return f"the worker ended with {self._process.returncode}"
        try:
            told = self.asked("GET", "status")
        except OSError:
            return None
        bad = [one for one in (told["connector"], *told["tasks"]) if one["state"] == "FAILED"]
        return str(bad[0].get("trace"))[:3000] if bad else None

    def asked(self, method: str, what: str, body: object = None) -> Any:
        """Its REST API about the connector. Raises OSError while it does not answer."""
        url = f"http://127.0.0.1:{self._port}/connectors/{self._name}/{what}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")
