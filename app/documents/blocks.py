"""A document as blocks: what every reader makes of HTML and every writer starts from. Pure, no words of the domain."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import TypeAlias

VOID = frozenset({"br", "hr", "img", "input", "col", "wbr", "meta", "link"})
BLOCK_TAGS = frozenset(
    "address article aside blockquote caption center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5"
    " h6 header hr li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
MAX_DEPTH = 60
MAX_CELLS = 50_000


@dataclass
class Node:
    """An element of parsed HTML; a text node has tag "" and its text in `text`."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""


@dataclass(frozen=True)
class Run:
    """Text of one look. `image` is a file name and then `text` its description; `text` "\\n" is a line break."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    strike: bool = False
    underline: bool = False
    raised: str = ""
    link: str = ""
    image: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `level` 1-6 makes it a heading."""

    runs: tuple[Run, ...]
    level: int = 0


@dataclass(frozen=True)
class Items:
    """A list. `start` is the first number of an ordered one, 0 for bullets."""

    start: int
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a table, spanning `across` columns and `down` rows, both >= 1."""

    blocks: tuple[Block, ...]
    head: bool = False
    across: int = 1
    down: int = 1


@dataclass(frozen=True)
class Table:
    """A table as rows of cells; merged cells stand once, at their upper left."""

    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Quote:
    """Quoted blocks, or a box with a title when `title` is set."""

    blocks: tuple[Block, ...]
    title: str = ""


@dataclass(frozen=True)
class Code:
    """Text kept as typed."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Line:
    """A horizontal line."""


Block: TypeAlias = Paragraph | Items | Table | Quote | Code | Line


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCK_TAGS and self.open[-1].tag == "p":
            self.open.pop()
        if tag in ("li", "td", "th", "tr") and self.open[-1].tag == tag:
            self.open.pop()
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID and len(self.open) < MAX_DEPTH:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].tag == tag:
                del self.open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(Node("", text=data))


def parse_html(html: str) -> Node:
    """Tree of HTML; unclosed elements are closed, comments and declarations left out."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    return tree.root


def text_of(node: Node) -> str:
    """All text below a node."""
    return node.text + "".join(text_of(child) for child in node.children)


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, in order."""
    yield node
    for child in node.children:
        yield from walk(child)


def blocks_of(node: Node) -> tuple[Block, ...]:
    """Blocks of a tree: no text is left out but that of scripts and styles."""
    return tuple(_blocks(node, Run("")))


def _blocks(node: Node, look: Run) -> Iterator[Block]:
    waiting: list[Run] = []

    def flush() -> Iterator[Block]:
        runs = tidy(waiting)
        waiting.clear()
        if runs:
            yield Paragraph(runs)

    for child in node.children:
        if child.tag in ("script", "style", "head", "title", "template", "noscript"):
            continue
        if child.tag and (child.tag in BLOCK_TAGS or any(n.tag in BLOCK_TAGS for n in walk(child))):
            yield from flush()
            yield from _block(child, look)
        else:
            waiting.extend(_runs(child, look))
    yield from flush()


def _block(node: Node, look: Run) -> Iterator[Block]:
    maker = _MAKERS.get(node.tag)
    if maker is not None:
        yield from maker(node, look)
    elif "admonition" in node.attributes.get("class", "").split():
        title = next((n for n in node.children if "admonition-title" in n.attributes.get("class", "")), None)
        rest = Node("div", children=[child for child in node.children if child is not title])
        yield Quote(tuple(_blocks(rest, look)), text_of(title).strip() if title else "")
    else:
        yield from _blocks(node, _styled(node, look))


def _heading(node: Node, look: Run) -> Iterator[Block]:
    runs = tidy([run for child in node.children for run in _runs(child, look)])
    if runs:
        yield Paragraph(runs, int(node.tag[1]))


def _list(node: Node, look: Run) -> Iterator[Block]:
    items = tuple(tuple(_blocks(item, look)) for item in _items(node))
    start = node.attributes.get("start", "1")
    first = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    if items:
        yield Items(max(1, first) if node.tag == "ol" else 0, items)


