"""Which shots another treatment changes, and what becomes of the versions that stand."""
