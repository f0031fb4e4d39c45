"""A restored reel as others work with it or keep it."""
