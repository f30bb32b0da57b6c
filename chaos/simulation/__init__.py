"""A deterministic simulation of the decision core: one seed, one interleaving.

Relay, compositor, dead letters, ledger, projection and sweeper run their own code, on event loops
whose time is virtual, over a Kafka, a database and an object store in memory. What each call
travels, what is lost, who dies, stands still or is asked to leave is drawn from the seed, and the
end is judged by `domain.audit`. docs/reliability.md says what is real here and what is not.
"""
