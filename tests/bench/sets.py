"""Documents for the search benchmark that ship with the project: the demo's articles."""

from __future__ import annotations

from datetime import date

from app.core.rendering import plain_text, render_now
from app.demo_office import DEMO
from app.exchange.markdown_files import split_front_matter
from app.search.documents import Document


def demo_documents() -> list[Document]:
    """The demo's eighty articles as documents."""
    documents = []
    for number, path in enumerate(sorted((DEMO / "articles").glob("*.md"))):
        file = split_front_matter(path)
        text = plain_text(render_now(file.body).html)
        code, title = file.front["code"], file.front["title"]
        documents.append(
            Document("article", number, code, f"/articles/{code}", title, text, ("public",), date(2015, 1, 1))
        )
    return documents
