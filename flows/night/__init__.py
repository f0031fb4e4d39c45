"""A batch of work: from its first record over every reel and shot to its report."""
