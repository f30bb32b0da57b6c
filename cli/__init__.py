"""`looks`, the command line: composition roots for people."""
