"""How bright a frame is: flicker and fading, and the steps that even them out."""
