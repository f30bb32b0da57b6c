"""Replaying topics: any range of any topics, to people, files, tables or another topic. Reads only;
moves nobody's offsets.

`replay`, `to_arrow`, `to_pandas` and `to_polars` in `replaying.events` are the Python API; `looks
replay` is the same by hand.
"""
