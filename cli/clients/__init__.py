"""What of the clients is made from the contracts: models in Python and TypeScript, the released
schemas, samples, and the blocking client from the asynchronous one. Written by `make contracts`.
"""
