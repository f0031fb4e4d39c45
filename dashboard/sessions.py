"""Who is signed in: sessions in memory, so that a restart signs everybody out.

A visitor's cookie is a random token. What a form proves (CSRF) is a hash of that token with a
secret of this process, so that nothing is kept for visitors who have not signed in.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from dashboard.accounts import Account

IDLE_SECONDS = 4 * 3600
WHOLE_SECONDS = 14 * 3600
MOST_SESSIONS = 2000


@dataclass(frozen=True)
class Session:
    """One person in one browser.

    Attributes:
        password: hash of the password at sign-in; a new password ends the session.
    """

    name: str
    password: str
    began: float
    seen: float


class Sessions:
    """Sessions by token.

    Args:
        now: seconds of a clock that does not go back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._known: dict[str, Session] = {}

    def token(self) -> str:
        """A token for a new visitor."""
        return secrets.token_urlsafe(32)

    def begin(self, account: Account) -> str:
        """Sign in; the token is a new one, so that a planted cookie is worth nothing."""
        now = self._now()
        with self._lock:
            self._sweep(now)
            token = self.token()
            self._known[token] = Session(account.name, account.password, now, now)
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token, if it has not run out."""
        now = self._now()
        with self._lock:
            session = self._known.get(token)
            if session is None:
                return None
            if _is_over(session, now):
                del self._known[token]
                return None
            self._known[token] = replace(session, seen=now)
            return session

    def end(self, token: str) -> None:
        """Sign out."""
        with self._lock:
            self._known.pop(token, None)

    def proof(self, token: str) -> str:
        """What a form of this visitor must carry."""
        return hmac.new(self._secret, token.encode(), hashlib.sha256).hexdigest()

    def proves(self, token: str, claimed: str) -> bool:
        """Whether a form came from a page that this visitor was given."""
        return bool(token) and hmac.compare_digest(
            self.proof(token).encode(), claimed.encode("utf-8", "replace")
        )

    def _sweep(self, now: float) -> None:
        kept = {t: s for t, s in self._known.items() if not _is_over(s, now)}
        newest = sorted(kept.items(), key=lambda entry: entry[1].seen)[-(MOST_SESSIONS - 1) :]
        self._known = dict(newest)


def _is_over(session: Session, now: float) -> bool:
    return now - session.seen > IDLE_SECONDS or now - session.began > WHOLE_SECONDS
