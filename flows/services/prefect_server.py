"""A local Prefect server that ends when its parent does.

    python -m flows.services.prefect_server PORT

The parent holds the other end of our standard input; when it dies, even by `kill -9`, the
input closes and the server goes with it.
"""

import os
import sys
import threading


def main() -> None:
    """Serve Prefect's API on the loopback interface until standard input closes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    uvicorn.run(
        create_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False
    )


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
