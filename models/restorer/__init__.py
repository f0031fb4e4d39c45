"""The learned restorer: one streaming network that refines what the engine makes of old film.

    network = RestorerNetwork(load_restorer(path))      # models.networks.restorer, a `Learned`
    changes = network.restored(frames, Motion(), ("dirt", "scratch"))

What goes through it, frame by frame:

    engine.py       the engine's own steps for the tasks that are asked
    neighbours.py   the engine's answer, its neighbours' drawn in place, and evidence
    bounds.py       where its masks may open
    seen.py         what the network is shown
    network.py      a U-Net over it; features wait in buffers for both neighbours in time
    answer.py       what it adds, and how far the evidence lets it
    stream.py       the same network over a shot that never ends
    training/       clips, damage, losses and the loop

Sources: the buffers for both directions are those of Qi et al., "Real-time streaming video
denoising with bidirectional buffers" (BSVD), ACM Multimedia 2022; neighbours in place as in
engines since Kokaram, "Motion Picture Restoration", 1998; a learned gate on what is carried on as
in Wan, Zhang, Chen, Liao, "Bringing old films back to life", CVPR 2022. Ours differs:

- It adds to the engine's answer. Before it is trained it adds nothing, and the output is the
  engine's, bit for bit.
- What it adds is bounded by evidence: within masks it is free, and they open only where a spike in
  time or the engine speaks for damage; outside, by the noise that the engine found there, and for
  brightness by the flicker that the engine took out. Where it found neither, nothing is added.
- What the engine repaired is what other frames see. Damaged samples reach the last layers of their
  own frame only.

Limits: weave is not undone, the step `stabilise` must come first. What the engine does not find and
the network's masks do not either, stays.
"""

from models.restorer.answer import Answer
from models.restorer.config import LARGE, SMALL, TASKS, RestorerConfig
from models.restorer.network import Restorer

__all__ = ["LARGE", "SMALL", "TASKS", "Answer", "Restorer", "RestorerConfig"]
