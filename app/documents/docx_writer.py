"""Articles as Word files: heading styles, Thai complex-script fonts and sizes, tables that do not break inside a row."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.image.exceptions import UnrecognizedImageError
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from PIL import Image

from app.documents.blocks import (
    Block,
    Cell,
    Code,
    Items,
    Line,
    Paragraph,
    Quote,
    Run,
    Table,
    blocks_of,
    grid,
    parse_html,
)

FONT = "TH Sarabun New"
BODY_POINTS = 16
HEADING_POINTS = {1: 22, 2: 18, 3: 17, 4: 16, 5: 16, 6: 16}
MAX_WIDTH_CM = 15.5


def write(options: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Task: an article as `out`."""
    writer = _Writer(files)
    writer.article(options)
    out = io.BytesIO()
    writer.document.save(out)
    return {}, {"out": out.getvalue()}


def _fonts(style: Any, points: int, *, bold: bool = False) -> None:
    """Latin and complex-script font of a style: Thai text follows the second set only."""
    style.font.name, style.font.size, style.font.bold = FONT, Pt(points), bold
    style.font.color.rgb = RGBColor(0, 0, 0)
    properties = style.element.get_or_add_rPr()
    fonts = properties.find(qn("w:rFonts"))
    for name in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(name), FONT)
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:cstheme", "w:eastAsiaTheme"):
        fonts.attrib.pop(qn(name), None)
    for name in ("w:szCs", "w:bCs", "w:lang"):
        for old in properties.findall(qn(name)):
            properties.remove(old)
    size = OxmlElement("w:szCs")
    size.set(qn("w:val"), str(points * 2))
    properties.find(qn("w:sz")).addnext(size)
    if bold:
        properties.find(qn("w:b")).addnext(OxmlElement("w:bCs"))
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:bidi"), "th-TH")
    properties.append(language)


