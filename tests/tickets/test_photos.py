"""Photos: what is kept, what is refused, and what is gone from them afterwards."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from PIL import ExifTags, Image

from tests.tickets.conftest import Stored
from tickets.errors import PhotoRejected
from tickets.photos import MAX_PHOTO_BYTES, MAX_SIDE_PIXELS, PhotoStore


def picture(
    form: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", exif: Image.Exif | None = None
) -> bytes:
    """A picture with some structure in it."""
    out = io.BytesIO()
    image = Image.radial_gradient("L").resize(size).convert(mode)
    image.save(out, form, **({"exif": exif} if exif else {}))
    return out.getvalue()


def exif_in_fuqing(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Model] = "SecretPhone 9"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (25.0, 43.0, 12.0)
    gps[ExifTags.GPS.GPSLongitudeRef] = "E"
    gps[ExifTags.GPS.GPSLongitude] = (119.0, 22.0, 48.0)
    return exif


def png_that_claims(width: int, height: int) -> bytes:
    """A small PNG file whose header promises a huge picture: a decompression bomb."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest) -> Stored:
    """A folder, and a bucket of a real S3 server: what holds for one holds for the other."""
    found: Stored = request.getfixturevalue(f"{request.param}_blobs")
    return found


@pytest.fixture
def store(blobs: Stored) -> PhotoStore:
    return PhotoStore(blobs.blobs)


def rejected(store: PhotoStore, content: bytes) -> str:
    with pytest.raises(PhotoRejected) as caught:
        store.save(content)
    assert caught.value.reply_key == f"photo_{caught.value.reason}"
    return caught.value.reason


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_save_keeps_a_jpeg_of_any_common_picture(store: PhotoStore, form: str) -> None:
    stored = store.save(picture(form))

    assert (stored.media_type, stored.width, stored.height) == ("image/jpeg", 64, 48)
    content = store.read(stored.sha256)
    assert hashlib.sha256(content).hexdigest() == stored.sha256
    assert Image.open(io.BytesIO(content)).format == "JPEG"


def test_save_twice_stores_once(store: PhotoStore, blobs: Stored) -> None:
    first, second = store.save(picture()), store.save(picture())

    assert first == second
    assert len(blobs.files()) == 3


def test_the_same_picture_with_other_metadata_keeps_both_originals(store: PhotoStore, blobs: Stored) -> None:
    out = io.BytesIO()
    plain = store.save(picture())
    Image.open(io.BytesIO(picture())).save(out, "PNG")

    other = store.save(out.getvalue())

    assert other.sha256 == plain.sha256
    assert store.originals(plain.sha256) == sorted([plain.original_sha256, other.original_sha256])
    store.delete(plain.sha256)
    assert blobs.files() == []


def test_save_takes_the_place_out_and_drops_everything_else(store: PhotoStore) -> None:
    original = picture(exif=exif_in_fuqing())

    stored = store.save(original)

    assert stored.gps == (25.72, 119.38)
    content = store.read(stored.sha256)
    assert b"SecretPhone" not in content
    assert not Image.open(io.BytesIO(content)).getexif()
    assert store.read_original(stored.original_sha256) == original


def test_save_turns_the_picture_as_it_was_held(store: PhotoStore) -> None:
    stored = store.save(picture(exif=exif_in_fuqing(orientation=6)))

    assert (stored.width, stored.height) == (48, 64)


def test_save_shrinks_a_large_photo(store: PhotoStore) -> None:
    stored = store.save(picture(size=(6000, 4000)))

    assert stored.width == MAX_SIDE_PIXELS


def test_save_puts_transparency_on_white(store: PhotoStore) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")

    stored = store.save(out.getvalue())

    assert Image.open(io.BytesIO(store.read(stored.sha256))).getpixel((4, 4)) == (255, 255, 255)


def test_fifty_megabytes_are_too_large(store: PhotoStore) -> None:
    assert rejected(store, picture() + bytes(50 * 1024 * 1024)) == "too_large"


