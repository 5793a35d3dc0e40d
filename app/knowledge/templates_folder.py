"""Article templates of `content/templates/`: Markdown with a front matter."""

from __future__ import annotations

from functools import lru_cache

import yaml

from app.core.config import CONTENT
from app.knowledge.rules import Template


@lru_cache(maxsize=1)
def templates() -> dict[str, Template]:
    """All templates by file name, read once a process."""
    found: dict[str, Template] = {}
    for path in sorted((CONTENT / "templates").glob("*.md")):
        _, front, body = path.read_text("utf-8").split("---\n", 2)
        head = yaml.safe_load(front)
        found[path.stem] = Template(
            path.stem,
            str(head["name"]),
            str(head.get("description", "")),
            str(head.get("category") or ""),
            body.strip(),
        )
    return found