def _table(node: Node, look: Run) -> Iterator[Block]:
    for caption in (child for child in node.children if child.tag == "caption"):
        yield from _blocks(caption, look)
    rows = tuple(_row(row, look) for row in _rows(node))
    if any(rows):
        yield Table(tuple(row for row in rows if row))


def _quote(node: Node, look: Run) -> Iterator[Block]:
    yield Quote(tuple(_blocks(node, look)))


def _code(node: Node, _look: Run) -> Iterator[Block]:
    inner = next((n for n in walk(node) if n.tag == "code"), None)
    named = re.search(r"language-([a-z0-9+-]+)", inner.attributes.get("class", "") if inner else "")
    yield Code(text_of(node).rstrip("\n"), named[1] if named else "")


def _rule(_node: Node, _look: Run) -> Iterator[Block]:
    yield Line()


_MAKERS: dict[str, Callable[[Node, Run], Iterator[Block]]] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _heading), "ul": _list, "ol": _list, "table": _table,
    "blockquote": _quote, "pre": _code, "hr": _rule,
}  # fmt: skip


def _items(node: Node) -> Iterator[Node]:
    """Items of a list; what stands loosely between them becomes an item of its own, a list inside joins the last."""
    items: list[Node] = []
    for child in node.children:
        if child.tag == "li":
            items.append(child)
        elif child.tag in ("ul", "ol") and items:
            items[-1].children.append(child)
        elif child.tag or child.text.strip():
            items.append(Node("li", children=[child]))
    yield from items


def _rows(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child)
        elif child.tag not in ("", "caption", "colgroup", "col"):
            yield Node("tr", children=[Node("td", children=[child])])


def _row(node: Node, look: Run) -> tuple[Cell, ...]:
    cells = []
    for child in node.children:
        if child.tag in ("td", "th"):
            across, down = (_span(child.attributes.get(name, "1")) for name in ("colspan", "rowspan"))
            cells.append(Cell(tuple(_blocks(child, look)), child.tag == "th", across, down))
        elif child.tag or child.text.strip():
            cells.append(Cell(tuple(_blocks(Node("td", children=[child]), look))))
    return tuple(cells)


def _span(text: str) -> int:
    return min(max(int(text), 1), 100) if text.isascii() and text.isdigit() and len(text) < 5 else 1


def _styled(node: Node, look: Run) -> Run:
    tag, style = node.tag, node.attributes.get("style", "")
    bold = tag in ("b", "strong", "th") or re.search(r"(?<![-a-z])font-weight:\s*(bold|[6-9]00)", style)
    italic = tag in ("i", "em") or re.search(r"font-style:\s*italic", style)
    if re.search(
        r"(?<![-a-z])font-weight:\s*(normal|[1-5]00)", style
    ):  # Google's editor wraps everything in such a <b>.
        look = replace(look, bold=False)
    elif bold:
        look = replace(look, bold=True)
    if italic:
        look = replace(look, italic=True)
    if tag in ("code", "kbd"):
        look = replace(look, code=True)
    if tag in ("s", "del", "strike"):
        look = replace(look, strike=True)
    if tag in ("u", "ins"):
        look = replace(look, underline=True)
    if tag in ("sup", "sub"):
        look = replace(look, raised=tag)
    if tag == "a" and node.attributes.get("href"):
        look = replace(look, link=node.attributes["href"])
    return look


def _runs(node: Node, look: Run) -> Iterator[Run]:
    if node.tag == "":
        if node.text:
            yield replace(look, text=re.sub(r"[ \t\r\n\f]+", " ", node.text))
    elif node.tag == "br":
        yield replace(look, text="\n")
    elif node.tag == "img":
        if node.attributes.get("src"):
            yield replace(look, text=node.attributes.get("alt", ""), image=node.attributes["src"])
    elif "footnote-backref" in node.attributes.get("class", "").split():
        return
    elif node.tag not in ("script", "style", "head", "title", "template", "noscript"):
        styled = _styled(node, look)
        for child in node.children:
            yield from _runs(child, styled)


