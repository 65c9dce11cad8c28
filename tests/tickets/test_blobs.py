"""Where photos lie: the same promises from a folder and from a server that speaks S3."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tickets.conftest import Stored
from tickets.blobs import S3Blobs


@pytest.fixture(params=["folder", "s3"])
def stored(request: pytest.FixtureRequest) -> Stored:
    found: Stored = request.getfixturevalue(f"{request.param}_blobs")
    return found


def test_what_was_written_is_read_and_a_second_writing_changes_nothing(stored: Stored) -> None:
    stored.blobs.write("photos/ab/one.jpg", b"first")
    stored.blobs.write("photos/ab/one.jpg", b"second")

    assert stored.blobs.read("photos/ab/one.jpg") == b"first"
    assert stored.blobs.has("photos/ab/one.jpg")
    assert stored.files() == ["one.jpg"]
    stored.blobs.replace("photos/ab/one.jpg", b"third")
    assert stored.blobs.read("photos/ab/one.jpg") == b"third"
    assert stored.files() == ["one.jpg"]


def test_what_is_not_there_is_not_found_and_can_be_deleted(stored: Stored) -> None:
    assert not stored.blobs.has("photos/ab/one.jpg")
    with pytest.raises(FileNotFoundError):
        stored.blobs.read("photos/ab/one.jpg")
    stored.blobs.delete("photos/ab/one.jpg")

    stored.blobs.write("photos/ab/one.jpg", b"first")
    stored.blobs.delete("photos/ab/one.jpg")

    assert not stored.blobs.has("photos/ab/one.jpg")
    assert stored.files() == []


def test_names_are_those_of_one_folder_with_that_beginning(stored: Stored) -> None:
    for name in ("photos/ab/one.from-2", "photos/ab/one.from-1", "photos/ab/one.jpg", "photos/ac/one.from-3"):
        stored.blobs.write(name, b"")

    assert stored.blobs.names("photos/ab/one.from-") == ["photos/ab/one.from-1", "photos/ab/one.from-2"]
    assert stored.blobs.names("photos/zz/one.from-") == []


def test_a_server_that_is_away_is_an_error_of_the_system() -> None:
    blobs = S3Blobs("bucket", endpoint="http://127.0.0.1:9", access_key="key", secret_key="secret")

    for call in (blobs.read, blobs.has, blobs.delete, blobs.names):
        with pytest.raises(OSError, match="object store"):
            call("photos/ab/one.jpg")
    with pytest.raises(OSError, match="object store"):
        blobs.write("photos/ab/one.jpg", b"")


def test_a_wrong_key_is_an_error_of_the_system(s3_server: tuple[str, Path]) -> None:
    blobs = S3Blobs("bucket", endpoint=s3_server[0], access_key="key", secret_key="wrong")

    with pytest.raises(OSError, match="object store"):
        blobs.read("photos/ab/one.jpg")


def test_a_prefix_keeps_to_itself(s3_server: tuple[str, Path], s3_blobs: Stored) -> None:
    endpoint, bucket = s3_server
    whole = S3Blobs("bucket", endpoint=endpoint, access_key="key", secret_key="secret")
    s3_blobs.blobs.write("photos/ab/one.jpg", b"first")

    assert (bucket / s3_blobs.folder.name / "photos/ab/one.jpg").read_bytes() == b"first"
    assert whole.read(f"{s3_blobs.folder.name}/photos/ab/one.jpg") == b"first"
    assert not whole.has("photos/ab/one.jpg")
