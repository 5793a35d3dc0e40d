"""Append-only ledger of accesses and shares; what counts is in rules.py."""
