"""What a bucket forgets by itself: its lifecycle rules, of which ours are declared here and others'
are left as they are. Blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from schemas.namespace import Namespace

CUTOUT_DAYS = 30
"""Long enough that a photo which is used again is seldom cut out again; they are safe to delete."""
FETCHED_DAYS = 30
"""Photos that were fetched from URLs: what a look was made from can be looked at for a while."""
UNFINISHED_DAYS = 7
"""An upload in parts that nobody finished: its parts are paid for and seen by nobody."""
_UNFINISHED = "unfinished-uploads"

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RulesPlan:
    """What is to be changed, a line each, and the rules as they will be."""

    lines: tuple[str, ...]
    rules: tuple[Rule, ...]


def declared(names: Namespace) -> list[Rule]:
    """Ours, in a bucket that others may use too."""
    kept = {names.key("cutouts"): CUTOUT_DAYS, names.key("fetched"): FETCHED_DAYS}
    return [
        *(
            {
                "ID": folder,
                "Filter": {"Prefix": f"{folder}/"},
                "Status": "Enabled",
                "Expiration": {"Days": days},
            }
            for folder, days in kept.items()
        ),
        {
            "ID": names.key(_UNFINISHED),
            "Filter": {"Prefix": names.key("")},
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
        },
    ]


def compare(wanted: Sequence[Rule], there: Sequence[Rule]) -> RulesPlan:
    """Ours as declared, all others as they are. Pure."""
    present = {rule.get("ID"): rule for rule in there}
    lines = tuple(
        f"{'set' if rule['ID'] in present else 'create'} {rule['ID']}: {_says(rule)}"
        for rule in wanted
        if present.get(rule["ID"]) != rule
    )
    own = {rule["ID"] for rule in wanted}
    return RulesPlan(lines, (*(rule for rule in there if rule.get("ID") not in own), *wanted))


def plan(client: Any, bucket: str, names: Namespace) -> RulesPlan:
    """Compare, and change nothing. Raises botocore's errors."""
    return compare(declared(names), _rules(client, bucket))


def apply(client: Any, bucket: str, names: Namespace) -> RulesPlan:
    """Make our rules as declared; returns what was done. Safe to repeat. Raises botocore's errors.

    S3 replaces all rules at once: what another one sets in the same second is lost.
    """
    made = plan(client, bucket, names)
    if made.lines:
        client.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": list(made.rules)}
        )
    return made


def _rules(client: Any, bucket: str) -> list[Rule]:
    try:
        rules: list[Rule] = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return []
    return rules


def _says(rule: Rule) -> str:
    days = rule.get("Expiration", {}).get("Days")
    if days is not None:
        return f"{rule['Filter']['Prefix']} expires after {days} days"
    return f"uploads in parts are given up after {UNFINISHED_DAYS} days"
