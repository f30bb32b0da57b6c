"""A key's partition number is told by the key and by what is recorded, and never changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from ulid import ULID

from runtime.placing import chosen, number_in, partition_of
from runtime.settings import KafkaSettings
from schemas.layout import Layout, LayoutsDiffer, PartitionGrowth, layout
from schemas.namespace import AS_DECLARED, Namespace
from schemas.topics import CREDIT_REFUND, LOOK_CANCEL, LOOK_REQUESTED

T1, T2 = 1_800_000_000_000, 1_800_000_900_000
TO_24, TO_48 = PartitionGrowth(T1, 12, 24), PartitionGrowth(T2, 24, 48)


def made_at(ms: int, tail: bytes = b"0123456789") -> str:
    return str(ULID.from_bytes(ms.to_bytes(6) + tail))


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_growth_moves_no_key_that_was_made_before_it(ms: int, tail: bytes) -> None:
    key = made_at(ms, tail)
    known = [Layout(12), layout(12, [TO_24]), layout(12, [TO_24, TO_48])]
    wanted = [12, 24 if ms >= T1 else 12, 48 if ms >= T2 else 24 if ms >= T1 else 12]
    assert [one.count_for(key) for one in known] == wanted
    if ms < T1:
        assert len({number_in(one, key) for one in known}) == 1
    elif ms < T2:
        assert number_in(known[1], key) == number_in(known[2], key) == partition_of(key, 24)


def test_what_is_prepared_places_nothing_and_settings_that_run_ahead_neither() -> None:
    prepared = PartitionGrowth(None, 12, 24)
    assert layout(24, [prepared]) == Layout(12)
    assert layout(48, [TO_24, PartitionGrowth(None, 24, 48)]).count_for(made_at(T2)) == 24


def test_a_key_that_is_no_request_id_keeps_the_first_count() -> None:
    assert layout(24, [TO_24]).count_for("poison") == 12


def test_whoever_knows_less_is_told_by_whoever_knows_more() -> None:
    settings, nobody = Namespace("", 24, until={T1: 12}), Namespace("", 12)
    assert settings.layout() == settings.layout([TO_24]) == nobody.layout([TO_24])
    assert nobody.layout() == Layout(12)
    both = settings.layout([TO_24, TO_48])
    assert both == Namespace("", 48, until={T1: 12, T2: 24}).layout()


@pytest.mark.parametrize("other", [PartitionGrowth(T1 + 1, 12, 24), PartitionGrowth(T1, 12, 36)])
def test_settings_and_records_that_can_not_both_be_true_are_refused(other: PartitionGrowth) -> None:
    with pytest.raises(LayoutsDiffer, match="LOOKS_KAFKA_PARTITIONS_UNTIL"):
        Namespace("", 24, until={T1: 12}).layout([other])


@pytest.mark.parametrize("until", ['{"2027-01-15T08:00:00Z": 24}', '{"2027-01-15T08:00:00Z": 0}'])
def test_settings_that_shrink_are_refused_by_name(until: str) -> None:
    with pytest.raises(ValidationError, match="LOOKS_KAFKA_PARTITIONS_UNTIL"):
        KafkaSettings.model_validate({"partitions": 24, "partitions_until": until})


def test_settings_tell_when_topics_grew() -> None:
    said = KafkaSettings.model_validate(
        {"partitions": 24, "partitions_until": '{"2027-01-15T08:00:00.000Z": 12}'}
    )
    assert said.names.layout() == Layout(12, (TO_24,))


def test_a_producer_names_a_partition_where_topics_of_requests_grew_and_nowhere_else() -> None:
    key, grown = made_at(T1), layout(12, [TO_24])
    for topic in (LOOK_REQUESTED.name, LOOK_CANCEL.name):
        assert chosen(AS_DECLARED, Layout(12), topic, key) is None
        assert chosen(AS_DECLARED, grown, topic, key) == partition_of(key, 24)
    assert chosen(AS_DECLARED, grown, CREDIT_REFUND.name, key) is None
