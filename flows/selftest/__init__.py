"""The injection suite: does each metric see the faults that it is there for?"""
