"""Forms of the network."""

from __future__ import annotations

from app.core.web import House, needed, text_field


class SourceForm(House):
    """Another office's feed."""

    url = text_field("ที่อยู่ฟีด", needed("โปรดใส่ที่อยู่ฟีดของหน่วยงาน"))
    name = text_field("ชื่อหน่วยงาน (ไม่ใส่จะใช้ชื่อในฟีด)")
    contact = text_field("อีเมลผู้ประสานของเขา (ไม่ใส่ก็ได้)")
