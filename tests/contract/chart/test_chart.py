"""The chart as it renders for three kinds of installations: valid to Kubernetes, whole, hardened.
The renders are committed, so that all but their freshness is checked where no helm is.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import jsonschema
import kubernetes_validate
import pytest
import yaml
from pydantic import SecretStr
from typer.testing import CliRunner

from cli.main import app
from devstack.bootstrap import variable
from devstack.processes import LAKE_WRITER, MODULES
from runtime import settings
from runtime.settings import ProcessSettings
from schemas.namespace import Namespace
from schemas.topics import PARTITIONS

HERE = Path(__file__).resolve().parent
CHART = HERE.parents[2] / "deploy" / "chart"
KINDS = ("minimal", "managed", "secured")
VERSIONS = (("minimal", "1.31"), ("managed", "1.31"), ("managed", "1.37"), ("secured", "1.37"))
"""Of Kubernetes: the oldest and the newest that the renders are held against."""
CUSTOM = {path.stem: json.loads(path.read_text()) for path in (HERE / "resources").glob("*.json")}
"""Resources that other controllers define: what is used of them."""
OPS = "ops"
"""The process that serves operators: the API's module, in an image of its own."""

Resource = dict[str, Any]


@cache
def _as_json(kind: str) -> str:
    text = (HERE / "rendered" / f"{kind}.yaml").read_text()
    return json.dumps([one for one in yaml.safe_load_all(text) if one is not None])


def rendered(kind: str) -> list[Resource]:
    """What an installation with the values of this kind creates; the caller's own copy."""
    resources: list[Resource] = json.loads(_as_json(kind))
    return resources


def of_kind(kind: str, resource: str) -> dict[str, Resource]:
    """The resources of one kind, by what they are part of."""
    return {
        one["metadata"]["labels"].get("app.kubernetes.io/component", ""): one
        for one in rendered(kind)
        if one["kind"] == resource
    }


def of_name(kind: str, resource: str, name: str) -> Resource:
    """The resource of one kind that has this name."""
    (found,) = (
        one for one in rendered(kind) if (one["kind"], one["metadata"]["name"]) == (resource, name)
    )
    return found


