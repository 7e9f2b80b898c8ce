"""Where a folder or a document may be moved to. Pure: no I/O, no clock."""

from collections.abc import Set as AbstractSet

from docvault.values import DocVaultError


class PlaceRefused(DocVaultError):
    """Everything stays where it is; the message says why."""


class PlaceGone(PlaceRefused):
    """The folder it lay in is in the bin itself."""

    def __init__(self) -> None:
        super().__init__(
            "The folder it lay in is in the bin as well. Bring that back first, or choose another folder."
        )


def check_alone(*, shares_an_envelope: bool) -> None:
    """Return only for a document that no envelope binds to others: who sees one of them sees them all."""
    if shares_an_envelope:
        raise PlaceRefused(
            "This document was put into an envelope together with others and stays beside them. "
            "You can move the folder that they are in."
        )


def check_same_client(here: str, there: str) -> None:
    """Return only within one organisation: nothing goes from one client to another by a slip."""
    if here != there:
        raise PlaceRefused(
            "Things are moved within one client only. To give this to another client, download it and upload "
            "it there."
        )


def check_not_inside(folder_id: str, tree: AbstractSet[str]) -> None:
    """Return only if the folder it goes to is not itself or one inside. tree: ids of what moves."""
    if folder_id in tree:
        raise PlaceRefused("A folder cannot be moved into itself or into a folder inside it.")


def check_depth(depth: int, most: int) -> None:
    """Return only if the deepest of the folders that move may lie so deep; at the top it is 1."""
    if depth > most:
        raise PlaceRefused(
            f"Folders lie at most {most} deep, and this would be deeper. Please choose a place further up."
        )


def check_nobody_is_freed(freed: AbstractSet[str], answerable: AbstractSet[str]) -> None:
    """Return only if whoever moves it may let in everybody who is kept out now and would not be there.

    freed: folders that keep somebody out who would get in. answerable: folders that the mover manages.
    """
    if not freed <= answerable:
        raise PlaceRefused(
            "Somebody is kept out of where this lies now, and would see it there. Please ask whoever manages "
            "this folder to move it."
        )


def check_all_arranged(tree: AbstractSet[str], arranged: AbstractSet[str]) -> None:
    """Return only if whoever moves or bins a folder may arrange all of it."""
    if not tree <= arranged:
        raise PlaceRefused(
            "There is something in this folder that is not yours to move, so it stays where it is. Please "
            "ask whoever manages the folder."
        )


def check_place_is_there(there: bool) -> None:
    """Return only if what is brought back has a place to go to. Raises PlaceGone."""
    if not there:
        raise PlaceGone


def check_no_hold_is_left(here: AbstractSet[str], there: AbstractSet[str]) -> None:
    """Return only if every legal hold that reaches what moves reaches it afterwards. Both: ids of holds."""
    if not here <= there:
        raise PlaceRefused(
            "A legal hold keeps what lies in this folder, so it stays there. Please ask a compliance officer."
        )
