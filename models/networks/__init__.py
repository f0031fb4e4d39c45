"""Learned models: what a network owes, those that are known, and how one is made steady."""
