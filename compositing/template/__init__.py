"""A flat garment of few numbers, fitted to a photo's cut-out: its points are the landmarks."""