def tidy(runs: list[Run]) -> tuple[Run, ...]:
    """Runs of one look joined, single spaces, none at the ends or around line breaks; empty when there is no text."""
    tidied: list[Run] = []
    at_start = True
    for run in _joined(runs):
        if run.image:
            tidied.append(run)
            at_start = False
            continue
        text = re.sub(r" *\n *", "\n", re.sub(" +", " ", run.text))
        if at_start:
            text = text.lstrip(" ")
        if text:
            tidied.append(replace(run, text=text))
            at_start = text[-1] in " \n"
    return _trimmed(tidied)


def _joined(runs: list[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in runs:
        if run.text == "" and not run.image:
            continue
        last = joined[-1] if joined else None
        if last and not last.image and not run.image and replace(last, text="") == replace(run, text=""):
            joined[-1] = replace(last, text=last.text + run.text)
        else:
            joined.append(run)
    return joined


def _trimmed(runs: list[Run]) -> tuple[Run, ...]:
    while runs and not runs[-1].image and not runs[-1].text.rstrip(" \n"):
        runs.pop()
    while runs and not runs[0].image and not runs[0].text.strip(" \n"):
        runs.pop(0)
    if runs and not runs[0].image:
        runs[0] = replace(runs[0], text=runs[0].text.lstrip(" \n"))
    if runs and not runs[-1].image:
        runs[-1] = replace(runs[-1], text=runs[-1].text.rstrip(" \n"))
    return tuple(runs)


def grid(table: Table) -> tuple[list[list[Cell | None]], int]:
    """Rows of equal length, None where a merged cell reaches over; and how many cells were merged.

    Spans that overlap are cut short, and those of a table that would grow beyond reason count as one.
    """
    spans = sum(cell.across * cell.down for row in table.rows for cell in row) <= MAX_CELLS
    taken: dict[tuple[int, int], Cell | None] = {}
    merged = 0
    for y, row in enumerate(table.rows):
        x = 0
        for cell in row:
            while (y, x) in taken:
                x += 1
            down = min(cell.down, len(table.rows) - y) if spans else 1
            across = 1
            while spans and across < cell.across and (y, x + across) not in taken:
                across += 1
            merged += across > 1 or down > 1
            for dy in range(down):
                for dx in range(across):
                    taken[y + dy, x + dx] = replace(cell, across=across, down=down) if (dx, dy) == (0, 0) else None
            x += across
    width = max((x for _, x in taken), default=-1) + 1
    return [[taken.get((y, x)) for x in range(width)] for y in range(len(table.rows))], merged


def map_runs(blocks: tuple[Block, ...], change: Callable[[Run], Run]) -> tuple[Block, ...]:
    """The same blocks with every run changed."""

    def one(block: Block) -> Block:
        if isinstance(block, Paragraph):
            return replace(block, runs=tidy([change(run) for run in block.runs]))
        if isinstance(block, Items):
            return replace(block, items=tuple(map_runs(item, change) for item in block.items))
        if isinstance(block, Table):
            rows = tuple(
                tuple(replace(cell, blocks=map_runs(cell.blocks, change)) for cell in row) for row in block.rows
            )
            return replace(block, rows=rows)
        if isinstance(block, Quote):
            return replace(block, blocks=map_runs(block.blocks, change))
        return block

    return tuple(one(block) for block in blocks)


def plain(blocks: tuple[Block, ...]) -> str:
    """The words of blocks, one block or cell a line."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            lines.append("".join("" if run.image else run.text for run in block.runs))
        elif isinstance(block, Items):
            lines += [plain(item) for item in block.items]
        elif isinstance(block, Table):
            lines += [plain(cell.blocks) for row in block.rows for cell in row]
        elif isinstance(block, Quote):
            lines += [block.title, plain(block.blocks)]
        elif isinstance(block, Code):
            lines.append(block.text)
    return "\n".join(line for line in lines if line)
