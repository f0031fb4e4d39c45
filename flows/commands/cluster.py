"""`wetgate cluster ...`: what a cluster profile comes to, before anything is started.

Exit status 0 when it can be shown, 1 when what it needs is not installed, 2 when the profile does
not hold together.
"""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.cluster.profile import ClusterProfile

cluster_app = typer.Typer(
    name="cluster", no_args_is_help=True, help="Where the workers of a night run."
)


@cluster_app.command("show")
def show(
    profile: Annotated[str, typer.Argument(help="A profile's file, or the name of a shipped one.")],
) -> None:
    """Print the job script, the manifest, or the workers of a profile; start nothing."""
    from flows.cluster.profile import read_profile

    typer.echo(profile_text(read_profile(profile)))


@cluster_app.command("list")
def list_profiles() -> None:
    """Print the shipped profiles and their files, to copy one."""
    from flows.cluster.profile import shipped_profiles

    for name, path in shipped_profiles().items():
        typer.echo(f"{name}  {path}")


def profile_text(profile: "ClusterProfile") -> str:
    """What would be started, in the words of what starts it."""
    from flows.cluster.kubernetes import manifest_text
    from flows.cluster.local import worker_specs
    from flows.cluster.slurm import job_script
    from flows.cluster.start import security_of

    if profile.kind == "slurm":
        return f"# {profile.workers} jobs, by sbatch\n{job_script(profile, security_of(profile))}"
    if profile.kind == "kubernetes":
        return manifest_text(profile)
    if profile.scheduler is not None:
        return (
            f"the workers that are at {profile.scheduler.address}; start each with\n"
            f"dask worker {profile.scheduler.address} --nthreads 1 --memory-limit 0"
            + _certificates(profile)
        )
    with_networks, without = (len(worker_specs(profile, networks)) for networks in (True, False))
    return f"{without} worker(s) on this machine, {with_networks} where the recipe has a network"


def _certificates(profile: "ClusterProfile") -> str:
    tls = profile.tls
    if tls is None:
        return ""
    return f" --tls-ca-file {tls.ca} --tls-cert {tls.cert} --tls-key {tls.key}"
