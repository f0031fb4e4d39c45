"""Destroyed frames: which they are, and the step that rebuilds them."""
