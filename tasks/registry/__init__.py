"""What a registered model must show: that it runs, what it costs, whether it is better."""
