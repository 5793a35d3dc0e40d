"""A certificate as PDF through typst: words go in as data, never as markup."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import typst
from fontpkg_sarabun import ROOT as FONT_ROOT

from app.core.errors import Invalid

TEMPLATE = Path(__file__).resolve().with_name("certificate.typ")


def certificate(
    *, name: str, position: str, reason: str, office: str, on: str, giver: str = "", duty: str = ""
) -> bytes:
    """PDF of one landscape page; `on` is the day in words, `giver` who signs and `duty` their position. Raises Invalid when it cannot be made."""
    data = {
        "name": name,
        "position": position,
        "reason": reason,
        "office": office,
        "on": on,
        "giver": giver,
        "duty": duty,
    }
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "certificate.typ"
        source.write_bytes(TEMPLATE.read_bytes())
        try:
            made: bytes = typst.compile(
                str(source), root=folder, font_paths=[str(FONT_ROOT / "files")], ignore_system_fonts=False,
                sys_inputs={"data": json.dumps(data)}, format="pdf",
            )  # fmt: skip
        except typst.TypstError as error:
            raise Invalid({"file": "ทำเกียรติบัตรไม่สำเร็จ โปรดแจ้งผู้ดูแลระบบ"}) from error
    return made
