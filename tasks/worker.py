"""Worker processes that do not outlive the run that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """End this process when its parent ends, however that comes about.

    A worker of a run that was killed would otherwise wait for its next work for ever. Called in a
    process that `multiprocessing` started; in any other it does nothing.
    """
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
