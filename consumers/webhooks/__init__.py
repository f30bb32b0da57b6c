"""Tells tenants' endpoints of finished and failed looks: one part makes deliveries of events, the
other sends them.
"""
