"""Photos for tests."""

from __future__ import annotations

import io

from PIL import Image


def jpeg(colour: str = "green", size: tuple[int, int] = (40, 30)) -> bytes:
    """A small photo; another colour is another photo."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()
