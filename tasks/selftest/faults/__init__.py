"""Faults that restoration is known to make, put into harmless outputs on purpose."""
