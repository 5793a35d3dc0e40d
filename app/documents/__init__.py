"""Documents in and out: Word, PDF and pictures read in a limited child process; articles written as Markdown, DOCX and PDF."""
