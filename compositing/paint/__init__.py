"""Putting the look together: who is seen over whom, in which light."""
