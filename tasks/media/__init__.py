"""The only place that speaks to FFmpeg. Every graph is built with ffmpeg-python."""
