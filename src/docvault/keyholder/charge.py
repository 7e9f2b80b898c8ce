"""What a key holder is told when it starts, over its standard input."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec

READY = "ready\n"  # what a holder says once it answers; anything else is what keeps it from that


@dataclass(frozen=True, slots=True)
class Charge:
    """What a holder is told: the addresses of what it holds, and where to listen.

    signer: of the seal's key, empty where it is the built-in one.
    """

    socket: Path
    root: str = field(repr=False)
    signer: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)

    def line(self) -> bytes:
        """Return it as one line."""
        words = {"socket": str(self.socket), "root": self.root}
        return msgspec.json.encode({**words, "signer": self.signer, "passphrase": self.passphrase}) + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """Return it again. Raises msgspec.DecodeError."""
        given = msgspec.json.decode(line, type=dict[str, str])
        return cls(Path(given["socket"]), given["root"], given["signer"], given["passphrase"])
