"""A flat garment of few numbers, fitted to a photo's cut-out: its points are the landmarks."""

from compositing.template.families import family_of, fit, fit_as
from compositing.template.parts import parts
from compositing.template.wedges import pockets_from, wedges

__all__ = ["family_of", "fit", "fit_as", "parts", "pockets_from", "wedges"]
