"""The rules, pure: no I/O, no clock and no randomness unless passed in."""
