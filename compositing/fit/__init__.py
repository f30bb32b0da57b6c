"""Laying a garment on the mannequin: maps from the look back to the photo, and cloth carried along them."""
