"""Which S3 bucket holds the objects, and how it is talked to. Makes the client; asks for nothing yet."""

import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

CONNECT = 4  # seconds to reach the store, and for each piece that is sent
READ = 15  # seconds of silence that an answer may take
TRIES = 3  # of each request, all in all
TOGETHER = 16  # requests of one process at the same time
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"(?:[A-Za-z0-9_.-]+/)*")
KNOWN = {"endpoint", "region", "credentials", "lock"}
MODES = ("governance", "compliance", "off")  # how objects are locked; the first one by default
INSTANCE = "instance"  # ?credentials=instance: ask the metadata service of the cloud's machine


class BucketUnclear(ValueError):
    """The address of a bucket cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, or the part of one under a prefix."""

    name: str
    prefix: str = ""  # empty, or with a slash at its end
    endpoint: str = ""  # empty: Amazon's own
    region: str = "us-east-1"
    instance_role: bool = False
    lock: str = MODES[0]  # one of MODES: who may take a lock off before its day
    access_key: str = ""  # both empty: from where the AWS tools take them
    secret_key: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, *, lock: str = MODES[0]) -> Self:
        """Read `s3://bucket/prefix?endpoint=https://…&region=…&lock=…`. Raises BucketUnclear."""
        parts = urlsplit(url)
        options = parse_qs(parts.query, keep_blank_values=True)
        prefix = parts.path.strip("/") + "/" if parts.path.strip("/") else ""
        if not NAME.fullmatch(parts.netloc):
            raise BucketUnclear("it must name a bucket: s3://bucket/prefix, without a password")
        if not PREFIX.fullmatch(prefix) or ".." in prefix:
            raise BucketUnclear("the prefix may have letters, digits, dots, dashes and slashes")
        if set(options) - KNOWN or any(len(values) > 1 for values in options.values()):
            raise BucketUnclear(
                "after the question mark it knows endpoint, region, credentials and lock, once each"
            )
        chosen = {name: values[0] for name, values in options.items()}
        endpoint = urlsplit(chosen.get("endpoint", ""))
        if "endpoint" in chosen and (endpoint.scheme not in {"https", "http"} or not endpoint.hostname):
            raise BucketUnclear("endpoint must be the store's https:// address")
        if chosen.get("credentials", INSTANCE) != INSTANCE:
            raise BucketUnclear("credentials can only be `instance`")
        if chosen.get("lock", lock) not in MODES:
            raise BucketUnclear(f"lock can be {', '.join(MODES)}")
        return cls(
            name=parts.netloc,
            prefix=prefix,
            endpoint=chosen.get("endpoint", ""),
            region=chosen.get("region") or "us-east-1",
            instance_role="credentials" in chosen,
            lock=chosen.get("lock", lock),
        )

    def overlaps(self, other: Self) -> bool:
        """Tell whether one of the two lies in the other."""
        same = (self.name, self.endpoint) == (other.name, other.endpoint)
        return same and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))

    def opened_with(self, access_key: str, secret_key: str) -> Self:
        return replace(self, access_key=access_key, secret_key=secret_key)

    def client(self, *, tries: int = TRIES, connect: float = CONNECT, read: float = READ) -> Any:
        """Make a client, to be shared between threads."""
        from botocore.config import Config  # noqa: PLC0415 - slow to import; a folder of files needs none of it

        return _session(self.instance_role).create_client(
            "s3",
            region_name=self.region,
            endpoint_url=self.endpoint or None,
            aws_access_key_id=self.access_key or None,
            aws_secret_access_key=self.secret_key or None,
            config=Config(
                connect_timeout=connect,
                read_timeout=read,
                retries={"mode": "standard", "total_max_attempts": tries},
                max_pool_connections=TOGETHER,
                tcp_keepalive=True,
                s3={"addressing_style": "path" if self.endpoint else "auto"},
                request_checksum_calculation="when_required",  # every object has its SHA-256, given by us
                response_checksum_validation="when_required",  # what comes back is authenticated by its key
            ),
        )


@cache
def _session(instance_role: bool) -> Any:
    """Keep one session: it has read the description of S3, which takes a tenth of a second."""
    import botocore.session  # noqa: PLC0415 - see Bucket.client

    session = botocore.session.Session()
    if not instance_role:  # nobody configured that host, so nobody is asked there (promise 36)
        session.get_component("credential_provider").remove("iam-role")
    return session
