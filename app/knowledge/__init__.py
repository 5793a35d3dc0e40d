"""Articles, their revisions, attachments, categories and applications."""
