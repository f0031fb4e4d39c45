"""Strata: what shots and faces are grouped by, and whether restoration serves them alike.

Nobody's ethnicity, sex or age is inferred: nothing here classifies people. Strata are what can be
measured on the picture (light, motion, size, grain, colour), what the catalog says (date), and
what an archivist wrote into a side file. People are linked within a reel to be counted, and never
named. docs/strata.md has all of them.
"""
