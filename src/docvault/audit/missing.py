"""Details that an entry promised and a bundle does not have: erased, or left out, always on purpose."""

from dataclasses import dataclass

from docvault.audit.bundle import Line, Manifest
from docvault.audit.entries import Entry
from docvault.audit.errors import ProofInvalid


@dataclass(slots=True)
class Missing:
    """How many entries of a bundle have no details, and why."""

    erased: int = 0
    left_out: int = 0

    def check(self, manifest: Manifest, line: Line, entry: Entry) -> None:
        """Compare the details of one entry with its commitment and with what the manifest says of them.

        Bundles of before do not say why details are missing; newer ones have to. Raises ProofInvalid.
        """
        kept = line.opened()
        if kept is None:
            if entry.private is not None:
                self._count(manifest, line.index)
        elif manifest.details == "left-out" or manifest.says_erased(line.index):
            raise ProofInvalid("It has details, and the bundle says that they were erased or left out.")
        elif not kept.opens(entry.private):
            raise ProofInvalid("Its details (names, addresses, titles) are not those that were logged.")

    def _count(self, manifest: Manifest, index: int) -> None:
        if manifest.details is None or manifest.says_erased(index):
            self.erased += 1
        elif manifest.details == "left-out":
            self.left_out += 1
        else:
            raise ProofInvalid("Its details are missing, and the bundle does not say that they were erased.")
