"""Who may use the dashboard of a store: names, roles and password hashes in `accounts.json`.

A viewer looks, a reviewer decides, an admin reopens reels that were signed off as well.
Passwords are hashed with Argon2id (argon2-cffi's defaults, RFC 9106's low-memory profile).
"""

import json
import re
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from catalogs.durable import write_whole
from catalogs.errors import StoreError

Role = Literal["viewer", "reviewer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

LEAST_PASSWORD = 12
MOST_PASSWORD = 256
FORMAT = 1

_NAME = re.compile(r"[^\W_][\w .'@-]{0,63}")
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody has this password")


@dataclass(frozen=True)
class Account:
    """One person.

    Attributes:
        password: Argon2id hash in its usual notation.
    """

    name: str
    role: Role
    password: str


class Accounts:
    """The accounts of one store, read again whenever the file changes.

    Args:
        file: `STORE/accounts.json`; absent while there are none.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._known: dict[str, Account] = {}

    def all(self) -> tuple[Account, ...]:
        """Every account, by name.

        Raises:
            StoreError: the file is there and cannot be understood. Nobody is let in then.
        """
        with self._lock:
            stamp = self._stamp()
            if stamp != self._seen:
                self._known = {} if stamp is None else _read(self.file)
                self._seen = stamp
            return tuple(sorted(self._known.values(), key=lambda account: account.name.lower()))

    def find(self, name: str) -> Account | None:
        """The account of a name, whatever its case."""
        return next((a for a in self.all() if a.name.casefold() == name.casefold()), None)

    def check(self, name: str, password: str) -> Account | None:
        """The account if the password is right; as slow where there is no such name."""
        account = self.find(name)
        usable = password if len(password) <= MOST_PASSWORD else ""
        try:
            _HASHER.verify(account.password if account else _NOBODY, usable)
        except (VerificationError, InvalidHashError):
            return None
        return account

    def set(self, name: str, role: Role, password: str) -> None:
        """Add a person, or give one another role and password.

        Raises:
            StoreError: the name or the password will not do.
        """
        if not _NAME.fullmatch(name) or name != name.strip():
            raise StoreError(f"{name!r}: a name is 1 to 64 letters, digits, blanks and . ' @ - _")
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
            raise StoreError(f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters")
        kept = [a for a in self.all() if a.name.casefold() != name.casefold()]
        self._write([*kept, Account(name, role, _HASHER.hash(password))])

    def remove(self, name: str) -> None:
        """Take a person's access away; what they decided stays.

        Raises:
            StoreError: there is no such account.
        """
        account = self.find(name)
        if account is None:
            raise StoreError(f"no account of {name}")
        self._write([other for other in self.all() if other != account])

    def _write(self, accounts: list[Account]) -> None:
        content = {"format": FORMAT, "accounts": [asdict(account) for account in accounts]}
        write_whole(self.file, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
        self.file.chmod(0o600)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            facts = self.file.stat()
        except FileNotFoundError:
            return None
        return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _read(file: Path) -> dict[str, Account]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format is not {FORMAT}")
        found = [Account(**row) for row in content["accounts"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{file} cannot be read ({error}); restore it from a copy") from error
    if any(account.role not in ROLES for account in found):
        raise StoreError(f"{file} names a role that there is not; roles are {', '.join(ROLES)}")
    return {account.name.casefold(): account for account in found}
