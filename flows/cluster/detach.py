"""Loaded by every local worker as it starts: Ctrl-C is for the night, not for its workers.

A terminal sends Ctrl-C to the whole group of processes. The night answers it by letting
what runs finish, so its workers must not hear it; they leave the group, and the ffmpeg
processes that they start with them.
"""

import os

os.setpgrp()
