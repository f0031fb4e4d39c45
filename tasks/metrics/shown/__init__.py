"""What is shown beside the metrics and never flagged: known measures, with their known flaws."""
