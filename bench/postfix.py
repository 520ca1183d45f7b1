"""A Postfix of our own to measure against: started in a scratch folder, stopped by its pid.

It has its own configuration, queue and data folders and touches nothing of a Postfix the
machine may have.  The settings are fair, which here means: durable as Postfix is by default,
every setting that only costs it time switched off, concurrency as high as Empath's.
Each line of `MAIN` that is not a path says why it is there.  Needs root, as Postfix does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.encrypted import Certificate
from bench.processes import cpu_seconds
from tests.fakes.programs import free_port, program, until_port_answers

MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.bench.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
relayhost = [127.0.0.1]:{sink_port}
# No name is looked up: the peers are all on this machine.
disable_dns_lookups = yes
smtpd_peername_lookup = no
# Mail is taken in as fast as it comes, not paced to the rate at which it leaves.
in_flow_delay = 0
# As many processes and connections as Empath has senders and receivers.
default_process_limit = 100
initial_destination_concurrency = 20
smtp_destination_concurrency_limit = 20
message_size_limit = 209715200
mailbox_size_limit = 0
biff = no
"""

REUSE: Final = """\
# Connections to the next hop are kept even when no backlog asks for it.
smtp_connection_cache_destinations = [127.0.0.1]:{sink_port}
smtp_connection_reuse_count_limit = 100
"""

ENCRYPTED: Final = """\
# Offered to clients, and asked of the next hop; not verified, as Empath's route does not.
smtpd_tls_security_level = may
smtpd_tls_chain_files = {key}, {chain}
smtp_tls_security_level = encrypt
# An encrypted connection is kept by a process of its own, or not at all.
smtp_tls_connection_reuse = yes
"""

MASTER: Final = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
tlsproxy unix - - n - 0 tlsproxy
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """One running Postfix; a context manager."""

    name = "Postfix"

    def __init__(
        self,
        folder: Path,
        *,
        sink_port: int,
        reuse: bool,
        encrypted: bool = False,
        services: str = "",
    ) -> None:
        """Make an instance below *folder* that relays all mail to *sink_port* on loopback.

        *services* are further lines of master.cf.
        """
        self.folder = folder / "postfix"
        self.port = free_port()
        self._config = self.folder / "etc"
        self._services = services
        self._main = MAIN + (REUSE if reuse else "") + (ENCRYPTED if encrypted else "")
        self._sink_port = sink_port
        self._pid = 0

    def __enter__(self) -> Self:
        for part in ("etc", "queue", "data"):
            (self.folder / part).mkdir(parents=True)
        # Postfix's processes run as postfix: they must be able to pass through.
        self.folder.parent.chmod(0o711)
        shutil.chown(self.folder / "data", "postfix")
        made = Certificate(self.folder / "certificate", "postfix.bench.example")
        values = {"folder": self.folder, "sink_port": self._sink_port, "port": self.port}
        values |= {"chain": made.chain, "key": made.key}
        (self._config / "main.cf").write_text(self._main.format_map(values))
        (self._config / "master.cf").write_text(MASTER.format_map(values) + self._services)
        self._control("start")
        self._pid = int((self.folder / "queue/pid/master.pid").read_text())
        until_port_answers(self.port, within=20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._control("stop")
        except subprocess.CalledProcessError:
            os.kill(self._pid, signal.SIGKILL)

    def _control(self, verb: str) -> None:
        """Run ``postfix start`` or ``stop`` on this instance."""
        subprocess.run(
            [program("postfix"), "-c", self._config, verb],
            check=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def cpu_seconds(self) -> float:
        """CPU time of master and all it ever started."""
        return cpu_seconds(self._pid)
