"""Servers to measure, as `docvault serve` starts its own: granian, one process; what /proc knows of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

HERE = Path(__file__).parent
START_SECONDS = 60
NONE: Mapping[str, str] = MappingProxyType({})

# The options of docvault.cli.serving, without the worker beside it: its queries would blur what is measured.
PROGRAM = """
import sys
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
Granian(sys.argv[1], address="127.0.0.1", port=int(sys.argv[2]), interface=Interfaces.ASGI, factory=True,
        workers=1, log_level=LogLevels.warning, websockets=False).serve()
"""


@dataclass(frozen=True)
class Server:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def worker(self) -> int:
        """The process that answers: granian's forked child."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def resident(self) -> int:
        """Bytes of memory in use."""
        return self._status("VmRSS")

    def peak(self) -> int:
        """Bytes of memory at most since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.worker}/clear_refs").write_text("5")  # proc(5): resets VmHWM to VmRSS

    def processor_time(self) -> float:
        """Seconds that the answering process has computed: what it costs, however busy the machine is."""
        fields = Path(f"/proc/{self.worker}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.worker}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(target: str, folder: Path, ask: str, settings: Mapping[str, str] = NONE) -> Iterator[Server]:
    """Serve the application factory `target` on the data folder `folder`; ready once `ask` is answered.

    settings: more variables of the environment.
    """
    port = free_port()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
        "BENCH_FOLDER": str(folder),
        "DOCVAULT_DATA": str(folder),
        "DOCVAULT_BASE_URL": f"http://127.0.0.1:{port}",
        **settings,
    }
    command = [sys.executable, "-c", PROGRAM, target, str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for_answer(port, ask, process)
        yield Server(port, process)
    finally:
        end(process)


def wait_for_answer(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    """Ask for `path` until the answer is 200. Raises TimeoutError, also when the process ended."""
    deadline = time.monotonic() + START_SECONDS
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request)
                if connection.recv(64).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.005)
    raise TimeoutError(f"no answer from port {port}")


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