class _Writer:
    def __init__(self, pictures: dict[str, bytes]) -> None:
        self.pictures = pictures
        self.document: Any = docx.Document()
        section = self.document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin, section.right_margin = Cm(3), Cm(2)
        section.top_margin = section.bottom_margin = Cm(2.5)
        styles = self.document.styles
        _fonts(styles["Normal"], BODY_POINTS)
        for level, points in HEADING_POINTS.items():
            _fonts(styles[f"Heading {level}"], points, bold=True)
        _fonts(styles["Title"], 24, bold=True)
        for border in styles["Title"].element.iter(qn("w:pBdr")):
            border.getparent().remove(border)
            break
        for name in ("Normal", "Title"):
            styles[name].paragraph_format.line_spacing, styles[name].paragraph_format.space_after = 1.0, Pt(4)
        for name in ("List Bullet", "List Number", "Intense Quote"):
            _fonts(styles[name], BODY_POINTS)
        code = styles.add_style("Khlang Code", WD_STYLE_TYPE.PARAGRAPH)
        code.base_style = styles["Normal"]
        self.box: Any = self.document

    def article(self, options: dict[str, Any]) -> None:
        """Title, facts, body, approval block, source."""
        self.document.core_properties.title = options["title"][:250]
        self.document.core_properties.author = options["office"][:250]
        self.document.add_paragraph(options["title"], style="Title")
        for name, value in options["facts"]:
            line = self.document.add_paragraph()
            line.paragraph_format.space_after = Pt(0)
            self.run(line, Run(f"{name}: ", bold=True))
            self.run(line, Run(value))
        self.blocks(blocks_of(parse_html(options["html"])))
        self.document.add_heading("การตรวจและอนุมัติ", 2)
        signed = self.document.add_table(rows=0, cols=3, style="Table Grid")
        for one in options["signatures"]:
            cells = signed.add_row().cells
            for cell, text in zip(cells, (one["step"], one["name"], one["day"]), strict=True):
                cell.paragraphs[0].add_run(text)
        self._keep_rows(signed)
        self.document.add_paragraph(options["source"])

    def blocks(self, blocks: tuple[Block, ...], depth: int = 0) -> None:
        """Blocks one after the other."""
        for block in blocks:
            self.block(block, depth)

    def block(self, block: Block, depth: int) -> None:
        """One block."""
        if isinstance(block, Paragraph):
            self.paragraph(block, f"Heading {block.level}" if block.level else None)
        elif isinstance(block, Items):
            self.items(block, depth)
        elif isinstance(block, Table):
            self.table(block)
        elif isinstance(block, Quote):
            self.quote(block, depth)
        elif isinstance(block, Code):
            for text in block.text.split("\n"):
                self.box.add_paragraph(text, style="Khlang Code")
        elif isinstance(block, Line):
            self.box.add_paragraph("―" * 20)

    def quote(self, block: Quote, depth: int) -> None:
        """Quoted blocks, their title first."""
        if block.title:
            self.paragraph(Paragraph((Run(block.title, bold=True),)), "Intense Quote")
        for inner in block.blocks:
            if isinstance(inner, Paragraph):
                self.paragraph(inner, "Intense Quote")
            else:
                self.block(inner, depth)

    def paragraph(self, block: Paragraph, style: str | None = None) -> Any:
        """A paragraph, spread over the line the Thai way."""
        line = self.box.add_paragraph(style=style)
        if style is None:
            spread = OxmlElement("w:jc")
            spread.set(qn("w:val"), "thaiDistribute")
            line._p.get_or_add_pPr().append(spread)
        for run in block.runs:
            self.run(line, run)
        return line

    def run(self, line: Any, run: Run) -> None:
        """Text of one look, a picture, or a link."""
        if run.image:
            self.picture(line, run)
            return
        target = line
        if run.link.startswith(("http://", "https://", "mailto:")):
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), line.part.relate_to(run.link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
            line._p.append(link)
            written = line.add_run()
            link.append(written._r)
            written.font.underline = True
        else:
            written = target.add_run()
        for number, piece in enumerate(run.text.split("\n")):
            if number:
                written.add_break()
            written.add_text(piece)
        written.bold, written.italic = run.bold or None, run.italic or None
        properties = written._r.get_or_add_rPr()
        for wanted, latin, thai in ((run.bold, "w:b", "w:bCs"), (run.italic, "w:i", "w:iCs")):
            if wanted:
                properties.find(qn(latin)).addnext(OxmlElement(thai))
        written.font.strike = run.strike or None
        if run.underline:
            written.font.underline = True
        written.font.superscript = run.raised == "sup" or None
        written.font.subscript = run.raised == "sub" or None

    def picture(self, line: Any, run: Run) -> None:
        """A picture within the text's width; its description is its alternative text."""
        content = self.pictures.get(unquote(run.image.rsplit("/", 1)[-1]))
        if content is None:
            line.add_run(f"[{run.text}]")
            return
        try:
            with Image.open(io.BytesIO(content)) as opened:
                width = min(opened.width / 96 * 2.54, MAX_WIDTH_CM)
                if opened.format == "WEBP":
                    png = io.BytesIO()
                    opened.convert("RGBA").save(png, "PNG")
                    content = png.getvalue()
            shape = line.add_run().add_picture(io.BytesIO(content), width=Cm(width))
            shape._inline.docPr.set("descr", run.text)
        except (OSError, ValueError, UnrecognizedImageError):
            line.add_run(f"[{run.text}]")

    def items(self, block: Items, depth: int) -> None:
        """A list; numbers are written as text so that each list begins where it should."""
        for number, item in enumerate(block.items, block.start):
            first, *rest = item or (Paragraph((Run(" "),)),)
            mark = Run(f"{number}.\t" if block.start else "•\t")
            if isinstance(first, Paragraph):
                line = self.paragraph(Paragraph((mark, *first.runs)))
            else:
                line = self.paragraph(Paragraph((mark,)))
                rest = [first, *rest]
            line.paragraph_format.left_indent = Cm(1.0 * (depth + 1))
            line.paragraph_format.first_line_indent = Cm(-0.7)
            line.paragraph_format.tab_stops.add_tab_stop(Cm(1.0 * (depth + 1)))
            line.paragraph_format.space_after = Pt(2)
            self.blocks(tuple(rest), depth + 1)

    def table(self, table: Table) -> None:
        """A table with its merged cells."""
        rows, _ = grid(table)
        if self.box is self.document:
            made = self.document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
        else:
            made = self.box.add_table(len(rows), len(rows[0]))
        places = list(made._cells)  # Asking for each cell by itself builds all of them every time.
        outer = self.box
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                if cell is None:
                    continue
                place = places[y * len(row) + x]
                if cell.across > 1 or cell.down > 1:
                    place = place.merge(places[(y + cell.down - 1) * len(row) + x + cell.across - 1])
                self.cell(place, cell)
        self.box = outer
        self._keep_rows(made)
        self.box.add_paragraph()

    def cell(self, place: Any, cell: Cell) -> None:
        """Blocks of a cell; the paragraph Word puts there itself goes away."""
        outer, self.box = self.box, place
        empty = place.paragraphs[0]
        blocks = cell.blocks or (Paragraph((Run(""),)),)
        for block in blocks:
            if isinstance(block, Paragraph):
                line = place.add_paragraph()
                for run in block.runs:
                    self.run(line, Run(run.text, bold=True) if cell.head and not run.image else run)
            else:
                self.block(block, 0)
        empty._p.getparent().remove(empty._p)
        if not place.paragraphs:
            place.add_paragraph()
        self.box = outer

    @staticmethod
    def _keep_rows(table: Any) -> None:
        for row in table.rows:
            row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
