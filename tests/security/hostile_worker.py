"""A PDF worker that was taken over: run by the tests in place of docvault.pdf.child."""

import struct

from docvault.pdf import child, tasks


def sign(job):
    """Get a signature over what the attacker likes beside the one that is wanted."""
    job.ask("sign", b"the document")
    job.ask("sign", b"another contract")
    job.output()


def stamp(job):
    """Keep the parent busy for ever: its own time does not count."""
    for _ in range(100_000):
        job.ask("timestamp", b"digest")


def answer(job):
    """Say something the parent's reader cannot take: options is what stands in `result`."""
    result = {"nested": b"\x91" * 500_000 + b"\xc0", "no text": b"\xa1\xff"}[job.options]
    payload = b"\x82\xa4type\xa4done\xa6result" + result
    job._channel._connection.sendall(struct.pack(">IB", len(payload), 0) + payload)


if __name__ == "__main__":
    tasks.TASKS = {"sign": "__main__:sign", "renew": "__main__:stamp", "inspect": "__main__:answer"}
    child.main()
