"""Rules of the bucket: ours as declared, others' left alone."""

from schemas.namespace import AS_DECLARED, Namespace
from storage.lifecycle import CUTOUT_DAYS, FETCHED_DAYS, compare, declared

FOREIGN = {"ID": "logs", "Filter": {"Prefix": "logs/"}, "Status": "Enabled"}


def test_a_bucket_without_rules_gets_ours_and_a_second_look_finds_nothing_to_do() -> None:
    first = compare(declared(AS_DECLARED), [])
    assert first.lines == (
        f"create cutouts: cutouts/ expires after {CUTOUT_DAYS} days",
        f"create fetched: fetched/ expires after {FETCHED_DAYS} days",
        "create unfinished-uploads: uploads in parts are given up after 7 days",
    )
    assert compare(declared(AS_DECLARED), first.rules).lines == ()


def test_rules_of_others_stay_and_a_changed_one_of_ours_is_set_again() -> None:
    ours = declared(AS_DECLARED)
    changed = {**ours[0], "Expiration": {"Days": 1}}
    made = compare(ours, [FOREIGN, changed, *ours[1:]])
    assert made.lines == (f"set cutouts: cutouts/ expires after {CUTOUT_DAYS} days",)
    assert made.rules == (FOREIGN, *ours)


def test_two_namespaces_in_one_bucket_keep_each_others_rules() -> None:
    staging, production = declared(Namespace("staging")), declared(Namespace("production"))
    both = compare(production, compare(staging, []).rules).rules
    assert list(both) == [*staging, *production]
    assert {rule["Filter"]["Prefix"] for rule in staging} == {
        "staging/",
        "staging/cutouts/",
        "staging/fetched/",
    }
