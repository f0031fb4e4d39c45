"""How a restorer is trained: clips whose truth is known, damage, losses, the loop.

    python -m models.train --data ../shared/data --out restorer --minutes 60

    clips.json      which clips are trained on and which never are, with their licences
    clips.py        decodes the clips of training once, into memory
    noise.py        white noise, which denoisers are published for
    crops.py        what a step takes
    chances.py      what a draw is damaged by, and what is asked
    draws.py        a draw: a run of frames, damaged, seen as the network sees them, cut into crops
    pool.py         batches from the last few draws; the next ones are made meanwhile
    losses.py       what is to be small; nothing that needs another network
    loop.py         the steps, from the first or from a checkpoint
    checkpoint.py   weights as safetensors, the optimizer's state as plain tensors
    tracking.py     figures as lines of JSON, and to an MLflow server if one is named

What is drawn and how it is batched depends on the seed and the number of the step alone, so a run
that was interrupted goes on as if it had not been.
"""
