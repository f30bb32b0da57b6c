"""The console: a page that works over the v1 surface, with the key that its tab was given."""
