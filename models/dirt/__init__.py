"""Specks and blotches of one frame: which they are, and the step that repairs them."""
