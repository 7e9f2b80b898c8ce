"""Which clock stamps one deed: the first timestamp authority of others that works, else the built-in one.

Degraded is not failed (promise 60): with none of the others reachable a document is completed all the same,
and gets their timestamp later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from docvault.certificates.keys import Credentials
from docvault.pdf.validate import Report
from docvault.rules.archive import Stamp
from docvault.timestamps.clocks import Clocks, Working
from docvault.timestamps.errors import ClockFailed


def newest_stamp(report: Report, own_roots: Sequence[str]) -> Stamp | None:
    """Return the timestamp that a valid file ends with; None where it does not.

    own_roots: hex SHA-256 of the roots that the built-in clock's certificates lead to.
    """
    last = report.signatures[-1] if report.signatures else None
    if last is None or last.kind != "timestamp" or last.time is None or last.good_until is None:
        return None
    return Stamp(last.clock or "", last.time, last.good_until, own=last.anchor_sha256 in own_roots)


@dataclass(slots=True)
class Stamping:
    """The clock of one deed. One that fails in its middle is left for the built-in one, and not taken back.

    Not for another authority of others: what proves that one's certificates could not come along any more.
    """

    own: Callable[[bytes], bytes]
    clocks: Clocks | None
    working: Working | None

    @classmethod
    def begin(cls, own: Callable[[bytes], bytes], clocks: Clocks | None) -> Self:
        """Look for a clock, which may take as long as the others take to answer."""
        return cls(own, clocks, clocks.first() if clocks is not None else None)

    def proven(self, credentials: Credentials, earlier: Sequence[bytes] = ()) -> Credentials:
        """Return the credentials with what proves the clock's certificates.

        earlier: roots of the clocks that may have stamped the document before, DER.
        """
        credentials = replace(credentials, roots=(*credentials.roots, *earlier))
        if self.working is None:
            return credentials
        token, proofs = self.working.token, self.working.proofs
        return replace(
            credentials,
            clock_chain=token.path[1:-1],
            roots=(*credentials.roots, token.path[-1]),
            crls=(*credentials.crls, *proofs.crls),
            ocsps=(*credentials.ocsps, *proofs.ocsps),
        )

    def answer(self, request: bytes) -> bytes:
        """Answer an RFC 3161 request, DER in and out."""
        if self.clocks is not None and self.working is not None:
            try:
                return self.clocks.stamp(self.working, request)
            except ClockFailed:  # which the log was told
                self.working = None
        return self.own(request)
