"""Settings that do not fit together, or not with the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from empath.address import Domain
from empath.config.checks import UNNAMED, name_server, route_domain
from empath.config.load import parse_config
from empath.config.model import Config
from empath.config.problem import ConfigUnusable


def read(text: str) -> Config:
    """The config in *text*."""
    return parse_config(text, file="empath.toml", directory=Path("/etc"), environ={"HOME": "/root"})


def problems(text: str) -> list[str]:
    """What an operator is told about *text*, line by line."""
    with pytest.raises(ConfigUnusable) as raised:
        read(text)
    return str(raised.value).splitlines()


LISTENER = '[[listener]]\nbind = "127.0.0.1:25"\n'
ROUTE = '[[route]]\ndomain = "*"\nhost = "smtp.example.com:587"\n'


RULE = '[[priority.rule]]\ngive = "low"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            RULE,
            (
                "2: priority.rule[0].give: would be given to all mail; name a sender, recipient,"
                " listener or header"
            ),
        ),
        (
            RULE + 'listener = "127.0.0.1:25"\n',
            (
                "3: priority.rule[0].listener: no listener has this `bind`; there are"
                ' 127.0.0.1:1025 (got "127.0.0.1:25")'
            ),
        ),
        (
            RULE + 'header = ": x"\n',
            (
                '3: priority.rule[0].header: must be "Name" or "Name: value" of a header field'
                ' (got ": x")'
            ),
        ),
        (
            RULE + 'recipient = "ada"\n',
            (
                '3: priority.rule[0].recipient: must be "user@example.org", "@example.org",'
                ' ".example.org" or "<>" (got "ada")'
            ),
        ),
    ],
)
def test_rules_of_priority(text: str, told: str) -> None:
    """A rule of priority names something that can be, so that it does not miss in silence."""
    assert problems(text) == [f"empath.toml:{told}"]


def test_a_rule_of_priority() -> None:
    """A sound rule is read as it stands."""
    (rule,) = read(RULE + 'header = "X-Kind: Invoice"\nsender = "<>"\n').priority.rule
    assert (rule.field, rule.value) == ("x-kind", "invoice")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "listener = []",
            'empath.toml:1: listener: there must be at least one, such as bind = "127.0.0.1:1025"',
        ),
        (
            LISTENER + '[[listener]]\nbind = "localhost:25"\n',
            (
                "empath.toml:4: listener[1].bind: listener[0] listens at 127.0.0.1:25 already;"
                " give it"
                " another port"
            ),
        ),
        (
            '[[listener]]\nbind = "[::1]:25"\n[[listener]]\nbind = "[0:0::1]:25"\n',
            (
                "empath.toml:4: listener[1].bind: listener[0] listens at [::1]:25 already; give it"
                " another port"
            ),
        ),
        (
            '[metrics]\nbind = "192.0.2.1:9925"\n',
            (
                "empath.toml:2: metrics.bind: 192.0.2.1:9925 is no address of loopback: anybody who"
                ' reaches it could read the figures; write "127.0.0.1:9925" and put a proxy with a'
                " password before it"
            ),
        ),
        (
            '[monitor]\nsocket = "/q/m"\nusers = ["nobody-of-that-name"]\n',
            (
                'empath.toml:3: monitor.users: there is no user "nobody-of-that-name" on this'
                " machine; `getent passwd` lists them"
            ),
        ),
        (
            f'[monitor]\nsocket = "/{"x" * 120}"\n',
            (
                "empath.toml:2: monitor.socket: is 14 octets too long for a socket"
                f' (got "/{"x" * 58}…")'
            ),
        ),
        (
            '[spool]\npath = "/q"\n[monitor]\nsocket = "/q/empath.sock"\n',
            (
                "empath.toml:4: monitor.socket: /q/empath.sock is the control socket; choose"
                " another name"
            ),
        ),
        (
            '[metrics]\nbind = "127.0.0.1:1025"\n',
            (
                "empath.toml:2: metrics.bind: listener[0] listens at 127.0.0.1:1025; choose another"
                " port"
            ),
        ),
        (
            '[[destination]]\ndomain = "a..b"\n',
            (
                "empath.toml:2: destination[0].domain: the domain is neither a host name nor an"
                ' address literal; write "example.org", ".example.org" or "*" (got "a..b")'
            ),
        ),
        (
            '[[destination]]\ndomain = "A.test"\n[[destination]]\ndomain = "a.test"\n',
            (
                'empath.toml:4: destination[1].domain: destination[0] is for "a.test" already; put'
                " the settings together"
            ),
        ),
        (
            '[delivery.tls]\nca_file = "missing.pem"\n',
            "empath.toml:2: delivery.tls.ca_file: there is no file /etc/missing.pem",
        ),
        (
            LISTENER + 'certificate = "cert.pem"',
            (
                'empath.toml:3: listener[0].certificate: has no use while tls is "none"; set tls ='
                ' "starttls", or remove certificate'
            ),
        ),
        (
            ROUTE + '[[route]]\ndomain = "*"\nhost = "other.example.com:25"',
            'empath.toml:5: route[1].domain: route[0] is for "*" already; a domain has one route',
        ),
        (
            (
                '[[route]]\ndomain = "bücher.example"\nhost = "a.example:25"\n'
                '[[route]]\ndomain = "XN--BCHER-KVA.example"\nhost = "b.example:25"'
            ),
            (
                'empath.toml:5: route[1].domain: route[0] is for "xn--bcher-kva.example" already; a'
                " domain has one route"
            ),
        ),
        (
            '[[route]]\ndomain = "*.example.org"\nhost = "a.example:25"',
            (
                "empath.toml:2: route[0].domain: the domain is neither a host name nor an address"
                ' literal; write "example.org", ".example.org" or "*" (got "*.example.org")'
            ),
        ),
        (
            ROUTE + 'password = "hunter2"',
            "empath.toml:1: route[0].username: is missing: a password needs a user name",
        ),
        (
            ROUTE + 'username = "ada"',
            "empath.toml:1: route[0].password: is missing: a user name needs a password",
        ),
        (
            ROUTE + 'username = "ada"\npassword = "hunter2"\ntls = "none"',
            (
                "empath.toml:6: route[0].tls: a password is sent over TLS only; set tls = "
                '"starttls" or "implicit"'
            ),
        ),
        (
            LISTENER + '[[route]]\ndomain = "*"\nhost = "localhost:25"',
            (
                "empath.toml:5: route[0].host: localhost:25 is a listener of this Empath; its mail"
                " would go round in circles"
            ),
        ),
        (
            '[[listener]]\nbind = "0.0.0.0:25"\n[[route]]\ndomain = "*"\nhost = "127.0.0.1:25"',
            (
                "empath.toml:5: route[0].host: 127.0.0.1:25 is a listener of this Empath; its mail"
                " would go round in circles"
            ),
        ),
        (
            'relay.networks = ["10.0.0.0/8", "::/0"]',
            (
                "empath.toml:1: relay.networks[1]: ::/0 is the whole world: that is an open relay,"
                " which spammers find within hours; name your own networks"
            ),
        ),
        (
            '[delivery.retry]\nbase = "2h"\ncap = "1h"',
            'empath.toml:3: delivery.retry.cap: cap ("1h") must not be shorter than base ("2h")',
        ),
        (
            '[delivery.retry]\nexpiry = "1h"',
            (
                'empath.toml:2: delivery.retry.expiry: delay_notice ("4h") must be shorter than'
                " expiry"
                ' ("1h"); 0 sends no notice'
            ),
        ),
        (
            'dns.servers = ["192.0.2.53", "ns.example.org"]',
            (
                'empath.toml:1: dns.servers[1]: must be an address, such as "192.0.2.53",'
                ' "192.0.2.53:5353" or "[2001:db8::53]:53" (got "ns.example.org")'
            ),
        ),
        (
            'spool.path = "/etc/hostname"',
            "empath.toml:1: spool.path: /etc/hostname is not a folder",
        ),
        (
            f'spool.path = "/{"x" * 99}"',
            (
                "empath.toml:1: spool.path: is 5 octets too long for a control socket to lie in it"
                f' (got "/{"x" * 58}…")'
            ),
        ),
    ],
)
def test_what_does_not_fit_together_is_told(text: str, told: str) -> None:
    """Each check names the key to change, its line and what to write."""
    assert problems(text) == [told]


def test_tls_needs_a_certificate_and_its_key() -> None:
    """A listener with TLS says which files it lacks."""
    assert problems(LISTENER + 'tls = "starttls"') == [
        'empath.toml:1: listener[0].certificate: is missing: tls = "starttls" needs it',
        'empath.toml:1: listener[0].key: is missing: tls = "starttls" needs it',
    ]


def test_the_files_of_tls_must_be_there_and_the_key_private(tmp_path: Path) -> None:
    """SMTP-RULES 3.3: a key that others can read is refused when the config is read."""
    key = tmp_path / "key.pem"
    key.touch()
    key.chmod(0o644)
    told = problems(
        LISTENER + f'tls = "implicit"\ncertificate = "{tmp_path}/none.pem"\nkey = "{key}"'
    )
    assert told == [
        f"empath.toml:4: listener[0].certificate: there is no file {tmp_path}/none.pem",
        (
            f"empath.toml:5: listener[0].key: {key} can be read by others than its owner; run"
            f' "chmod 600 {key}"'
        ),
    ]


def test_a_check_does_not_follow_from_a_mistake_told_already() -> None:
    """One mistake makes one line, not one more for each check that it would fail as well."""
    told = problems(LISTENER + 'tls = "startls"\ncertificate = "cert.pem"\nkey = "key.pem"')
    assert told == [
        (
            'empath.toml:3: listener[0].tls: must be one of "none", "starttls", "implicit"'
            ' (got text "startls")'
        )
    ]


def test_a_relay_to_mx_hosts_needs_a_name() -> None:
    """MX hosts refuse a client without a name; a smarthost for all mail does not care."""
    text = f'mode = "relay"\nhostname = "{UNNAMED}"\n'
    [told] = problems(text)
    assert told.startswith("empath.toml:2: hostname: is missing and this machine has no full name;")
    assert read(text + ROUTE).mode == "relay"
    assert read('mode = "relay"\nhostname = "mx.example.org"\n').mode == "relay"


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", "192.0.2.53 53"),
        ("192.0.2.53:5353", "192.0.2.53 5353"),
        ("2001:db8::53", "2001:db8::53 53"),
        ("[2001:db8::53]", "2001:db8::53 53"),
        ("[2001:db8::53]:5353", "2001:db8::53 5353"),
        ("ns.example.org", None),
        ("192.0.2.53:0", None),
        ("", None),
    ],
)
def test_name_servers_are_addresses_with_or_without_a_port(text: str, server: str | None) -> None:
    """A name server cannot be looked up, so it is an address; its port is 53 if not given."""
    found = name_server(text)
    assert (f"{found[0]} {found[1]}" if found else None) == server


def test_a_route_has_one_spelling() -> None:
    """Routes are compared in lower case and as A-labels, with the dot of subdomains kept."""
    assert route_domain("*") == "*"
    assert route_domain(".Example.ORG") == ".example.org"
    assert route_domain("bücher.example") == Domain("xn--bcher-kva.example")


BY_ADDRESS = '[[route]]\ndomain = "{0}"\nhost = "192.0.2.1:25"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[delivery.tls]\npolicy = "verify"\n' + BY_ADDRESS.format("*"), "5: route[0].host: 192.0"),
        (
            BY_ADDRESS.format("*") + '[[destination]]\ndomain = "a.test"\ntls = "verify"\n',
            '6: destination[0].tls: "verify" needs the name of a host, and the [[route]] for "*"',
        ),
        (
            BY_ADDRESS.format("a.test") + '[[destination]]\ndomain = "*"\ntls = "verify"\n',
            '3: route[0].host: 192.0.2.1:25 is an address, and destination[0].tls = "verify" needs',
        ),
        (
            BY_ADDRESS.format(".test") + '[[destination]]\ndomain = ".a.test"\ntls = "verify"\n',
            '6: destination[0].tls: "verify" needs the name of a host, and',
        ),
    ],
)
def test_an_address_cannot_be_verified(text: str, told: str) -> None:
    """Certificates name hosts: where one is asked for, the next hop is written with its name."""
    (problem,) = problems(text)
    assert problem.startswith(f"empath.toml:{told}")


@pytest.mark.parametrize(
    "text",
    [
        BY_ADDRESS.format("*"),
        '[delivery.tls]\npolicy = "verify"\n' + BY_ADDRESS.format("*") + 'tls = "starttls"\n',
        '[delivery.tls]\npolicy = "verify"\n[[route]]\ndomain = "*"\nhost = "mx.example.org:25"\n',
        '[delivery.tls]\npolicy = "verify"\n'
        + BY_ADDRESS.format("a.test")
        + '[[destination]]\ndomain = ".test"\ntls = "required"\n',
        BY_ADDRESS.format("b.test") + '[[destination]]\ndomain = "a.test"\ntls = "verify"\n',
    ],
)
def test_an_address_may_be_a_next_hop_where_no_name_is_asked_for(text: str) -> None:
    """Encryption without a name, a host with one, another destination: nothing to say."""
    assert read(text).route[0].host.port == 25
