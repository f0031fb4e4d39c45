"""`wetgate doctor`: whether this installation is able to run a night."""

from dataclasses import asdict
from pathlib import Path

import typer

from flows import words
from flows.commands.options import JsonOption, StoreOption


def doctor(store: StoreOption = Path("store"), as_json: JsonOption = False) -> None:
    """Check the installation and say what to do."""
    from flows.doctor import examine
    from flows.services.services import quiet_settings

    quiet_settings()
    findings = examine(store)
    if as_json:
        typer.echo(words.as_json([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            mark = "ok  " if finding.ok else "FAIL"
            remedy = f"\n     -> {finding.remedy}" if finding.remedy and not finding.ok else ""
            typer.echo(f"{mark} {finding.name}: {finding.found}{remedy}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)
