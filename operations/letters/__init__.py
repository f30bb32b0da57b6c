"""Dead letters and quarantined records: finding them, saying what would be done, doing it.

Reading joins no group and moves nobody's offsets. Nothing is ever deleted from Kafka.
"""
