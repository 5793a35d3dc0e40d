"""Articles as PDF through typst: words go in as data, never as markup; no network, no file but our own pictures."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import typst
from fontpkg_sarabun import ROOT as FONT_ROOT
from PIL import Image

from app.core.errors import Invalid
from app.documents.blocks import Block, Code, Items, Line, Paragraph, Quote, Run, Table, blocks_of, grid, parse_html

TEMPLATE = Path(__file__).resolve().with_name("article.typ")
TEXT_WIDTH_POINTS = 450.0
POINTS_OF_A_PIXEL = 0.6
MAX_HEIGHT_POINTS = 560.0
SMALL_POINTS = 60.0


def write(options: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Task: an article as `out`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        pictures, widths = _pictures(root, files)
        data = {
            "title": options["title"], "office": options["office"], "facts": options["facts"],
            "signatures": options["signatures"], "source": options["source"], "pictures": pictures,
            "blocks": list(_blocks(blocks_of(parse_html(options["html"])), widths)),
        }  # fmt: skip
        source = root / "article.typ"
        source.write_bytes(TEMPLATE.read_bytes())
        try:
            made = typst.compile(
                str(source), root=str(root), font_paths=[str(FONT_ROOT / "files")], ignore_system_fonts=False,
                sys_inputs={"data": json.dumps(data)}, format="pdf",
            )  # fmt: skip
        except typst.TypstError as error:
            raise Invalid({"file": "ทำ PDF ไม่สำเร็จ โปรดแจ้งผู้ดูแลระบบ หรือใช้ DOCX แทน"}) from error
    return {}, {"out": made}


def _pictures(root: Path, files: dict[str, bytes]) -> tuple[dict[str, str], dict[str, float]]:
    """Pictures as PNG or JPEG in the folder of this run: name -> path, and name -> width in points."""
    paths: dict[str, str] = {}
    widths: dict[str, float] = {}
    for number, (name, content) in enumerate(files.items()):
        try:
            with Image.open(io.BytesIO(content)) as opened:
                kind = "jpg" if opened.format == "JPEG" else "png"
                path = root / f"{number}.{kind}"
                if opened.format in ("JPEG", "PNG"):
                    path.write_bytes(content)
                else:
                    opened.convert("RGBA").save(path, "PNG")
                tall = MAX_HEIGHT_POINTS * opened.width / max(1, opened.height)
                widths[name] = min(opened.width * POINTS_OF_A_PIXEL, TEXT_WIDTH_POINTS, tall)
            paths[name] = path.name
        except (OSError, ValueError):
            continue
    return paths, widths


def _run(run: Run, widths: dict[str, float]) -> dict[str, Any]:
    values = asdict(run)
    if run.image:
        values["image"] = unquote(run.image.rsplit("/", 1)[-1])
    if not run.link.startswith(("http://", "https://", "mailto:")):
        values["link"] = ""
    values["width"] = widths.get(values["image"], TEXT_WIDTH_POINTS)
    return values


def _blocks(blocks: tuple[Block, ...], widths: dict[str, float]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if isinstance(block, Paragraph):
            for runs in _lines(block, widths):
                yield {"kind": "heading" if block.level else "paragraph", "level": block.level or 1, "runs": runs}
        elif isinstance(block, Items):
            items = [list(_blocks(item, widths)) for item in block.items]
            yield {"kind": "numbers" if block.start else "bullets", "start": block.start, "items": items}
        elif isinstance(block, Quote):
            yield {"kind": "quote", "title": block.title, "blocks": list(_blocks(block.blocks, widths))}
        elif isinstance(block, Code):
            yield {"kind": "code", "text": block.text}
        elif isinstance(block, Line):
            yield {"kind": "line"}
        elif isinstance(block, Table):
            yield _table(block, widths)


def _lines(block: Paragraph, widths: dict[str, float]) -> Iterator[list[dict[str, Any]]]:
    """Runs of a paragraph; a picture of some size stands on a line of its own, as it does on screen."""
    waiting: list[dict[str, Any]] = []
    for run in (_run(run, widths) for run in block.runs):
        if not run["image"] or run["width"] <= SMALL_POINTS:
            waiting.append(run)
            continue
        if waiting:
            yield waiting
        yield [run]
        waiting = []
    if waiting:
        yield waiting


def _table(table: Table, widths: dict[str, float]) -> dict[str, Any]:
    rows, _ = grid(table)
    cells = []
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if cell is not None:
                narrow = {name: min(width, TEXT_WIDTH_POINTS / len(row) - 14) for name, width in widths.items()}
                cells.append({
                    "x": x, "y": y, "head": cell.head, "across": min(cell.across, len(row) - x),
                    "down": min(cell.down, len(rows) - y), "blocks": list(_blocks(cell.blocks, narrow)),
                })  # fmt: skip
    return {"kind": "table", "columns": len(rows[0]), "cells": cells}
