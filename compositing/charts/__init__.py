"""Meshes that exist both in the photo and in the look: a garment's parts, sharing their edges."""
