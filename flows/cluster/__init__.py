"""The workers of a batch: where they run, which may be given work, and what became of them."""
