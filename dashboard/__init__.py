"""The QC dashboard: last night at a glance, before and after frame by frame, and decisions."""
