"""The injection suite: faults of known kind and strength, and whether the metrics see them."""
