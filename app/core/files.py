"""Files by their sha256 under the data folder; the type is read from the bytes, never believed from a name."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from app.core.errors import Invalid
from app.core.thai import one_line

PNG, JPEG, GIF, WEBP, PDF, DOCX, XLSX = (
    "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
EXTENSIONS = {PNG: ".png", JPEG: ".jpg", GIF: ".gif", WEBP: ".webp", PDF: ".pdf", DOCX: ".docx", XLSX: ".xlsx"}
IMAGES = frozenset({PNG, JPEG, GIF, WEBP})
MAX_NAME_BYTES = 180
MAX_ZIP_ENTRIES, MAX_ZIP_BYTES = 5_000, 300 * 1024 * 1024
_MAGIC = ((b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG), (b"GIF87a", GIF), (b"GIF89a", GIF), (b"%PDF-", PDF))


@dataclass(frozen=True)
class StoredFile:
    """A kept file: sha256 in hex, size in bytes, the type decided from its bytes."""

    sha256: str
    size: int
    media_type: str


def media_type(content: bytes) -> str:
    """Type from the bytes. Raises Invalid for anything but images, PDF, DOCX and XLSX."""
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content.startswith(b"PK\x03\x04"):
        return _office_type(content)
    raise Invalid({"file": "รับเฉพาะรูปภาพ (PNG, JPEG, GIF, WebP), PDF, DOCX และ XLSX โปรดบันทึกไฟล์เป็นชนิดเหล่านี้ก่อน"})


def _office_type(content: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            too_big = len(entries) > MAX_ZIP_ENTRIES or sum(e.file_size for e in entries) > MAX_ZIP_BYTES
            names = {entry.filename for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Invalid({"file": "ไฟล์นี้เปิดไม่ได้ อาจเสียหายระหว่างคัดลอก โปรดลองบันทึกใหม่แล้วแนบอีกครั้ง"}) from error
    if too_big:
        raise Invalid({"file": "ไฟล์นี้ขยายแล้วใหญ่ผิดปกติ จึงไม่รับไว้"})
    if "word/document.xml" in names:
        return DOCX
    if "xl/workbook.xml" in names:
        return XLSX
    raise Invalid({"file": "ไฟล์บีบอัดทั่วไปแนบไม่ได้ โปรดแนบเป็น DOCX, XLSX หรือ PDF"})


def clean_name(name: str, kind: str) -> str:
    """A name fit for showing and saving: no folders or controls, the extension of the real type, bounded in bytes."""
    base = one_line(name).replace("\\", "/").rsplit("/", 1)[-1].strip(". ")
    base = "".join(c for c in base if c not in '<>:"|?*%#')
    stem = base.rsplit(".", 1)[0] if "." in base else base
    extension = EXTENSIONS[kind]
    while len((stem + extension).encode()) > MAX_NAME_BYTES:
        stem = stem[:-1]
    if not stem or stem.upper() in ("CON", "PRN", "AUX", "NUL"):
        stem = "ไฟล์แนบ"
    return stem + extension


class FileStore:
    """Content-addressed files: the same bytes are kept once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where a file lies. Raises ValueError for anything that is not a sha256."""
        if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
            raise ValueError("not a sha256")
        return self.folder / sha256[:2] / sha256

    def keep(self, content: bytes) -> StoredFile:
        """Store bytes; written whole or not at all. Raises Invalid for a type that is not accepted."""
        kind = media_type(content)
        digest = hashlib.sha256(content).hexdigest()
        target = self.path(digest)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent)
            with os.fdopen(handle, "wb") as out:
                out.write(content)
            os.replace(temporary, target)
        return StoredFile(digest, len(content), kind)

    def read(self, sha256: str) -> bytes:
        """The bytes. Raises FileNotFoundError."""
        return self.path(sha256).read_bytes()
