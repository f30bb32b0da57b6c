"""What operators do, whoever asks for it: `looks` at a terminal, `/ops` over HTTP. No words for
people are printed here, and nobody is asked anything.
"""
