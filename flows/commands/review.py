"""`wetgate review`: opens the QC dashboard of a store, and keeps its accounts.

Exit status 0 when it was closed, 1 when it cannot be opened, 2 for wrong usage.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogs.errors import StoreError
from catalogs.store import existing_store
from dashboard.settings import FIRST_PORT, Settings
from flows.commands.options import StoreOption

if TYPE_CHECKING:
    from dashboard.accounts import Accounts, Role

PASSWORD = "WETGATE_REVIEW_PASSWORD"

review_app = typer.Typer(
    invoke_without_command=True,
    no_args_is_help=False,
    help="Open the QC dashboard: last night, before and after, decisions.",
)
accounts_app = typer.Typer(no_args_is_help=True, help="Who may use the dashboard, and as what.")
review_app.add_typer(accounts_app, name="accounts")

RoleOption = Annotated[
    str, typer.Option(help="viewer (looks), reviewer (decides) or admin (reopens as well).")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As it stands in decisions.")]


@review_app.callback()
def review(
    context: typer.Context,
    store: StoreOption = Path("store"),
    person: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Who decides, where there are no accounts."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; beyond this machine accounts are needed.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help=f"The first free from {FIRST_PORT} if not given."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="Host name that people reach it by."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TLS certificate, PEM.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key, PEM.")] = None,
    proxy: Annotated[
        bool,
        typer.Option("--behind-tls", help="A proxy in front of it speaks TLS and says who asks."),
    ] = False,
    hour_price: Annotated[
        str | None,
        typer.Option(metavar="'1.20 EUR'", help="Of a worker hour; nights show their cost."),
    ] = None,
) -> None:
    """Open the dashboard until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    if bool(certificate) != bool(key):
        raise typer.BadParameter("a certificate needs its key", param_hint="--certificate --key")
    from dashboard.serve import serve

    settings = Settings(
        host=host,
        port=port,
        person=person or "",
        names=tuple(name or ()),
        is_encrypted=proxy or certificate is not None,
        is_behind_proxy=proxy,
        hour_price=_price(hour_price),
    )
    tls = (certificate, key) if certificate and key else None
    serve(existing_store(store), settings, tls, typer.echo)


@accounts_app.command("add")
def add(
    name: NameArgument, store: StoreOption = Path("store"), role: RoleOption = "reviewer"
) -> None:
    """Add a person; the password is asked for, or read from WETGATE_REVIEW_PASSWORD."""
    accounts = _accounts(store)
    if accounts.find(name) is not None:
        raise StoreError(f"there is an account of {name} already; see `accounts password`")
    accounts.set(name, _role(role), _password())
    typer.echo(f"{name} may sign in as {role}")


@accounts_app.command("password")
def password(
    name: NameArgument,
    store: StoreOption = Path("store"),
    role: Annotated[str | None, typer.Option(help="Another role as well.")] = None,
) -> None:
    """Give a person another password; ends their sessions."""
    accounts = _accounts(store)
    account = accounts.find(name)
    if account is None:
        raise StoreError(f"no account of {name}")
    accounts.set(account.name, _role(role or account.role), _password())
    typer.echo(f"{account.name} has a new password, as {role or account.role}")


@accounts_app.command("remove")
def remove(name: NameArgument, store: StoreOption = Path("store")) -> None:
    """Take a person's access away; what they decided stays."""
    _accounts(store).remove(name)
    typer.echo(f"{name} may not sign in any more")


@accounts_app.command("list")
def list_accounts(store: StoreOption = Path("store")) -> None:
    """Say who may sign in."""
    found = _accounts(store).all()
    for account in found:
        typer.echo(f"{account.role:9} {account.name}")
    if not found:
        typer.echo("no accounts: only this machine may open the dashboard")


def _accounts(store: Path) -> "Accounts":
    from dashboard.accounts import Accounts

    return Accounts(existing_store(store).root / "accounts.json")


def _price(text: str | None) -> tuple[float, str] | None:
    """An amount and its currency."""
    if text is None:
        return None
    amount, _, currency = text.strip().partition(" ")
    try:
        return float(amount), currency.strip()
    except ValueError as error:
        raise typer.BadParameter("an amount and a currency", param_hint="--hour-price") from error


def _role(name: str) -> "Role":
    from dashboard.accounts import ROLES

    found = next((role for role in ROLES if role == name), None)
    if found is None:
        raise typer.BadParameter(f"one of {', '.join(ROLES)}", param_hint="--role")
    return found


def _password() -> str:
    given = os.environ.get(PASSWORD)
    return given or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
