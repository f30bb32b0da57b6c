"""`looks report`: the ten questions, asked and drawn."""
