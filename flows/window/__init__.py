"""When a batch may begin work, and when it is to end: the hour, room, and what people ask."""
