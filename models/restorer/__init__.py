"""The learned restorer: one streaming network for several kinds of damage, asked for by name.

    restorer = load_restorer(path)                       # models.restorer.weights
    step = LearnedRestorer(str(path), dirt=1, scratch=1) # models.restorer.step, a `Step`

What goes through it, frame by frame:

    seen.py         what the network is shown
    neighbours.py   the frame, its neighbours drawn in place, and the engine's evidence
    averages.py     the engine's own average of them
    network.py      a U-Net over them; features wait in buffers for both neighbours in time
    stream.py       the same network over a shot that never ends
    step.py         frames in, changes out
    training/       clips, damage, losses and the loop

Sources: the buffers for both directions are those of Qi et al., "Real-time streaming video
denoising with bidirectional buffers" (BSVD), ACM Multimedia 2022; neighbours in place as in
engines since Kokaram, "Motion Picture Restoration", 1998; a learned gate on what is carried on as
in Wan, Zhang, Chen, Liao, "Bringing old films back to life", CVPR 2022. Ours differs:

- Each sample is first of all a weighted mean of what the frame, its neighbours in place and the
  engine's own average of them show; the network says with which weights. So it starts where the
  engine ends.
- What the evidence calls damaged is replaced before anything is carried to another frame. The
  damaged samples themselves reach the last layers of their own frame only.
- `output = source + gate x residual`. The gate is exactly 0 where no task is asked or no damage
  is seen, and what is not gated is the source, bit for bit.

Limits: a frame that is destroyed whole has no flow; the step `missing` must come first. Weave is
not undone. Fast motion that optical flow loses is left to the features' own reach.
"""

from models.restorer.answer import Answer
from models.restorer.config import LARGE, SMALL, TASKS, RestorerConfig
from models.restorer.network import Restorer

__all__ = ["LARGE", "SMALL", "TASKS", "Answer", "Restorer", "RestorerConfig"]
