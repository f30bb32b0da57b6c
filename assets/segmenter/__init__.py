"""Trains the engine's learned segmenter on garments that the project draws. Not needed to run
Looks.
"""
