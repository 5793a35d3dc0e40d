"""The yearly plan, its twenty measures, their evidence and the human registers."""
