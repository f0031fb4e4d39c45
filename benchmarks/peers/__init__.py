"""peers."""

import sys
from benchmarks.peers import ffmpeg_chains, vapoursynth
from benchmarks.peers.raw import Peer


def available_peers() -> dict[str, Peer]:
    """Every peer that is installed."""
    peers = dict(ffmpeg_chains.PEERS)
    if vapoursynth.is_installed():
        peers |= vapoursynth.vapoursynth_peers()
    else:
        print(vapoursynth.MISSING, file=sys.stderr)
    return peers
