"""`python -m docvault.keyholder`: holds the keys of one installation until its standard input ends.

Its first line says where they lie (keeper.py writes it), so that no command line and no environment shows a
password of theirs. It ends with whoever started it, and with nothing else: those who ask end before it.
"""

import os
import signal
import sys
import threading
from functools import partial

from docvault.encryption.held import HeldKeys
from docvault.encryption.roots import open_root
from docvault.keyholder.charge import READY, Charge
from docvault.keyholder.hiding import hide
from docvault.keyholder.server import Deeds, Server
from docvault.seals.holders import Holder
from docvault.values import DocVaultError


def main() -> None:
    """Open the keys and answer."""
    hide()
    os.umask(0o077)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    charge = Charge.read(sys.stdin.buffer.readline())
    try:
        opened = partial(open_root, charge.root)
        server = Server(charge.socket, Deeds(HeldKeys(opened(), opened), _seal(charge)))
    except (DocVaultError, OSError) as error:
        _say(f"{error}\n")
        sys.exit(1)  # whoever started it says the words
    threading.Thread(target=server.run, daemon=True).start()
    _say(READY)
    sys.stdin.buffer.read()
    server.close()
    os._exit(0)  # those who still wait for an answer get none


def _seal(charge: Charge) -> Holder | None:
    if not charge.signer:
        return None
    from docvault.seals.seal import open_holder  # noqa: PLC0415 - a start must be quick, and few need it

    return open_holder(charge.signer, charge.passphrase)


def _say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
