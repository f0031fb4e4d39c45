"""When, where and how often: the night."""
