"""What can go wrong with a PDF, in words for the person who brought it. Knows no library.

Workers name an error by its class; the parent rebuilds it only if the class is in `PdfError.known`, so a
child that was taken over can choose among these refusals and nothing else.
"""

from typing import ClassVar

from docvault.values import DocVaultError

UNREADABLE = (
    "This PDF could not be read. It may be damaged or built to overload a reader. "
    "Please open it in your PDF program, print it to a new PDF and upload that."
)
BUSY = "Many documents are being worked on right now. Please try again in a minute."


class PdfError(DocVaultError):
    """The root of this room. `detail` is for the log only: classes and places in code, never content."""

    known: ClassVar[dict[str, type["PdfError"]]] = {}
    detail: str = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        PdfError.known[cls.__name__] = cls


class PdfUnreadable(PdfError):
    """The worker could not do its task with this file, or died of it. Nothing was kept."""

    def __init__(self, message: str = "", detail: str = "") -> None:
        super().__init__(message or UNREADABLE)
        self.detail = detail


class WorkersBusy(PdfError):
    """No worker became free in time; the same request may succeed later."""

    def __init__(self, message: str = BUSY) -> None:
        super().__init__(message)


class PageMissing(PdfError):
    """There is no such page, or it is not offered at that size."""

    def __init__(self, message: str = "There is no such page.") -> None:
        super().__init__(message)


class NotSignable(PdfError):
    """Fields cannot be placed on this file; the message says why and what to do."""


class NotAPdf(NotSignable): ...


class Empty(NotSignable): ...


class PasswordProtected(NotSignable): ...


class Damaged(NotSignable): ...


class AlreadySigned(NotSignable): ...


class DynamicForm(NotSignable): ...


class TooManyPages(NotSignable): ...


class TooLargeToSign(NotSignable): ...


class LooksDifferent(NotSignable):
    """The cleaned copy does not show what the original shows."""


class FieldRefused(PdfError):
    """A field cannot stand where it was put."""


class AppearanceRefused(PdfError):
    """A name, text or picture cannot be drawn; the message says what to change."""


class CannotSign(PdfError):
    """The document was left as it was; the message says why."""


class PictureUnreadable(PdfError):
    """The picture cannot be drawn."""

    def __init__(self, message: str = "This picture is damaged or not what its name says.") -> None:
        super().__init__(message)


class OfficeUnreadable(PdfError):
    """The office file cannot be turned into pages."""

    def __init__(self, message: str = "The pages of this file cannot be shown here.") -> None:
        super().__init__(message)
