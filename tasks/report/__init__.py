"""The morning report: what a night did, from its records alone, for a person to believe."""
