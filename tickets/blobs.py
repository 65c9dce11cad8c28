"""Where the bytes of photos lie: a folder, or a bucket that speaks S3. Both keep the same promises.

A file appears whole or not at all; writing a name a second time changes nothing, because names are made of
the content's hash. Everything here is synchronous: call it in a thread.
"""

from __future__ import annotations

import glob
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import BackoffConfig

TIMEOUT = timedelta(seconds=20)
BACKOFF: BackoffConfig = {
    "init_backoff": timedelta(milliseconds=100),
    "max_backoff": timedelta(seconds=1),
    "base": 2,
}


class Blobs(Protocol):
    """Named bytes. Names are ours: letters, digits, dots and slashes.

    Raises: FileNotFoundError, when reading what isn't there; OSError, when the store can't be used now.
    """

    def write(self, name: str, content: bytes) -> None:
        """Keep the content under a name that nothing has yet."""

    def replace(self, name: str, content: bytes) -> None:
        """Another content for a name; whoever reads meanwhile gets the one or the other, whole."""

    def read(self, name: str) -> bytes:
        """The whole content."""

    def has(self, name: str) -> bool:
        """Whether there is one of that name."""

    def delete(self, name: str) -> None:
        """Forget it; nothing happens if it is gone already."""

    def names(self, beginning: str) -> list[str]:
        """All names of one folder that begin so, sorted."""


class FolderBlobs:
    """Files below a folder of this machine."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def write(self, name: str, content: bytes) -> None:
        """Whole or not at all, also when the power fails half-way."""
        if not (self._folder / name).exists():
            self.replace(name, content)

    def replace(self, name: str, content: bytes) -> None:
        """Whole or not at all, too."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def read(self, name: str) -> bytes:
        """Raises: FileNotFoundError."""
        return (self._folder / name).read_bytes()

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return (self._folder / name).is_file()

    def delete(self, name: str) -> None:
        """Remove the file."""
        (self._folder / name).unlink(missing_ok=True)

    def names(self, beginning: str) -> list[str]:
        """Files of one folder; those half written have other names."""
        folder, _, start = beginning.rpartition("/")
        found = (self._folder / folder).glob(f"{glob.escape(start)}*")
        return sorted(path.relative_to(self._folder).as_posix() for path in found)


class S3Blobs:
    """Objects of a bucket of any server that speaks S3.

    Args:
        bucket: name, perhaps with a slash and a prefix under which all objects stand.
        endpoint: address of the server; "" for Amazon's own.
    """

    def __init__(
        self, bucket: str, *, endpoint: str = "", access_key: str = "", secret_key: str = "", region: str = ""
    ) -> None:
        name, _, prefix = bucket.partition("/")
        settings = {"endpoint": endpoint, "access_key_id": access_key, "secret_access_key": secret_key}
        self._store = S3Store(
            name,
            prefix=prefix or None,
            region=region or "us-east-1",
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": TIMEOUT},
            retry_config={"max_retries": 2, "retry_timeout": TIMEOUT, "backoff": BACKOFF},
            **{key: value for key, value in settings.items() if value},  # type: ignore[arg-type] # all strings
        )

    def write(self, name: str, content: bytes) -> None:
        """One PUT, which S3 shows whole or not at all.

        Raises: OSError.
        """
        if not self.has(name):
            self.replace(name, content)

    def replace(self, name: str, content: bytes) -> None:
        """One PUT, too.

        Raises: OSError.
        """
        try:
            obstore.put(self._store, name, content)
        except AlreadyExistsError:
            return
        except BaseError as error:
            raise OSError(f"object store: {type(error).__name__}") from error

    def read(self, name: str) -> bytes:
        """Raises: FileNotFoundError; OSError."""
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            raise
        except BaseError as error:
            raise OSError(f"object store: {type(error).__name__}") from error

    def has(self, name: str) -> bool:
        """Raises: OSError."""
        try:
            obstore.head(self._store, name)
        except FileNotFoundError:
            return False
        except BaseError as error:
            raise OSError(f"object store: {type(error).__name__}") from error
        return True

    def delete(self, name: str) -> None:
        """Raises: OSError."""
        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise OSError(f"object store: {type(error).__name__}") from error

    def names(self, beginning: str) -> list[str]:
        """Raises: OSError."""
        try:
            pages = list(obstore.list(self._store, prefix=beginning.rpartition("/")[0]))
        except BaseError as error:
            raise OSError(f"object store: {type(error).__name__}") from error
        found = (item["path"] for page in pages for item in page)
        return sorted(name for name in found if name.startswith(beginning))
