"""Builds the mannequins that the compositing engine dresses. Not needed to run Looks."""
