"""The compose file runs what the design names: every process of ours, in the image of its kind,
hardened and limited, with pinned images, health checks and loopback ports.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.imports import TARGETS
from devstack.processes import LAKE_WRITER, MODULES
from runtime.settings import ProcessSettings

FILE = Path(__file__).resolve().parents[2] / "docker-compose.kafka.yml"
OURS = {f"looks-{target}" for target in TARGETS}
TOOLS = {
    "kafka-console",
    "prometheus",
    "grafana",
    "audit",
    "looks",
    "keys",
    "lake_writer",
    "ops",
}
"""Of a profile: not started with the rest."""

IMAGES = {"api": "api", "compositor": "compositor", "lake_writer": "lake", "ops": "ops"}
PROCESSES = MODULES | {"ops": MODULES["api"]}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return loaded


def test_every_process_is_there_and_runs_its_module(services: dict[str, Any]) -> None:
    for name, module in PROCESSES.items():
        target = IMAGES.get(name, "worker")
        assert services[name]["command"] == f"python -m {module}"
        assert services[name]["image"] == f"looks-{target}"
        assert services[name]["build"]["target"] == target


def test_operators_are_served_by_a_process_that_asks_the_others(services: dict[str, Any]) -> None:
    said = services["ops"]["environment"]
    asked = {place.removesuffix(":9000") for place in said["LOOKS_OPS_PROCESSES"].split(",")}
    assert asked == {name for name in PROCESSES if name != LAKE_WRITER}
    lake = services[LAKE_WRITER]["environment"]
    assert lake.items() <= said.items(), "an erasure reaches the lake, where there is one"
    others = [one for name, one in services.items() if name != "ops"]
    assert not [one for one in others if "LOOKS_OPS" in str(one.get("environment"))]


def test_images_are_pinned(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if service["image"] not in OURS:
            assert re.search(r":v?\d", service["image"]), name


def test_services_have_health_checks_and_volumes(services: dict[str, Any]) -> None:
    for name in ("kafka", "postgres", "s3"):
        assert services[name]["healthcheck"]["test"]
        assert services[name]["volumes"]


def test_ports_are_bound_to_loopback(services: dict[str, Any]) -> None:
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_whatever_is_of_ours_can_write_nothing_but_temporary_files(
    services: dict[str, Any],
) -> None:
    for name, service in services.items():
        if service["image"] in OURS:
            assert service["read_only"], name
            assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"], name


def test_nothing_has_more_rights_or_memory_than_it_needs(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name


def test_what_dies_is_restarted(services: dict[str, Any]) -> None:
    for name, service in services.items():
        once = name in ("migrate", "topics", "seed")
        if "commands" not in service.get("profiles", ()):
            assert service["restart"] == ("on-failure" if once else "unless-stopped"), name


def test_tools_are_started_when_they_are_asked_for(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "profiles" in service} == TOOLS


def test_a_process_may_take_its_time_to_stop(services: dict[str, Any]) -> None:
    for name in PROCESSES:
        grace = services[name]["stop_grace_period"]
        assert float(grace.removesuffix("s")) > ProcessSettings().stops_within_s, name


def test_tables_and_topics_are_there_before_a_process_starts(services: dict[str, Any]) -> None:
    for name in PROCESSES:
        assert {"migrate", "topics"} <= services[name]["depends_on"].keys(), name
    assert "--" not in services["seed"]["command"]
    assert services["migrate"]["command"] == "looks db migrate"
    assert services["topics"]["command"] == "looks topics apply"
