"""The fault campaign: load on a whole system, faults by a seeded plan, then the audit. `make
chaos`.
"""
