"""`docvault keys ceremony`: a root whose key never comes to the portal.

`root`, `sign` and `list` run on a machine without a network and need no installation; `request` and `install`
run on the portal's. Files are carried between the two; none is ever overwritten.
"""

import getpass
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cryptography import x509

    from docvault.certificates.keys import KeyPair

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]
Root = Annotated[Path, typer.Option("--root", help="The root's file.")]
Out = Annotated[Path, typer.Option("--out", help="The file to write; never one that is there.")]
Present = Annotated[
    list[str], typer.Option("--present", help="Who is present, for the record; may be repeated.")
]
Secret = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Where the passphrase lies; else it is asked for.")
]


@app.command("root")
def make_root(
    organisation: Annotated[str, typer.Option("--organisation", help="Whom the root is named after.")],
    out: Out,
    present: Present,
    country: Annotated[str, typer.Option("--country", help="ISO 3166 code of two letters.")] = "",
    passphrase_file: Secret = None,
) -> None:
    """Offline: make a root under a passphrase, print its fingerprint and write a signed record.

    Example: docvault keys ceremony root --organisation "Harbour & Pine Oy" --out root.p12 --present "Eve"
    """
    from docvault.certificates import ceremony
    from docvault.values import utc_now

    root = ceremony.make_root(organisation, utc_now(), country=country or None)
    _write(out, ceremony.lock(root, _passphrase(passphrase_file, new=True)))
    _tell(root, out, "A root was made.", present, [root.certificate])
    print(f"Keep {out} and its passphrase in different safes, each twice. Next, on the portal's machine:")
    print("  docvault keys ceremony request --out issuing.csr")


@app.command()
def request(
    out: Out,
    new_root: Annotated[
        bool, typer.Option("--new-root", help="A root will sign that is not in use yet.")
    ] = False,
    data: Data = None,
) -> None:
    """On the portal: ask for a new issuing authority. Its key is made here and stays here.

    Example: docvault keys ceremony request --out issuing.csr
    """
    from docvault.actions import key_ceremonies
    from docvault.cli.people import at_terminal

    with at_terminal(data) as (portal, acting):
        asked = key_ceremonies.request_issuing(
            portal.db, portal.vault.records, acting=acting, clock=portal.clock, new_root=new_root
        )
    _write(out, asked)
    print(f"{out} is the request. Next, on the machine with the root:")
    print("  docvault keys ceremony sign --root root.p12 --request issuing.csr --out issuing.pem --present …")


@app.command()
def sign(
    root: Root,
    asked: Annotated[Path, typer.Option("--request", help="The portal's request.")],
    out: Out,
    present: Present,
    passphrase_file: Secret = None,
) -> None:
    """Offline: sign the portal's request and a revocation list, and write a signed record.

    Example: docvault keys ceremony sign --root root.p12 --request my.csr --out issuing.pem --present "Eve"
    """
    from docvault.certificates import ceremony
    from docvault.values import utc_now

    opened = _opened(root, passphrase_file)
    signed = ceremony.sign_request(opened, _read(asked), utc_now())
    _write(out, signed.pem())
    made = [each for each in (signed.root, signed.issuing) if each is not None]
    _tell(opened, out, "An issuing authority was signed.", present, made)
    print(f"Next, on the portal's machine: docvault keys ceremony install {out}")


@app.command("list")
def sign_list(root: Root, out: Out, present: Present, passphrase_file: Secret = None) -> None:
    """Offline: sign a fresh revocation list of the root, which every two years needs.

    Example: docvault keys ceremony list --root root.p12 --out root.crl.pem --present "Eve"
    """
    from docvault.certificates import ceremony
    from docvault.values import utc_now

    opened = _opened(root, passphrase_file)
    signed = ceremony.sign_list(opened, utc_now())
    _write(out, signed.pem())
    _tell(opened, out, "A revocation list was signed.", present, [signed.root])
    print(f"It holds until {signed.crl.next_update_utc:%Y-%m-%d}. On the portal's machine:")
    print(f"  docvault keys ceremony install {out}")


@app.command()
def install(
    file: Annotated[Path, typer.Argument(help="What `ceremony sign` or `ceremony list` wrote.")],
    data: Data = None,
) -> None:
    """On the portal: put what the root signed into service; running servers notice within seconds.

    Example: docvault keys ceremony install issuing.pem
    """
    from docvault.actions import key_ceremonies
    from docvault.certificates import ceremony
    from docvault.cli.people import at_terminal

    with at_terminal(data) as (portal, acting):
        made = key_ceremonies.install_issuing(
            portal.db,
            portal.vault.records,
            portal.authority,
            acting=acting,
            clock=portal.clock,
            content=_read(file),
        )
    for one in made:
        print(f"{one.subject.rfc4514_string()}\n  SHA-256 {ceremony.shown(one)}")
    print("In service." if made else "The root's new revocation list is in service.")


def _tell(
    root: "KeyPair", out: Path, title: str, present: Sequence[str], made: "Sequence[x509.Certificate]"
) -> None:
    """Print the record, and write it with the root's signature beside the file."""
    from docvault.certificates import ceremony
    from docvault.values import utc_now

    text = ceremony.record(title, present, utc_now(), made)
    beside = out.with_name(f"{out.name}.record.txt")
    _write(beside, text)
    _write(beside.with_name(f"{beside.name}.p7s"), ceremony.sign_record(root, text))
    print(text.decode())
    print(f"The record is {beside}, signed by the root in {beside.name}.p7s.")
    print("Compare the fingerprints, sign it on paper, and file it.")


def _opened(root: Path, passphrase_file: Path | None) -> "KeyPair":
    from docvault.certificates import ceremony

    return ceremony.unlock(_read(root), _passphrase(passphrase_file, new=False))


def _passphrase(file: Path | None, *, new: bool) -> str:
    """Raises CeremonyRefused."""
    from docvault.certificates.ceremony import CeremonyRefused

    if file is not None:
        return _read(file).decode(errors="replace").strip()
    given = getpass.getpass("Passphrase of the root: ")
    if new and getpass.getpass("Once more: ") != given:
        raise CeremonyRefused("The two passphrases are not the same. Nothing was made.")
    return given


def _read(path: Path) -> bytes:
    """Raises CeremonyRefused."""
    from docvault.certificates.ceremony import CeremonyRefused

    try:
        return path.read_bytes()
    except OSError as error:
        raise CeremonyRefused(f"{path} cannot be read: {error.strerror}.") from error


def _write(path: Path, content: bytes) -> None:
    """Write a new file for this user alone. Raises CeremonyRefused."""
    from docvault.certificates.ceremony import CeremonyRefused

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CeremonyRefused(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
