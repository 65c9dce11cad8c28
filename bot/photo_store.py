"""The photo store that the settings ask for: a folder beside the database, or a bucket that speaks S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.config import SettingError
from tickets.blobs import FolderBlobs, S3Blobs
from tickets.photos import PhotoStore

if TYPE_CHECKING:
    from bot.config import Settings
    from tickets.vault import Vault

_S3 = "s3://"


def open_photos(settings: Settings, vault: Vault | None) -> PhotoStore:
    """The store of this installation; originals are sealed in it. Without a vault it is for reading only.

    Raises: SettingError, for a WENFA_PHOTO_STORE that is neither empty nor s3://bucket.
    """
    where, seal = settings.photo_store, vault.seal_bytes if vault else None
    if not where:
        return PhotoStore(FolderBlobs(settings.data_folder / "photos"), seal=seal)
    bucket = where.removeprefix(_S3).strip("/")
    if not where.startswith(_S3) or not bucket:
        raise SettingError(f"WENFA_PHOTO_STORE={where!r} can't be used: expected s3://bucket or nothing")
    blobs = S3Blobs(
        bucket,
        endpoint=settings.s3_endpoint,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        region=settings.s3_region,
    )
    return PhotoStore(blobs, seal=seal)
