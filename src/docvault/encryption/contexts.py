"""What a key or a ciphertext is bound to: the contexts of docs/formats/file-encryption.md. Knows no keys.

Every value of a context is authenticated by whatever is sealed under it: another folder, document, number or
size is another context, and nothing opens.
"""

from dataclasses import dataclass

FILE_ALGORITHM = "cobblestone-256"


@dataclass(frozen=True, slots=True)
class MasterContext:
    """Which master key this is."""

    generation: int

    def encode(self) -> bytes:
        return _lines("docvault/master-key/v1", generation=self.generation)


@dataclass(frozen=True, slots=True)
class FolderContext:
    """Whose folder key this is."""

    organisation_id: str
    folder_id: str
    generation: int

    def encode(self) -> bytes:
        return _lines(
            "docvault/folder-key/v1",
            organisation=self.organisation_id,
            folder=self.folder_id,
            generation=self.generation,
        )


@dataclass(frozen=True, slots=True)
class FileContext:
    """The place of one version: what its segments are bound to."""

    organisation_id: str
    folder_id: str  # where the version was sealed; its document may have been moved since
    document_id: str
    version_id: str
    purpose: str  # original | prepared | working | signed | certificate | preview | thumbnail | text
    number: int  # from 1, within document and purpose

    def segment(self, index: int, *, last: bool) -> bytes:
        """Return the context of segment `index`, from 0."""
        return _lines(
            "docvault/segment/v1",
            algorithm=FILE_ALGORITHM,
            organisation=self.organisation_id,
            folder=self.folder_id,
            document=self.document_id,
            version=self.version_id,
            purpose=self.purpose,
            number=self.number,
            segment=index,
            last="yes" if last else "no",
        )


@dataclass(frozen=True, slots=True)
class VersionContext:
    """The whole row of one version: what its data key is bound to."""

    file: FileContext
    folder_id: str  # where its document lies, whose key wraps this one
    generation: int  # of that folder's key
    blob: str
    state: str  # receiving | stored
    size: int  # plaintext bytes
    segments: int
    media_type: str | None  # None while receiving
    sha256: str | None  # None while receiving
    heads: str | None = None  # hex; None while receiving, and of what was kept before there were any

    def encode(self) -> bytes:
        moved = self.file.folder_id != self.folder_id
        return _lines(
            "docvault/data-key/v1",
            algorithm=FILE_ALGORITHM,
            organisation=self.file.organisation_id,
            folder=self.folder_id,
            generation=self.generation,
            document=self.file.document_id,
            version=self.file.version_id,
            purpose=self.file.purpose,
            number=self.file.number,
            blob=self.blob,
            state=self.state,
            size=self.size,
            segments=self.segments,
            media_type=self.media_type or "-",
            sha256=self.sha256 or "-",
            **({"heads": self.heads} if self.heads else {}),
            **({"sealed_in": self.file.folder_id} if moved else {}),
        )


def _lines(title: str, **values: str | int) -> bytes:
    for value in values.values():
        if "\n" in str(value):
            raise ValueError("a line break in a value would make two contexts look alike")
    lines = [title, *(f"{name.replace('_', '-')} {value}" for name, value in values.items())]
    return ("\n".join(lines) + "\n").encode()
