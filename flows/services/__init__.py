"""Prefect and MLflow: the servers that are there, or ones of our own for a night."""
