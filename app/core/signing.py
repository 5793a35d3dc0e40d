"""The office's signature: an Ed25519 key made once and kept in the data folder."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

KEY_FILE, ACTS_FILE = "office_key", "signed_acts"


def canonical(value: Any) -> bytes:
    """JSON bytes that are the same for the same value: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class Signer:
    """Signs with the key of a data folder, made at the first use."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / KEY_FILE

    def _key(self) -> Ed25519PrivateKey:
        if not self.path.exists():
            raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            handle, temporary = tempfile.mkstemp(dir=self.path.parent)
            with os.fdopen(handle, "wb") as out:
                out.write(raw)
            try:
                os.link(temporary, self.path)  # The first of two processes wins; the other takes the key that is there.
            except FileExistsError:
                pass
            finally:
                os.unlink(temporary)
        return Ed25519PrivateKey.from_private_bytes(self.path.read_bytes())

    def public_key(self) -> str:
        """The public key, 64 hex digits."""
        return self._key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, content: bytes) -> str:
        """Signature of some bytes, 128 hex digits."""
        return self._key().sign(content).hex()

    def note(self, line: str) -> None:
        """Remember a signed act beside the key, outside the database; lines are only ever added."""
        with (self.path.parent / ACTS_FILE).open("a", encoding="utf-8") as out:
            out.write(line + "\n")
            out.flush()
            os.fsync(out.fileno())

    def noted(self) -> list[str]:
        """Signed acts in the order they were made."""
        path = self.path.parent / ACTS_FILE
        return path.read_text("utf-8").splitlines() if path.exists() else []


def is_signed(content: bytes, public_key: str, signature: str) -> bool:
    """Whether a key signed these bytes; False for anything that is no key or signature."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public_key: str) -> str:
    """A key as people compare it: four groups of four. Example: 3f2a 91c0 77de 0b44."""
    return " ".join(public_key[place : place + 4] for place in range(0, 16, 4))
