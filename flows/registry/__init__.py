"""Models: their versions, aliases and gates, and the treatment that a recipe comes to."""
