"""Sources and finished reels in object storage: listed, staged, published."""