def pods(kind: str) -> Iterator[tuple[str, Resource]]:
    """The pods of all processes, Jobs and CronJobs, by name."""
    for resource in ("Deployment", "Job"):
        for name, one in of_kind(kind, resource).items():
            yield name, one["spec"]["template"]["spec"]
    for name, one in of_kind(kind, "CronJob").items():
        yield name, one["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def environment(pod: Resource) -> dict[str, str]:
    """The variables that stand in the pod itself."""
    (container,) = pod["containers"]
    return {one["name"]: one["value"] for one in container["env"] if "value" in one}


def helm(*words: str) -> "subprocess.CompletedProcess[str]":
    """What helm says."""
    if shutil.which("helm") is None:
        pytest.skip("there is no helm: the chart is not rendered anew")
    return subprocess.run(["helm", *words], capture_output=True, text=True, check=False)


def template(kind: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Render the chart with the values of this kind."""
    values = ("--values", str(CHART / "ci" / f"{kind}.yaml"))
    fixed = ("--namespace", "looks", "--kube-version", "1.34.0")
    return helm("template", "looks", str(CHART), *values, *fixed, *words)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_committed_is_what_helm_renders(kind: str) -> None:
    done = template(kind)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (HERE / "rendered" / f"{kind}.yaml").read_text(), "make chart"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_committed_is_of_this_version(kind: str) -> None:
    """Where no helm is, too: a release changes the number and forgets `make chart` easily."""
    version = str(yaml.safe_load((CHART / "Chart.yaml").read_text())["version"])
    text = (HERE / "rendered" / f"{kind}.yaml").read_text()
    told = re.findall(r"(?:kubernetes\.io/version|helm\.sh/chart): \"?(?:looks-)?([^\"\n]+)", text)
    assert {*told} == {version}, "make chart"


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("processes.api.replicas=two", "replicas"),
        ("stop.drainSeconds=0", "drainSeconds"),
        ("settings.LOOKS_DATABASE_URL=postgresql://x", "settings"),
        ("nowhere=1", "nowhere"),
        ("settings.LOOKS_OPS_SERVED=true", "settings"),
        ("processes.ops.enabled=maybe", "enabled"),
        ("processes.ops.enabled=true,ops.ingress.enabled=true", "networkPolicies.ops"),
    ],
)
def test_a_value_that_can_not_be_is_refused_by_name(value: str, complaint: str) -> None:
    done = template("minimal", "--set", value)
    assert done.returncode != 0
    assert complaint in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_upkeep_is_commands_that_there_are(kind: str) -> None:
    upkeep = of_kind(kind, "CronJob")
    assert upkeep.keys() >= {"db-maintain", "audit"}
    assert ("lake-maintain" in upkeep) == (kind == "managed")  # where there is a catalog
    for one in upkeep.values():
        assert one["spec"]["concurrencyPolicy"] == "Forbid"
        (container,) = one["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        looks, *words = container["command"]
        assert looks == "looks"
        asked = CliRunner().invoke(app, [*words, "--help"])
        assert asked.exit_code == 0, asked.output


@pytest.mark.parametrize("kind", KINDS)
def test_each_account_is_there_before_who_uses_it(kind: str) -> None:
    """A hook runs before what is no hook, and upkeep reaches S3 as processes do."""
    made = {
        one["metadata"]["name"]: one for one in rendered(kind) if one["kind"] == "ServiceAccount"
    }
    hooks = {name for name, one in made.items() if "helm.sh/hook" in str(one["metadata"])}
    for name, job in of_kind(kind, "Job").items():
        account = job["spec"]["template"]["spec"]["serviceAccountName"]
        assert account in hooks or account not in made, name
        if account in made:
            first, own = made[account]["metadata"]["annotations"], job["metadata"]["annotations"]
            assert int(first["helm.sh/hook-weight"]) < int(own["helm.sh/hook-weight"])
    of_processes = {
        one["spec"]["template"]["spec"]["serviceAccountName"]
        for one in of_kind(kind, "Deployment").values()
    }
    of_upkeep = {
        one["spec"]["jobTemplate"]["spec"]["template"]["spec"]["serviceAccountName"]
        for one in of_kind(kind, "CronJob").values()
    }
    assert of_upkeep == of_processes
    assert not of_processes & hooks
    said = [
        {
            name: value
            for name, value in one["metadata"].get("annotations", {}).items()
            if not name.startswith("helm.sh/")
        }
        for one in made.values()
    ]
    assert all(one == said[0] for one in said), "the same role"


def test_a_process_that_waits_for_kafka_or_its_tables_is_not_begun_anew() -> None:
    for name, one in of_kind("minimal", "Deployment").items():
        (container,) = one["spec"]["template"]["spec"]["containers"]
        for probe in ("startupProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["path"] == "/health/live", name
        assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready", name


def secret_variables() -> set[str]:
    """Of processes: `looks submit` has a key of its own."""
    areas = [one for one in vars(settings).values() if isinstance(one, type)]
    return {
        variable(area, name)
        for area in areas
        if issubclass(area, settings.Area) and area is not settings.ClientSettings
        for name, field in area.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    }


def test_no_secret_may_stand_among_the_settings() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    processes = schema["properties"]["processes"]["additionalProperties"]["properties"]
    jobs = schema["properties"]["jobs"]["properties"]
    for place in (schema["properties"]["settings"], processes["settings"], jobs["settings"]):
        refused = {one["required"][0] for one in place["not"]["anyOf"]}
        assert refused >= secret_variables() | {"AWS_SECRET_ACCESS_KEY"}


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
def test_kubernetes_takes_each_resource(kind: str, version: str) -> None:
    for one in rendered(kind):
        if one["kind"] in CUSTOM:
            jsonschema.validate(one, CUSTOM[one["kind"]])
        else:
            kubernetes_validate.validate(one, version, strict=True)


def test_a_resource_that_kubernetes_refuses_is_found() -> None:
    deployment = of_kind("minimal", "Deployment")["api"]
    deployment["spec"]["replicas"] = "two"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, "1.37", strict=True)


@pytest.mark.parametrize("kind", KINDS)
def test_each_process_is_deployed_in_the_image_of_its_kind(kind: str) -> None:
    commands = {
        name: (one["spec"]["template"]["spec"]["containers"][0])
        for name, one in of_kind(kind, "Deployment").items()
    }
    with_lake = "LOOKS_LAKE_CATALOG_URI" in environment(dict(pods(kind))["api"])
    assert with_lake == (kind == "managed")
    modules = {name: module for name, module in MODULES.items() if with_lake or name != LAKE_WRITER}
    if kind != "minimal":  # where nobody asked for it
        modules[OPS] = MODULES["api"]
    assert {name.replace("_", "-") for name in modules} == set(commands)
    for name, module in modules.items():
        container = commands[name.replace("_", "-")]
        assert container["command"] == ["python", "-m", module]
        target = {LAKE_WRITER: "lake"}.get(name, "worker")
        target = name if name in ("api", OPS, "compositor") else target
        assert f"looks-{target}:" in container["image"]


@pytest.mark.parametrize("kind", KINDS)
def test_tables_and_topics_come_first(kind: str) -> None:
    jobs = of_kind(kind, "Job")
    said = {name: job["spec"]["template"]["spec"]["containers"][0] for name, job in jobs.items()}
    assert said["migrate"]["command"] == ["looks", "db", "migrate"]
    assert said["topics"]["command"] == ["looks", "topics", "apply"]
    for job in jobs.values():
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_runs_with_more_rights_than_it_needs(kind: str) -> None:
    for name, pod in pods(kind):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not pod["automountServiceAccountToken"], name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["resources"]["limits"]["memory"], name


@pytest.mark.parametrize("kind", KINDS)
def test_a_pod_is_given_longer_than_its_process_takes_to_stop(kind: str) -> None:
    for name, one in of_kind(kind, "Deployment").items():
        pod = one["spec"]["template"]["spec"]
        said = environment(pod)
        process = ProcessSettings(
            pre_stop_delay_s=float(said["LOOKS_PRE_STOP_DELAY_S"]),
            drain_timeout_s=float(said["LOOKS_DRAIN_TIMEOUT_S"]),
        )
        assert pod["terminationGracePeriodSeconds"] > process.stops_within_s, name
        assert (process.pre_stop_delay_s > 0) == (name in ("api", OPS))


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_stands_in_a_pod(kind: str) -> None:
    for name, pod in pods(kind):
        assert not {*secret_variables(), "AWS_SECRET_ACCESS_KEY"} & set(environment(pod)), name
        assert environment(pod)["LOOKS_SECRETS_DIR"] == "/etc/looks/secrets", name


@pytest.mark.parametrize("kind", KINDS)
def test_each_process_may_lose_one_pod_and_is_spread(kind: str) -> None:
    budgets = of_kind(kind, "PodDisruptionBudget")
    for name, one in of_kind(kind, "Deployment").items():
        labels = one["spec"]["selector"]["matchLabels"]
        alone = one["spec"].get("replicas") == 1
        assert (name in budgets) == (not alone), name
        if not alone:
            assert budgets[name]["spec"]["selector"]["matchLabels"] == labels
        spread = one["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {
            rule["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] for rule in spread
        } == {name}


def test_what_scales_by_lag_has_at_most_as_many_pods_as_partitions() -> None:
    said = environment(dict(pods("managed"))["compositor"])
    names = Namespace(said["LOOKS_NAMESPACE"], int(said["LOOKS_KAFKA_PARTITIONS"]))
    scaled = of_kind("managed", "ScaledObject")
    assert "compositor" in scaled
    for name, one in scaled.items():
        assert one["spec"]["maxReplicaCount"] <= names.numbers < PARTITIONS, name
        for trigger in one["spec"]["triggers"]:
            if trigger["type"] == "kafka":
                group = names.group(f"looks.{name.replace('-', '_')}")
                assert names.owns(trigger["metadata"]["topic"])
                assert trigger["metadata"]["consumerGroup"] == group


def test_what_is_scaled_has_no_fixed_number_of_pods() -> None:
    deployments = of_kind("managed", "Deployment")
    scaled = {*of_kind("managed", "ScaledObject"), *of_kind("managed", "HorizontalPodAutoscaler")}
    assert {name for name, one in deployments.items() if "replicas" not in one["spec"]} == scaled


def test_a_process_of_a_secured_installation_has_its_own_secret() -> None:
    secrets = {
        name: volume["secret"]["secretName"]
        for name, pod in pods("secured")
        for volume in pod["volumes"]
        if volume["name"] == "secrets"
    }
    commands = ("migrate", "topics", *of_kind("secured", "CronJob"))
    jobs = {secrets.pop(name) for name in commands}
    assert jobs == {"looks-admin"}
    assert secrets == {name: f"looks-{name}" for name in secrets}


def callers(kind: str, name: str, port: int) -> list[Resource]:
    """Who may call a process at a port, by all policies of its pods; an empty one: anyone."""
    labels = of_kind(kind, "Deployment")[name]["spec"]["template"]["metadata"]["labels"]
    return [
        caller
        for one in rendered(kind)
        if one["kind"] == "NetworkPolicy" and "Ingress" in one["spec"]["policyTypes"]
        if one["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        for rule in one["spec"].get("ingress", ())
        if port in [allowed["port"] for allowed in rule["ports"]]
        for caller in rule.get("from") or [{}]
    ]


def test_nothing_is_of_operators_unless_somebody_asks_for_it() -> None:
    said = {kind: [one for one in rendered(kind) if OPS in str(one).lower()] for kind in KINDS}
    assert said["minimal"] == []
    assert said["managed"] != []


@pytest.mark.parametrize(("kind", "named"), [("managed", []), ("secured", ["internal-ingress"])])
def test_operators_are_served_by_one_process_that_nobody_unnamed_can_call(
    kind: str, named: list[str]
) -> None:
    serving = {name for name, pod in pods(kind) if "LOOKS_OPS_SERVED" in environment(pod)}
    assert serving == {OPS}
    pod = dict(pods(kind))[OPS]
    assert environment(pod)["LOOKS_OPS_SERVED"] == "true"
    (container,) = pod["containers"]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    assert ports == {"health": 9000, "http": 8000}
    (secret,) = [one["secret"]["secretName"] for one in pod["volumes"] if one["name"] == "secrets"]
    assert secret == "looks-ops"
    others = [str(other) for name, other in pods(kind) if name != OPS]
    assert not [one for one in others if secret in one or "LOOKS_OPS" in one]
    service = of_kind(kind, "Service")[OPS]["spec"]
    assert service["type"] == "ClusterIP"
    assert service["selector"]["app.kubernetes.io/component"] == OPS
    assert (OPS in of_kind(kind, "Ingress")) == bool(named)
    spaces = [
        one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for one in callers(kind, OPS, 8000)
    ]
    assert spaces == named
    assert callers(kind, "api", 8000) != callers(kind, OPS, 8000)


@pytest.mark.parametrize("kind", ["managed", "secured"])
def test_the_operators_process_asks_every_process_and_no_job(kind: str) -> None:
    place = environment(dict(pods(kind))[OPS])["LOOKS_OPS_PROCESSES"]
    host, _, port = place.partition(":")
    asked = of_name(kind, "Service", host)["spec"]
    assert asked["clusterIP"] == "None"  # its name is every address
    assert asked["ports"][0]["port"] == int(port) == 9000
    for name, one in of_kind(kind, "Deployment").items():
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert asked["selector"].items() <= labels.items(), name
        assert any(
            "namespaceSelector" not in caller
            and caller["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == OPS
            for caller in callers(kind, name, 9000)
        ), name
    jobs = [one["spec"]["template"] for one in of_kind(kind, "Job").values()]
    upkeep = of_kind(kind, "CronJob").values()
    jobs += [one["spec"]["jobTemplate"]["spec"]["template"] for one in upkeep]
    for job in jobs:
        assert not asked["selector"].items() <= job["metadata"]["labels"].items(), job
    (rule,) = of_name(kind, "NetworkPolicy", "looks-ops")["spec"]["egress"]
    assert [allowed["port"] for allowed in rule["ports"]] == [9000]
    (everyone,) = rule["to"]
    release = {"app.kubernetes.io/name": "looks", "app.kubernetes.io/instance": "looks"}
    assert everyone == {"podSelector": {"matchLabels": release}}
