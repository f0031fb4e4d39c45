"""Two treatments of the same shots, metric by metric."""
