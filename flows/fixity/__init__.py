"""Rounds of fixity checks: what is due, and what was found."""
