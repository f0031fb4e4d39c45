"""Faces of a shot: found, followed, described. Nothing is fetched at run time."""
