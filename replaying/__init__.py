"""Replaying topics: any range of any topics, to people, files, tables or another topic. Reads only;
moves nobody's offsets. The Python API is `replaying.events`, `looks replay` the same by hand.
"""
