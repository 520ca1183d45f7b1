"""NSD, a real authoritative name server, on loopback with a zone of our own.

The zone `EXAMPLE` holds the shapes of mail domains that DNS.md speaks of.  NSD answers with
the AA flag and does not recurse, so all names of a test lie in the zone.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from tests.fakes.programs import Running, free_port, program, until

EXAMPLE: Final = "\n".join(
    (
        "$ORIGIN example.test.",
        "$TTL 600",
        "@ IN SOA ns hostmaster 1 3600 600 86400 30",
        "@ IN NS ns",
        "ns IN A 127.0.0.1",
        "@ IN MX 10 mx1",
        "mx1 IN A 192.0.2.1",
        "mx1 IN AAAA 2001:db8::1",
        "mx2 IN A 192.0.2.2",
        "nullmx IN MX 0 .",
        "nullplus IN MX 0 .",
        "nullplus IN MX 10 mx1",
        "nullpref IN MX 10 .",
        "implicit IN A 192.0.2.3",
        "nodata IN TXT none",
        "multi IN MX 20 mx2",
        "multi IN MX 10 mx1",
        "equal IN MX 10 mx1",
        "equal IN MX 10 mx2",
        "dangling IN MX 10 nohost",
        "alias IN CNAME multi",
        "aliasmx IN MX 10 mxalias",
        "mxalias IN CNAME mx1",
        "ring1 IN CNAME ring2",
        "ring2 IN CNAME ring1",
        "private IN MX 10 inside",
        "inside IN A 10.0.0.1",
        "mapped IN MX 10 mappedhost",
        "mappedhost IN AAAA ::ffff:127.0.0.1",
        "half IN MX 10 halfhost",
        "halfhost IN A 10.0.0.1",
        "halfhost IN A 192.0.2.9",
        "self IN MX 5 mx1",
        "self IN MX 10 relay",
        "self IN MX 20 mx2",
        "onlyself IN MX 10 relay",
        "relay IN A 192.0.2.7",
        "ipmx IN MX 10 192.0.2.1.",
        "literalmx IN MX 10 [192.0.2.1]",
        "control IN MX 10 evil\\027[31m",
        "*.wild IN MX 10 mx1",
        *(f"many IN MX {n} many{n}" for n in range(1, 121)),
        "",
    )
)


class Nsd(Running):
    """Serves one zone from a scratch folder."""

    def __init__(self, folder: Path, zone: str = EXAMPLE, origin: str = "example.test") -> None:
        self.port = free_port()
        self._folder = folder
        self._zone = zone
        self._origin = origin
        super().__init__(
            [program("nsd"), "-d", "-c", folder / "nsd.conf"], log=folder / "output.log"
        )

    @property
    def address(self) -> str:
        """As it is written in ``dns.servers``."""
        return f"127.0.0.1:{self.port}"

    def start(self, **options: object) -> None:
        """Write zone and config, start it, and wait until it answers."""
        (self._folder / "zone").write_text(self._zone)
        (self._folder / "nsd.conf").write_text(
            f"""server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self._folder}"
  database: ""
  pidfile: ""
  logfile: "{self._folder}/nsd.log"
  xfrdfile: ""
  zonelistfile: "{self._folder}/zone.list"
  xfrdir: "{self._folder}"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "{self._origin}"
  zonefile: zone
"""
        )
        super().start(**options)
        until(f"NSD at port {self.port}", self._answers, within=15)

    def _answers(self) -> bool:
        question = b"\0\1\1\0\0\1\0\0\0\0\0\0\7example\4test\0\0\6\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.2)
            try:
                client.connect(("127.0.0.1", self.port))
                client.send(question)
                return client.recv(512)[3] & 0x0F == 0
            except OSError:
                return False
