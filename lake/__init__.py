"""Topics as Iceberg tables: their schemas, the rows of records, commits that carry offsets, upkeep.

Written by one process (`consumers.lake_writer`) and read by any engine. Arrow and PyIceberg are
imported here, and by nobody who does not need tables.
"""
