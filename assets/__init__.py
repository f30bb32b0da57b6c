"""Builds the mannequins that the compositing engine dresses, and trains its segmenter.

Not needed to run Looks.
"""
