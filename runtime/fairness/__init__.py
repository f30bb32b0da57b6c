"""Fairness between tenants: what one sends, however much, holds up another's look by little
(DESIGN 3.10).

1. Whoever waits for a place to work in gets it by tenant in turn, first come first served within a
   tenant (`turns`, `slots`).
2. Work that takes three times as long as most does not count against the others: for each slow
   piece there is a spare place, which only tenants without slow work get (`slots`).
3. Of each tenant, topic and partition number a window of records is in hand; beyond it a record is
   deferred, which means that its offset alone is kept (`windows`), so reading goes on to the end of
   the topic and meets everybody's next record.
4. When half of a window is free, its next records are read again, lane by lane in turn; those of a
   request that was cancelled come before all others (`refetch`).
"""
