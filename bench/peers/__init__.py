"""Other job systems beside Looks: the same no-op job, on the same machine in the same minutes."""
