"""Cutting a garment out of its photo."""
