"""Article templates: those of `content/templates/`, and what the secretary changed or added."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.config import CONTENT
from app.knowledge.models import TemplateText
from app.knowledge.rules import Template, hints_of, read_template


@lru_cache(maxsize=1)
def shipped() -> dict[str, Template]:
    """Templates of the folder by file name, read once a process."""
    paths = sorted((CONTENT / "templates").glob("*.md"))
    return {path.stem: read_template(path.stem, path.read_text("utf-8")) for path in paths}


def templates(db: Session) -> dict[str, Template]:
    """All templates in use by key; one statement."""
    found = dict(shipped())
    for changed in db.scalars(select(TemplateText).order_by(TemplateText.key)):
        if changed.text:
            found[changed.key] = read_template(changed.key, changed.text)
        else:
            found.pop(changed.key, None)
    return found


def hints(db: Session) -> frozenset[str]:
    """Lines of advice in all templates."""
    return frozenset(line for template in templates(db).values() for line in hints_of(template.body))
