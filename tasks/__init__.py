"""One verb each, noun in, noun out."""