def test_the_limit_itself_is_allowed(store: PhotoStore) -> None:
    content = picture()

    assert store.save(content + bytes(MAX_PHOTO_BYTES - len(content))).width == 64


@pytest.mark.parametrize("content", [b"", b"just text, named photo.jpg", b"<svg/>", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused(store: PhotoStore, content: bytes) -> None:
    assert rejected(store, content) == "not_an_image"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_truncated_anywhere_is_damaged(store: PhotoStore, form: str) -> None:
    content = picture(form, size=(320, 240))

    cuts = range(20, len(content) - 2, max(len(content) // 12, 1))
    assert {rejected(store, content[:cut]) for cut in cuts} == {"damaged"}


@pytest.mark.parametrize("brand", [b"mp42", b"qt  ", b"isom"])
def test_a_video_is_no_picture(store: PhotoStore, brand: bytes) -> None:
    assert rejected(store, b"\x00\x00\x00\x18ftyp" + brand + bytes(400)) == "not_an_image"


def moving(form: str) -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    frames[0].save(out, form, save_all=True, append_images=frames[1:])
    return out.getvalue()


def printed() -> bytes:
    out = io.BytesIO()
    Image.new("CMYK", (40, 30), (0, 255, 255, 0)).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [printed(), moving("WEBP"), moving("GIF"), moving("PNG"), moving("MPO")],
    ids=["cmyk", "webp", "gif", "apng", "mpo"],
)
def test_of_unusual_pictures_the_first_is_kept_as_it_looks(store: PhotoStore, content: bytes) -> None:
    stored = store.save(content)

    kept = Image.open(io.BytesIO(store.read(stored.sha256)))
    assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (40, 30))
    red, green, blue = kept.getpixel((20, 15))  # type: ignore[misc]  # a pixel of RGB
    assert red > 200
    assert max(green, blue) < 60


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_unopened(store: PhotoStore, side: int) -> None:
    assert rejected(store, png_that_claims(side, side)) == "too_many_pixels"


def test_a_picture_shorter_than_it_claims_is_damaged(store: PhotoStore) -> None:
    assert rejected(store, png_that_claims(500, 500)) == "damaged"


def test_heic_is_refused_by_its_name(store: PhotoStore) -> None:
    assert rejected(store, b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic") == "heic"


def test_a_polyglot_leaves_only_the_picture(store: PhotoStore) -> None:
    stored = store.save(picture() + b"<script>alert(1)</script>PK\x03\x04")

    assert b"script" not in store.read(stored.sha256)


def test_nothing_is_left_behind_by_a_refused_file(store: PhotoStore, blobs: Stored) -> None:
    rejected(store, b"text")

    assert blobs.files() == []


def test_gps_that_makes_no_sense_is_no_place(store: PhotoStore) -> None:
    exif = exif_in_fuqing()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (250.0, 0.0, 0.0)

    assert store.save(picture(exif=exif)).gps is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "abc", ""])
def test_read_takes_hashes_only(store: PhotoStore, name: str) -> None:
    assert not store.has(name)
    with pytest.raises(ValueError, match="SHA-256"):
        store.read(name)
    with pytest.raises(ValueError, match="SHA-256"):
        store.read_original(name)


def test_the_original_is_sealed_and_checked(blobs: Stored) -> None:
    store = PhotoStore(blobs.blobs, seal=lambda content: content[::-1])
    original = picture()

    stored = store.save(original)

    assert store.read_original(stored.original_sha256, lambda content: content[::-1]) == original
    with pytest.raises(ValueError, match="changed"):
        store.read_original(stored.original_sha256)


def test_delete_removes_photo_and_original(store: PhotoStore, blobs: Stored) -> None:
    stored = store.save(picture())

    assert store.originals(stored.sha256) == [stored.original_sha256]
    store.delete(stored.sha256)

    assert not store.has(stored.sha256)
    assert blobs.files() == []
    store.delete(stored.sha256)
