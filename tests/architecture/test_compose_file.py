"""The compose file runs what the design names: every process of ours, pinned images, health checks,
loopback ports.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.processes import MODULES

FILE = Path(__file__).resolve().parents[2] / "docker-compose.kafka.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return loaded


def test_every_process_is_there_and_runs_its_module(services: dict[str, Any]) -> None:
    for name, module in MODULES.items():
        assert services[name]["command"] == f"python -m {module}"
        assert services[name]["image"] == "looks"


def test_images_are_pinned(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if service["image"] != "looks":
            assert re.search(r":v?\d", service["image"]), name


def test_services_have_health_checks_and_volumes(services: dict[str, Any]) -> None:
    for name in ("kafka", "postgres", "s3"):
        assert services[name]["healthcheck"]["test"]
        assert services[name]["volumes"]


def test_ports_are_bound_to_loopback(services: dict[str, Any]) -> None:
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
