"""Meshes that exist both in the photo and in the look: a garment's parts, which share their edges."""
