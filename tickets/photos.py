"""Photos: checked by content, re-encoded without metadata, the original sealed beside it, stored by
content hash.

What we hand out is always a JPEG that Pillow wrote: whatever else a file was or carried (another format
in the same bytes, a place, a camera's number) doesn't survive that. The original is evidence: it is kept
with its own hash, and never served.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import ExifTags, Image, ImageOps

from tickets.blobs import Blobs, FolderBlobs
from tickets.errors import PhotoRejected
from tickets.vault import Vault

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_PHOTO_PIXELS = 64_000_000
MAX_SIDE_PIXELS = 2048
MEDIA_TYPE = "image/jpeg"
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, TypeError)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo in the store.

    Attributes:
        sha256: of the re-encoded file; what the rest of the project calls it by.
        gps: latitude and longitude (WGS-84) from the original's EXIF, to be offered as the place; or None.
        original_sha256: of the bytes as they came.
    """

    sha256: str
    media_type: str
    width: int
    height: int
    gps: tuple[float, float] | None = field(default=None, repr=False)
    original_sha256: str = ""


class PhotoStore:
    """Photos in a folder or in another store. Work is CPU-heavy and synchronous: call it in a thread.

    Args:
        place: the folder, or where else the bytes lie.
        seal: encrypts an original before it is written, or None to write it as it is.

    Raises: OSError from every method, when the store can't be used now.
    """

    def __init__(self, place: Path | str | Blobs, seal: Callable[[bytes], bytes] | None = None) -> None:
        self._blobs: Blobs = FolderBlobs(place) if isinstance(place, Path | str) else place
        self._seal = seal

    def save(self, content: bytes) -> StoredPhoto:
        """Check, re-encode and store one photo; storing the same one again changes nothing.

        Raises: PhotoRejected.
        """
        if len(content) > MAX_PHOTO_BYTES:
            raise PhotoRejected("too_large")
        picture, gps = _read(content)
        encoded = _encode(picture)
        sha256 = hashlib.sha256(encoded).hexdigest()
        original = hashlib.sha256(content).hexdigest()
        self._blobs.write(_original(original), self._seal(content) if self._seal else content)
        # Which originals a photo came from: the same picture may come with different metadata.
        self._blobs.write(_source(sha256, original), b"")
        self._blobs.write(_photo(sha256), encoded)
        return StoredPhoto(sha256, MEDIA_TYPE, picture.width, picture.height, gps, original)

    def read(self, sha256: str) -> bytes:
        """The photo's bytes, a JPEG. Only the one that has checked who asks may serve it.

        Raises: FileNotFoundError; ValueError, for what isn't a SHA-256: it may come from an URL.
        """
        return self._blobs.read(_photo(sha256))

    def has(self, sha256: str) -> bool:
        """Whether the photo is there."""
        return bool(_SHA256.fullmatch(sha256)) and self._blobs.has(_photo(sha256))

    def read_original(self, original_sha256: str, unseal: Callable[[bytes], bytes] | None = None) -> bytes:
        """The bytes as they came, for a case file. Raises: FileNotFoundError; ValueError, if they were
        changed.
        """
        content = self._blobs.read(_original(original_sha256))
        content = unseal(content) if unseal else content
        if not _is(content, original_sha256):
            raise ValueError("the original was changed")
        return content

    def reseal(self, vault: Vault) -> int:
        """Seal originals with the current key that are in clear or under an old one. Returns how many.

        Raises: ContactSealed, if the key of one of them is missing; ValueError, if one was changed.
        """
        done = 0
        for number in range(256):
            for name in self._blobs.names(f"originals/{number:02x}/"):
                stored = self._blobs.read(name)
                if stored.startswith(vault.current_start):
                    continue
                sha256 = name.rpartition("/")[2].removesuffix(".bin")
                content = stored if _is(stored, sha256) else vault.open_bytes(stored)
                if not _is(content, sha256):
                    raise ValueError(f"the original {sha256} was changed")
                self._blobs.replace(name, vault.seal_bytes(content))
                done += 1
        return done

    def originals(self, sha256: str) -> list[str]:
        """The hashes of the originals that a photo came from."""
        return [name.rpartition(".from-")[2] for name in self._blobs.names(_source(sha256, ""))]

    def delete(self, sha256: str) -> None:
        """Erase a photo and its originals; nothing happens if they are gone already."""
        for original in self.originals(sha256):
            self._blobs.delete(_original(original))
            self._blobs.delete(_source(sha256, original))
        self._blobs.delete(_photo(sha256))


def _is(content: bytes, sha256: str) -> bool:
    return hashlib.sha256(content).hexdigest() == sha256


def _photo(sha256: str) -> str:
    return f"photos/{_checked(sha256)[:2]}/{sha256}.jpg"


def _source(sha256: str, original: str) -> str:
    return f"photos/{_checked(sha256)[:2]}/{sha256}.from-{original}"


def _original(sha256: str) -> str:
    return f"originals/{_checked(sha256)[:2]}/{sha256}.bin"


def _checked(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256")
    return sha256


def _read(content: bytes) -> tuple[Image.Image, tuple[float, float] | None]:
    with warnings.catch_warnings():
        # Pillow warns of large pictures; we refuse them ourselves, earlier.
        warnings.simplefilter("ignore")
        picture = _open(content)
        try:
            gps = _gps(picture)
            # JPEG can be decoded at a fraction of its size, which is all that we keep.
            picture.draft("RGB", (MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
            picture.load()
            picture = ImageOps.exif_transpose(picture)
            picture = _on_white(picture)
        except (*_DAMAGE, MemoryError) as error:
            raise PhotoRejected("damaged") from error
    picture.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
    return picture, gps


def _open(content: bytes) -> Image.Image:
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        raise PhotoRejected("heic")
    try:
        picture = Image.open(io.BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise PhotoRejected("too_many_pixels") from error
    except _DAMAGE as error:
        raise PhotoRejected("damaged" if _looks_like_image(content) else "not_an_image") from error
    if picture.width * picture.height > MAX_PHOTO_PIXELS:
        raise PhotoRejected("too_many_pixels")
    return picture


def _looks_like_image(content: bytes) -> bool:
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return is_webp or content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8"))


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    ground = Image.new("RGB", layered.size, "white")
    ground.paste(layered, mask=layered.getchannel("A"))
    return ground


def _encode(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    # A new picture has no metadata of the old one to carry over.
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    clean.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def _gps(picture: Image.Image) -> tuple[float, float] | None:
    try:
        gps = picture.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef] == "S")
        longitude = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef] == "W")
    except (*_DAMAGE, KeyError, ZeroDivisionError):
        return None
    is_on_earth = abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if is_on_earth and (latitude, longitude) != (0.0, 0.0) else None


def _degrees(parts: tuple[float, float, float], is_negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return round(-value if is_negative else value, 7)
