"""Grain and noise: how much there is, the step that averages it away, the step that adds it."""
