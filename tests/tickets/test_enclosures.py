"""Files that officers send are judged by what they are."""

from __future__ import annotations

import io
import zipfile

import pytest

from tickets.enclosures import checked_file
from tickets.errors import FileRejected
from tickets.files import MAX_FILE_BYTES

PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n"


def packed(*names: str, size: int = 4) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, bytes(size))
    return out.getvalue()


WORD = packed("[Content_Types].xml", "word/document.xml")
EXCEL = packed("[Content_Types].xml", "xl/workbook.xml")


@pytest.mark.parametrize(
    ("name", "content", "called"),
    [
        ("告知书.pdf", PDF, "告知书.pdf"),
        ("告知书.exe", PDF, "告知书.pdf"),
        ("C:\\公文\\名单.XLS", EXCEL, "名单.xlsx"),
        ("../../etc/passwd", WORD, "passwd.docx"),
        ('a<b>:"|.docx', WORD, "ab.docx"),
        ("", PDF, "附件.pdf"),
        ("长" * 300 + ".pdf", PDF, "长" * 80 + ".pdf"),
    ],
)
def test_a_file_is_named_by_its_content(name: str, content: bytes, called: str) -> None:
    assert checked_file(name, content).name == called


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"MZ\x90 program", "not_a_document"),
        (packed("a.txt"), "not_a_document"),
        (b"PK\x03\x04 broken", "not_a_document"),
        (PDF.replace(b"%%EOF", b""), "damaged"),
        (PDF.replace(b"/Catalog", b"/Catalog /JavaScript"), "active"),
        (packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "active"),
        (packed("[Content_Types].xml", "word/document.xml", size=40 * 1024 * 1024), "too_large"),
        (PDF + bytes(MAX_FILE_BYTES), "too_large"),
    ],
)
def test_what_is_no_plain_document_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(FileRejected) as refused:
        checked_file("a.pdf", content)

    assert refused.value.reason == reason
