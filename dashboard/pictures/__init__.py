"""The picture: proxies, native crops and what is known of each frame."""
