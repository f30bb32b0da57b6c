"""How good a dressed garment is, before it is sold: measures that need no truth, one number, and
reasons."""
