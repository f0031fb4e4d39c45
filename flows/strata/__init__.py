"""Whether restoration serves every kind of shot and every face alike."""
