from domain.breaker import Breaker, BreakerLimit

LIMIT = BreakerLimit(window=20, min_faults=5, max_ratio=0.5)


def test_a_few_faults_among_many_decisions_do_not_trip() -> None:
    breaker = Breaker(LIMIT)
    for number in range(100):
        breaker.record(fault=number % 4 == 0)
    assert not breaker.tripped


def test_mostly_faults_trip_once_there_are_enough() -> None:
    breaker = Breaker(LIMIT)
    states = []
    for _ in range(5):
        breaker.record(fault=True)
        states.append(breaker.tripped)
    assert states == [False, False, False, False, True]
