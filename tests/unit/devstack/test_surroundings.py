"""A stack is not what a developer's shell is set up for."""

import pytest

from devstack.surroundings import OWN, of_parts, of_supervisor

SHELL = {"HOME": "/home/me", "PATH": "/bin", "TMPDIR": "/big", "LOOKS_LOOK_WORKERS": "2"}
ODD = [
    "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION", "PGSSLMODE", "PGHOST", "PGUSER", "PGOPTIONS", "PGDATA", "PGSERVICE",
    "PGPASSFILE", "LD_PRELOAD", "LD_AUDIT", "PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS",
    "PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONSAFEPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS", "JAVA_HOME", "CLASSPATH", "KAFKA_OPTS", "KAFKA_HEAP_OPTS", "WEED_MASTER",
    "LANG", "LANGUAGE", "LC_CTYPE", "DATABASE_URL", "PORT", "BASH_ENV", "ENV",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_is_meant_for_something_else_stays_outside(name: str) -> None:
    outside = {**SHELL, name: "x"}
    assert of_parts(outside) == {**SHELL, **OWN}
    assert name not in of_supervisor(outside)


def test_what_the_stack_says_itself_goes_before_the_shells() -> None:
    outside = {**SHELL, "LC_ALL": "tlh", "PYTHONUTF8": "0", "AWS_CONFIG_FILE": "/home/me/config"}
    assert of_parts(outside) == {**SHELL, **OWN}


def test_proxies_are_for_downloads_and_never_for_this_machine() -> None:
    outside = {**SHELL, "HTTPS_PROXY": "http://proxy", "http_proxy": "p", "NO_PROXY": "intra"}
    making = of_supervisor(outside)
    assert (making["HTTPS_PROXY"], making["http_proxy"]) == ("http://proxy", "p")
    assert making["NO_PROXY"] == "intra,127.0.0.1,localhost,::1"
    assert making["no_proxy"] == "127.0.0.1,localhost,::1"
    assert of_parts(making) == {**SHELL, **OWN}


def test_settings_that_are_meant_for_us_come_in() -> None:
    outside = {**SHELL, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo"}
    assert of_parts(outside).items() >= outside.items()
