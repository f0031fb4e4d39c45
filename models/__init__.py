"""Tensors in, tensors out: the steps of restoration and what they stand on."""
