"""What object storage and the network raise, in words that say what to do and tell no secret."""

from collections.abc import Iterator
from contextlib import contextmanager

from catalogs.errors import StorageError

UNREACHABLE = (
    "the storage cannot be reached or breaks off; look at the network, at AWS_ENDPOINT_URL and at "
    "the storage itself"
)
_FORBIDDEN = (
    "the storage refuses access; look at the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID) and at "
    "what they may do"
)
BETWEEN = "what came over the network is not what lies there: look at what is between"
BY_NAME = {
    "FlexibleChecksumError": BETWEEN,
    "NoCredentialsError": "no credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, on every host that works",
    "PartialCredentialsError": "the credentials are not complete; set both parts of the key",
    "ProfileNotFound": "AWS_PROFILE names a profile that is not there; correct it",
    "InvalidObjectState": "the object is in an archive tier; restore it to a readable one",
    "NoSuchBucket": "there is no such bucket; correct the URL or AWS_ENDPOINT_URL",
    "FileNotFoundError": "it is not there any more; bring it back",
}


@contextmanager
def in_words() -> Iterator[None]:
    """Turn whatever storage and network raise into one error that says what to do."""
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        raise StorageError(_words(error)) from None  # whose text could hold more than it should


def _words(error: BaseException) -> str:
    """What to say of a fault: by the storage's own code, else by its kind, never its text."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    codes = [_code(one) for one in chain]
    for name in (*codes, *(type(one).__name__ for one in chain)):
        if name in BY_NAME:
            return BY_NAME[name]
    said = next(filter(None, codes), type(chain[-1]).__name__)
    if any(isinstance(one, PermissionError) for one in chain) or said in ("403", "Forbidden"):
        return f"{_FORBIDDEN} ({said})"
    return f"{UNREACHABLE} ({said})"


def _code(error: BaseException) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
