"""Keys from what people keep: a passphrase, by argon2id, or a recovery key written on paper. Keeps none.

argon2id: RFC 9106; a backup may be guessed at for years, so it costs more than signing in.
"""

import base64
import secrets
from dataclasses import dataclass

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw

from docvault.credentials.passwords import normal
from docvault.credentials.refusals import PasswordRefused

KEY = 32  # bytes
SALT = 16  # bytes
GROUP = 4  # characters between dashes
SHORTEST = 16  # characters
MEMORY_MOST, PASSES_MOST, LANES_MOST = 1024 * 1024, 16, 16  # a file may not make its reader work for ever


@dataclass(frozen=True, slots=True)
class Cost:
    """What deriving a key costs; written beside the salt."""

    memory_kib: int = 128 * 1024
    passes: int = 3
    lanes: int = 4

    @property
    def is_bearable(self) -> bool:
        return (
            0 < self.lanes <= LANES_MOST
            and 0 < self.passes <= PASSES_MOST
            and 8 * self.lanes <= self.memory_kib <= MEMORY_MOST
        )


def check_passphrase(passphrase: str) -> None:
    """Return only if the passphrase is long enough to be guessed at for years. Raises PasswordRefused."""
    if len(normal(passphrase)) < SHORTEST:
        raise PasswordRefused(
            f"The passphrase needs at least {SHORTEST} characters: five or six words, none of them about you."
        )


def key_of_passphrase(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    """Return the 32-byte key of a passphrase. Secret; the same for the same three."""
    return hash_secret_raw(
        normal(passphrase).encode("utf-8", "surrogatepass"),
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=KEY,
        type=Type.ID,
        version=ARGON2_VERSION,
    )


def new_salt() -> bytes:
    """Return random bytes that make equal passphrases different keys."""
    return secrets.token_bytes(SALT)


def new_recovery_key() -> str:
    """Return 256 random bits for paper: thirteen groups of four base32 characters."""
    text = base64.b32encode(secrets.token_bytes(KEY)).decode().rstrip("=").lower()
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def key_of_recovery(text: str) -> bytes | None:
    """Return the 32 bytes of a recovery key, however it was typed; None if it is not a whole one."""
    plain = "".join(text.split()).replace("-", "").upper().translate(str.maketrans("018", "OLB"))
    try:
        key = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except ValueError:  # not base32, or not even ASCII
        return None
    return key if len(key) == KEY else None
