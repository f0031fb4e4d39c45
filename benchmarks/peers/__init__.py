"""peers."""

from benchmarks.peers import ffmpeg_chains
from benchmarks.peers.raw import Peer


def available_peers() -> dict[str, Peer]:
    """Every peer that is installed."""
    return dict(ffmpeg_chains.PEERS)
