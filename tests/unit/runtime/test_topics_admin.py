"""What Kafka answers to `looks topics apply`, topic by topic."""

import concurrent.futures

from confluent_kafka import KafkaError, KafkaException

from runtime.topics_admin import TopicsRefused, _failures


def answered(error: int | None = None) -> "concurrent.futures.Future[None]":
    done: concurrent.futures.Future[None] = concurrent.futures.Future()
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(KafkaException(KafkaError(error, "because")))
    return done


def test_each_topic_that_is_refused_is_named_with_the_reason() -> None:
    answers = {
        "look.requested": answered(),
        "look.failed": answered(KafkaError.POLICY_VIOLATION),
        "credit.refund": answered(KafkaError.TOPIC_AUTHORIZATION_FAILED),
    }
    lines = _failures(answers)
    assert lines == ["look.failed: because", "credit.refund: because"]
    assert str(TopicsRefused(lines)) == "look.failed: because\ncredit.refund: because"


def test_a_topic_that_somebody_else_created_meanwhile_is_no_failure() -> None:
    answers = {"look.failed": answered(KafkaError.TOPIC_ALREADY_EXISTS)}
    assert _failures(answers, unless="TOPIC_ALREADY_EXISTS") == []
    assert _failures(answers) == ["look.failed: because"]
