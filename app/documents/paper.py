"""An article ready for paper or a file: its words and facts, the same for Markdown, HTML, DOCX and PDF."""

from __future__ import annotations

import html as html_escape
from dataclasses import asdict, dataclass, field
from typing import Any

import yaml

from app.documents import limited
from app.documents.limited import Job


@dataclass(frozen=True)
class Signature:
    """One line of the approval block; days as printed, "" for a step that was not asked for."""

    step: str
    name: str
    day: str


@dataclass(frozen=True)
class Paper:
    """What is printed. `html` is the clean HTML readers see; `pictures` by file name."""

    title: str
    html: str
    office: str
    facts: list[tuple[str, str]]
    signatures: list[Signature]
    source: str
    markdown: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)

    def options(self) -> dict[str, Any]:
        """As sent to the child process."""
        return {name: value for name, value in asdict(self).items() if name not in ("pictures", "markdown")}


def as_docx(paper: Paper) -> bytes:
    """A Word file with Thai complex-script fonts. Raises Invalid when it takes too long."""
    return limited.run(Job("write_docx", paper.options(), paper.pictures)).files["out"]


def as_pdf(paper: Paper) -> bytes:
    """A PDF set by typst in Sarabun. Raises Invalid when it takes too long."""
    return limited.run(Job("write_pdf", paper.options(), paper.pictures)).files["out"]


def as_markdown(paper: Paper) -> str:
    """Markdown with the facts and the approval block as front matter."""
    head: dict[str, Any] = {"title": paper.title} | dict(paper.facts)
    for one in paper.signatures:
        head[one.step] = f"{one.name} ({one.day})" if one.day else one.name
    head["source"] = paper.source
    front = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{front}---\n\n# {paper.title}\n\n{paper.markdown}\n"


def as_html(paper: Paper) -> str:
    """One page of HTML that needs nothing else."""
    e = html_escape.escape
    facts = "".join(f"<dt>{e(name)}</dt><dd>{e(value)}</dd>" for name, value in paper.facts)
    signed = "".join(f"<tr><th>{e(s.step)}</th><td>{e(s.name)}</td><td>{e(s.day)}</td></tr>" for s in paper.signatures)
    return (
        '<!doctype html>\n<html lang="th"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{e(paper.title)}</title><style>body{{font-family:Sarabun,'TH Sarabun New',sans-serif;line-height:1.75;"
        "max-width:44rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}td,th{border:1px solid #999;"
        "padding:.2rem .6rem;text-align:left}img{max-width:100%}dt{float:left;clear:left;width:9rem;color:#555}"
        f"</style></head><body><h1>{e(paper.title)}</h1><dl>{facts}</dl><article>{paper.html}</article>"
        f"<h2>การตรวจและอนุมัติ</h2><table>{signed}</table><p><small>{e(paper.source)}</small></p></body></html>\n"
    )
