from schemas.events import EVENT_TYPES
from schemas.topics import BY_NAME, PARTITIONS, RETRY_DELAYS_S, RETRY_TOPICS, TOPIC_OF, TOPICS


def test_every_event_has_a_topic() -> None:
    assert set(TOPIC_OF) == set(EVENT_TYPES.values())


def test_all_topics_are_co_partitioned() -> None:
    assert {topic.partitions for topic in TOPICS} == {PARTITIONS}
    assert len(BY_NAME) == len(TOPICS)


def test_each_retry_delay_has_its_topic_and_delays_grow() -> None:
    assert len(RETRY_TOPICS) == len(RETRY_DELAYS_S)
    assert list(RETRY_DELAYS_S) == sorted(RETRY_DELAYS_S)
