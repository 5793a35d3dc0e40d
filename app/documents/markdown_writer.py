"""Blocks to Markdown as this house renders it: tables kept, text never taken for a mark. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from app.core.thai import normalise, one_line
from app.documents.blocks import Block, Code, Items, Line, Paragraph, Quote, Run, Table, grid, plain, tidy

_ALWAYS = re.compile(r"([\\`*\[])")
_LINE_START = re.compile(r"^(#{1,6}|[-+]|:)(?=\s|$)|^(>|!!!|\?\?\?|~~~)")
_NUMBER_START = re.compile(r"^(\d+)\.(?=\s|$)")
_RULE = re.compile(r"^[-=_*\s]+$")


@dataclass
class Losses:
    """What Markdown cannot hold, counted: cells that were merged, tables inside tables."""

    merged_cells: int = 0
    nested_tables: int = 0


def write_markdown(blocks: tuple[Block, ...], losses: Losses | None = None) -> str:
    """Markdown of blocks, ending without a newline. Rendering it gives the same text again."""
    return normalise("\n\n".join(_blocks(blocks, losses or Losses()))).strip("\n")


def escape(text: str) -> str:
    """Text of one line so that no character of it is taken for a mark. Example: "1. *ก*" -> "1\\. \\*ก\\*"."""
    text = text.strip(" ")
    text = re.sub(r"&(?=#|[A-Za-z][A-Za-z0-9]*;)", "&amp;", text)
    text = re.sub(r"<", "&lt;", text)
    text = _ALWAYS.sub(r"\\\1", text)
    text = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", text)
    if text and text[0] in "-=_" and _RULE.fullmatch(text):
        return f"&#{ord(text[0])};{text[1:]}"
    if "|" in text and re.fullmatch(r"[-:| ]+", text):
        text = text.replace("|", "&#124;")
    text = _LINE_START.sub(lambda m: f"&#{ord(m[0][0])};{m[0][1:]}" if m[0][0] in ":~" else "\\" + m[0], text)
    return _NUMBER_START.sub(r"\1\.", text)


def _blocks(blocks: tuple[Block, ...], losses: Losses, *, nested: bool = False) -> list[str]:
    parts: list[str] = []
    last: Block | None = None
    for block in blocks:
        # Two lists one after the other would be read as one.
        if isinstance(block, Items) and isinstance(last, Items) and bool(block.start) == bool(last.start):
            parts.append("&nbsp;")
        part = _block(block, losses, nested=nested)
        if part:
            parts.append(part)
            last = block
    return parts


def _block(block: Block, losses: Losses, *, nested: bool) -> str:
    if isinstance(block, Paragraph):
        text = _paragraph(block.runs)
        if block.level and text:
            words = re.sub(r"\s*\n\s*", " ", text)
            return "#" * block.level + " " + (words[:-1] + "&#35;" if words.endswith("#") else words)
        return text
    if isinstance(block, Items):
        return _items(block, losses)
    if isinstance(block, Table):
        return _table(block, losses)
    if isinstance(block, Quote):
        inside = "\n\n".join(_blocks(block.blocks, losses, nested=True))
        if block.title:
            title = escape(block.title.replace('"', "”"))
            return f'!!! note "{title}"\n' + "\n".join("    " + line if line else "" for line in inside.split("\n"))
        return "\n".join(("> " + line).rstrip() for line in inside.split("\n"))
    if isinstance(block, Code):
        if nested:  # The renderer knows fences at the margin only.
            return _paragraph(tuple(Run(line + "\n", code=True) for line in block.text.split("\n")))
        fence = "`" * max(3, *(len(found) + 1 for found in re.findall("`+", block.text)), 3)
        return f"{fence}{block.language}\n{block.text}\n{fence}"
    assert isinstance(block, Line)
    return "---"


def _items(block: Items, losses: Losses) -> str:
    items = [_unquoted(item) for item in block.items]
    loose = any(not _is_simple(item) for item in items)
    lines: list[str] = []
    for number, item in enumerate(items, block.start):
        mark = f"{number}. " if block.start else "- "
        parts = _blocks(item, losses, nested=True)
        # The renderer reads the first line of an item as text: what is no text stands below it.
        if not item or not isinstance(item[0], Paragraph) or not parts:
            parts.insert(0, "&nbsp;")
        first, *rest = ("\n\n" if loose else "\n").join(parts).split("\n")
        lines.append("\n".join([mark + first, *("    " + line if line else "" for line in rest)]))
    return ("\n\n" if loose else "\n").join(lines)


def _is_simple(item: tuple[Block, ...]) -> bool:
    """One paragraph, perhaps with lists below it that are simple too."""
    lists = item[1:] if item and isinstance(item[0], Paragraph) else item
    return all(isinstance(one, Items) and all(_is_simple(_unquoted(inner)) for inner in one.items) for one in lists)


def _unquoted(item: tuple[Block, ...]) -> tuple[Block, ...]:
    """Quotes and headings inside a list item as plain blocks: the renderer knows none there."""
    flat: list[Block] = []
    for block in item:
        if isinstance(block, Quote):
            title = (Paragraph((Run(block.title, bold=True),)),) if block.title else ()
            flat += [*title, *_unquoted(block.blocks)]
        elif isinstance(block, Paragraph) and block.level:
            flat.append(Paragraph(tuple(replace(run, bold=True) for run in block.runs)))
        elif isinstance(block, Paragraph) and not _paragraph(block.runs).replace("\u00a0", "").strip():
            continue
        else:
            flat.append(block)
    return tuple(flat)


def _table(table: Table, losses: Losses) -> str:
    rows, merged = grid(table)
    losses.merged_cells += merged
    written = [[_cell(cell.blocks, losses) if cell else "" for cell in row] for row in rows]
    if not written or not written[0]:
        return ""
    head, *rest = written
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rest)])


def _cell(blocks: tuple[Block, ...], losses: Losses) -> str:
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            # A bar inside code would end the cell; as plain text it is written as an entity.
            runs = tuple(
                replace(run, bold=run.bold or block.level > 0, code=run.code and "|" not in run.text)
                for run in block.runs
            )
            parts.append(_paragraph(runs))
        elif isinstance(block, Items):
            for number, item in enumerate(block.items, block.start):
                parts.append((f"{number}\\. " if block.start else "• ") + _cell(item, losses))
        elif isinstance(block, Table):
            losses.nested_tables += 1
            rows, _ = grid(block)
            parts += [" · ".join(_cell(cell.blocks, losses) for cell in row if cell) for row in rows]
        elif isinstance(block, Quote):
            parts += [escape(block.title), _cell(block.blocks, losses)]
        elif isinstance(block, Code):
            parts += [escape(line) for line in block.text.split("\n")]
    text = "<br>".join(part for part in parts if part)
    return re.sub(r"\s*\n\s*", "<br>", text).replace("|", "&#124;")


def _paragraph(runs: tuple[Run, ...]) -> str:
    """One paragraph; a line break inside is a new line, as the renderer reads it."""
    runs = tidy([run if _leads_somewhere(run.link) else replace(run, link="") for run in runs])
    lines: list[list[Run]] = [[]]
    for run in runs:
        if run.image:
            lines[-1].append(run)
            continue
        first, *rest = run.text.split("\n")
        lines[-1].append(replace(run, text=first))
        for piece in rest:
            lines.append([replace(run, text=piece)])
    written = [_line(line) for line in lines]
    return "\n".join(line for line in written if line.strip())


def _line(runs: list[Run]) -> str:
    parts: list[str] = []
    for run in runs:
        if run.image:
            name = run.image.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
            parts.append(f"![{_ALWAYS.sub('', one_line(run.text)).replace(']', '')}]({name})")
        elif run.text:
            written = _run(run, "".join(parts))
            if written.startswith("[") and parts and parts[-1].endswith("!"):
                parts[-1] = parts[-1][:-1] + "&#33;"  # Else the link would be read as a picture.
            parts.append(written)
    return "".join(parts).strip(" ")


def _run(run: Run, so_far: str) -> str:
    inside = run.text.strip(" ")
    if not inside:
        return " " if run.text else ""
    before = " " if run.text[0] == " " else ""
    after = " " if run.text[-1] == " " else ""
    if run.code and not run.link:
        fence = "`" * (max((len(found) for found in re.findall("`+", inside)), default=0) + 1)
        pad = " " if inside.startswith("`") or inside.endswith("`") else ""
        text = fence + pad + inside + pad + fence
    else:
        text = escape(inside) if not so_far.strip() else escape("\u0000" + inside)[1:]
    if run.raised:
        text = f"<{run.raised}>{text}</{run.raised}>"
    if run.strike:
        text = f"<s>{text}</s>"
    if run.underline and not run.link:
        text = f"<u>{text}</u>"
    # Stars that touch the stars of the run before would be read as one mark.
    touching = not before and so_far.endswith("*")
    if run.italic:
        text = f"<em>{text}</em>" if touching else f"*{text}*"
    if run.bold:
        text = f"<strong>{text}</strong>" if touching else f"**{text}**"
    if run.link:
        text = _link(run.link, text)
    return before + text + after


def _leads_somewhere(address: str) -> bool:
    return re.match(r"(https?:|mailto:|tel:|/|#(?:foot|end)note-\d+$)", address, re.IGNORECASE) is not None


def _link(address: str, text: str) -> str:
    if found := re.fullmatch(r"#(?:foot|end)note-(\d+)", address):
        return f"[^{found[1]}]"
    safe = re.sub(r"[\s<>()\\]", lambda m: f"%{ord(m[0]):02X}" if ord(m[0]) < 128 else "", address)
    # The renderer pairs brackets by itself: those of the text are written as entities.
    text = text.replace("\\[", "&#91;").replace("[", "&#91;").replace("]", "&#93;")
    return f"[{text}]({safe})"


def plain_words(blocks: tuple[Block, ...]) -> str:
    """The words alone, normalised; for comparing before and after."""
    return normalise(plain(blocks))
