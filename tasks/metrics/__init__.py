"""Quality metrics: one family a file, pure functions of tensors."""
