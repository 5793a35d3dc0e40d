"""The office's words and synonyms: shipped in content/dictionary, edited on screen, one version in use at a time."""

from __future__ import annotations

from app.core.config import CONTENT


def shipped() -> tuple[str, str]:
    """Texts of the two files that come with the project: words, synonyms."""
    folder = CONTENT / "dictionary"
    return (folder / "words.txt").read_text("utf-8"), (folder / "synonyms.txt").read_text("utf-8")
