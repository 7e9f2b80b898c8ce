"""Whoever runs the portal knows every host it speaks to: the list in docs/operators.md is the code's (promise 36)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/docvault"
# What opens connections: of the standard library, and of everything that the portal is installed with.
OPENERS = {
    "aiohttp", "asyncio", "boto3", "botocore", "dns", "ftplib", "h2", "httpcore", "httpx", "imaplib",
    "nntplib", "poplib", "requests", "smtplib", "socket", "socketserver", "ssl", "telnetlib", "urllib3",
    "websockets", "xmlrpc",
}  # fmt: skip
OPENERS_WITHIN = {"urllib.request", "http.client", "http.server", "anyio.connect_tcp"}
# Who imports one of these and speaks to nobody outside.
QUIET = {
    "blobs/s3.py": "the errors of the library; blobs/bucket.py makes the client",
    "certificates/chains.py": "runs what pyHanko wrote for an event loop",
    "certificates/tokens.py": "the same",
    "jobs/worker.py": "the machine's name",
    "keyholder/client.py": "a socket in the data folder",
    "keyholder/frames.py": "the same",
    "keyholder/keeper.py": "the same",
    "keyholder/server.py": "the same",
    "pdf/child.py": "a pair of sockets with its parent",
    "pdf/inside/sign.py": "runs what pyHanko wrote for an event loop",
    "pdf/inside/validate.py": "the same",
    "pdf/office_child.py": "shuts itself off from the network",
    "pdf/wire.py": "a pair of sockets between two processes",
    "pdf/workers.py": "the same",
    "web/receiving.py": "the server's own event loop",
}


def opens_connections(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names = [each.value for each in node.args if isinstance(each, ast.Constant)]
        if any(name.partition(".")[0] in OPENERS or name in OPENERS_WITHIN for name in names):
            return True
    return False


@pytest.mark.promise(36)
def test_every_part_that_can_reach_another_host_is_on_the_operators_list():
    found = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if opens_connections(path)}
    page = (ROOT / "docs/operators.md").read_text()
    listed = set(re.findall(r"^\| `([\w/]+\.py)` \|", page, re.MULTILINE))
    assert found - set(QUIET) == listed
    assert set(QUIET) <= found
