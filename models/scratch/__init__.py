"""Scratches that run down the film: which lines they are, and the step that takes them out."""
