"""What the archive holds and what we know about it."""
