"""One process each. They never import one another: they meet on a topic."""
