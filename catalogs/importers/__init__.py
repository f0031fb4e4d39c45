"""Importers: each turns a file of one format into raw records."""
