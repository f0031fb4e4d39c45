"""How the picture moves as a whole, and the step that takes gate weave out of it."""
