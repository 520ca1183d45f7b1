"""The config as a text that is edited elsewhere: no secret leaves, none is lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from empath import codec
from empath.config.config_file import SIZE_LIMIT
from empath.config.problem import ConfigUnusable
from empath.control.ledger import listed
from empath.control.link import (
    ApplyConfig,
    CheckConfig,
    DescribeConfig,
    GetConfig,
    ListConfigHistory,
    ListRecord,
    NotFound,
    PlanConfig,
    ReadConfigText,
    ReadConfigVersion,
    RequestRefused,
    RequestUnclear,
    RollBackConfig,
)
from empath.observe.lines import text_line
from tests.fakes.config_at_desk import AtDesk, at_desk

SECRET = "correct-horse-battery"
ROUTE = f'''\
# the password is {SECRET}
[[route]]
domain = "*"
host = "mx.test:587"
tls = "implicit"   # always
username = "u"
password = "{SECRET}"
'''


async def shown(at: AtDesk) -> str:
    """The text of the file as an editor gets it."""
    text: str = (await at.desk.answer(ReadConfigText(), "root")).text
    return text


async def test_read_and_applied_unchanged_is_no_change(tmp_path: Path) -> None:
    """The file is the same to the letter, its secret too, and no version is made of it but one."""
    async with at_desk(tmp_path, ROUTE) as at:
        text = await shown(at)
        assert SECRET not in text
        check = await at.desk.answer(CheckConfig(text=text), "root")
        assert (check.faults, check.changes) == ((), ())
        plan = await at.desk.answer(PlanConfig(text=text), "root")
        assert (plan.faults, plan.changes, plan.digest) == ((), (), check.digest)
        applied = await at.desk.answer(ApplyConfig(text=text, expect=plan.digest), "root")
        assert applied.plan.changes == ()
        assert at.file.read_text() == ROUTE
        assert at.standing.current().route[0].password.reveal() == SECRET


async def test_a_change_beside_a_secret_keeps_it(tmp_path: Path) -> None:
    """A table before it, a setting in its own table; the file has the secret, the reply has not."""
    async with at_desk(tmp_path, ROUTE) as at:
        text = (await shown(at)).replace('"u"', '"v"') + '[delivery.retry]\nbase = "9m"\n'
        text = '[[route]]\ndomain = "a.test"\nhost = "a.test:25"\n' + text
        applied = await at.desk.answer(ApplyConfig(text=text), "root")
        assert applied.plan.faults == ()
        assert f'password = "{SECRET}"' in at.file.read_text()
        assert [route.password.reveal() for route in at.standing.current().route] == ["", SECRET]


async def test_no_reply_event_log_or_record_has_the_secret(tmp_path: Path) -> None:
    """Whatever is asked, and whatever goes wrong: its text is searched for in all that leaves."""
    async with at_desk(tmp_path, ROUTE) as at:
        text = await shown(at)
        asked = [
            ReadConfigText(),
            ReadConfigVersion(),
            ReadConfigVersion(version=1),
            CheckConfig(text=text),
            CheckConfig(text=ROUTE.replace("[[", "[")),
            CheckConfig(text=ROUTE.replace('"*"', '"**"')),
            CheckConfig(text=text.replace('"*"', '"other.test"')),
            PlanConfig(text=ROUTE.replace(SECRET, f"{SECRET}2")),
            ApplyConfig(text=ROUTE.replace(SECRET, f"{SECRET}2"), reason="new password"),
            RollBackConfig(),
            GetConfig(),
            ListConfigHistory(),
            DescribeConfig(),
            DescribeConfig(key="route"),
        ]
        said = []
        for request in asked:
            reply = await at.desk.answer(request, "root")
            said.append(codec.encode(reply).decode())
        record = await listed(at.store, ListRecord().limit, None)
        said += [codec.encode(record).decode()]
        said += [codec.encode(event).decode() for event in at.published]
        said += [text_line(event) for event in at.published]
        assert not [each for each in said if SECRET in each]
        assert at.standing.state.version == 3, "a change and its way back were among them"
        at.file.write_text(ROUTE.replace('"mx.test:587"', '"mx.test:587'))
        assert SECRET not in await shown(at), "nor where the file is broken"


async def test_a_placeholder_that_stands_for_nothing_is_a_fault_and_changes_nothing(
    tmp_path: Path,
) -> None:
    """Check, plan and apply say it alike, with its line."""
    async with at_desk(tmp_path, ROUTE) as at:
        moved = (await shown(at)).replace('domain = "*"', 'domain = "x.test"')
        check = await at.desk.answer(CheckConfig(text=moved), "root")
        plan = await at.desk.answer(PlanConfig(text=moved), "root")
        applied = await at.desk.answer(ApplyConfig(text=moved), "root")
        for faults in (check.faults, plan.faults, applied.plan.faults):
            assert [(one.line, one.key) for one in faults] == [(7, 'route["x.test"].password')]
        assert (applied.version, at.file.read_text()) == (1, ROUTE)


@pytest.mark.parametrize("altered", ["••••", "••••  {}", "•••• {}", "•• {}", "•••• {}!"])
async def test_a_placeholder_that_was_altered_is_no_new_password(
    tmp_path: Path, altered: str
) -> None:
    """Cut, with a space more, or with digits missing: a fault at its line."""
    async with at_desk(tmp_path, ROUTE) as at:
        before, _, rest = (await shown(at)).rpartition("•••• ")
        digits, quote = rest[:12], rest[12:]
        draft = before + altered.format(digits[:-1] if altered == "•••• {}" else digits) + quote
        check = await at.desk.answer(CheckConfig(text=draft), "root")
        assert [one.line for one in check.faults] == [7]
        applied = await at.desk.answer(ApplyConfig(text=draft), "root")
        assert (applied.version, at.file.read_text()) == (1, ROUTE)


async def test_a_text_that_was_shown_is_no_config_file(tmp_path: Path) -> None:
    """Copied over the file, its placeholders are faults to a reload, a check and a start."""
    async with at_desk(tmp_path, ROUTE) as at:
        at.file.write_text(await shown(at))
        check = await at.desk.answer(CheckConfig(), "root")
        applied = await at.reload()
        for faults in (check.faults, applied.plan.faults):
            [fault] = faults
            assert (fault.line, "config apply FILE" in fault.sentence) == (7, True)
        assert at.standing.current().route[0].password.reveal() == SECRET
        with pytest.raises(ConfigUnusable, match="is a placeholder"):
            at.standing.origin.read()


async def test_a_placeholder_in_a_comment_of_what_ran_is_no_draft_s(tmp_path: Path) -> None:
    """One goes back to such a version as to any."""
    comment = "# the password was •••• 0123456789ab\n"
    async with at_desk(tmp_path, ROUTE + comment) as at:
        await at.reload(ROUTE)
        back = await at.desk.answer(RollBackConfig(), "root")
        assert (back.plan.faults, at.file.read_text()) == ((), ROUTE + comment)


async def test_a_text_that_was_applied_is_an_edit_on_the_record_as_in_the_history(
    tmp_path: Path,
) -> None:
    """Whoever looks for what was done finds it under one word."""
    async with at_desk(tmp_path, ROUTE) as at:
        await at.desk.answer(ApplyConfig(text=await shown(at) + "# edited\n"), "root")
        await at.reload(ROUTE)
        await at.desk.answer(RollBackConfig(), "root")
        history = await at.desk.answer(ListConfigHistory(), "root")
        record = [one.record for one in (await listed(at.store, 10, None)).items]
        told = ["rollback", "reload", "edit"]
        assert [one.action for one in record] == told
        assert [one.source for one in history.versions][:3] == told
        assert record[0].detail == "to version 2, as version 4, 0 changes"


async def test_placeholders_outlive_a_restart(tmp_path: Path) -> None:
    """A draft that was begun before can be put in force after."""
    async with at_desk(tmp_path, ROUTE) as at:
        before = await shown(at)
        name = (await at.desk.answer(GetConfig(), "root")).history
        assert (at.history.folder / "key").stat().st_mode & 0o777 == 0o600
    async with at_desk(tmp_path, ROUTE) as at:
        assert await shown(at) == before
        assert (await at.desk.answer(GetConfig(), "root")).history == name != ""


async def test_an_earlier_version_is_shown_without_its_secrets(tmp_path: Path) -> None:
    """Its placeholders stand for what was; put in the place of the present they are faults."""
    async with at_desk(tmp_path, ROUTE) as at:
        await at.reload(ROUTE.replace(SECRET, "another-one"))
        first = await at.desk.answer(ReadConfigVersion(version=1), "root")
        now = await at.desk.answer(ReadConfigVersion(), "root")
        assert (first.version, first.running, now.version, now.running) == (1, False, 2, True)
        assert SECRET not in first.text
        check = await at.desk.answer(CheckConfig(text=first.text), "root")
        assert "not the present one" in check.faults[-1].sentence
        with pytest.raises(NotFound, match="no version 9"):
            await at.desk.answer(ReadConfigVersion(version=9), "root")


async def test_a_file_that_is_mended_keeps_the_secret_of_what_is_in_force(tmp_path: Path) -> None:
    """Broken on disk, shown with placeholders, mended in the editor, applied."""
    async with at_desk(tmp_path, ROUTE) as at:
        at.file.write_text(ROUTE.replace('"implicit"', '"implicit'))
        text = await shown(at)
        assert (await at.desk.answer(CheckConfig(text=text), "root")).faults[0].line == 5
        mended = text.replace('"implicit', '"implicit"')
        applied = await at.desk.answer(ApplyConfig(text=mended), "root")
        assert applied.plan.faults == ()
        assert at.file.read_text() == ROUTE


async def test_a_text_as_long_as_a_file_may_be_is_taken(tmp_path: Path) -> None:
    """And none that is longer: the engine could not start with it."""
    async with at_desk(tmp_path, ROUTE) as at:
        text = ROUTE + "#" * (SIZE_LIMIT - len(ROUTE))
        assert (await at.desk.answer(ApplyConfig(text=text), "root")).version == 2
        assert at.standing.origin.read().text == text
        applied = await at.desk.answer(ApplyConfig(text=f"{text}#"), "root")
        [fault] = applied.plan.faults
        assert "longer than 1 MiB" in fault.sentence
        assert (applied.version, at.file.read_text()) == (2, text)


async def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    """No UTF-8, far too long, gone: what is in force can still be read."""
    async with at_desk(tmp_path, ROUTE) as at:
        for content in (b"\xff\xfe", b"#" * 10_000_000):
            at.file.write_bytes(content)
            with pytest.raises(RequestRefused, match="cannot be read"):
                await shown(at)
        at.file.unlink()
        with pytest.raises(RequestRefused, match="no such file"):
            await shown(at)
        now = await at.desk.answer(ReadConfigVersion(), "root")
        assert now.text.count("\n") == ROUTE.count("\n")


async def test_all_faults_come_at_once_each_with_its_line(tmp_path: Path) -> None:
    """And the changes of a text without one; without a text it is the file that is checked."""
    async with at_desk(tmp_path, ROUTE) as at:
        wrong = 'hostnam = "x"\n[delivery.retry]\nbase = "0s"\ncap = 5\n'
        check = await at.desk.answer(CheckConfig(text=wrong), "root")
        assert [one.line for one in check.faults] == [1, 3, 4]
        right = await at.desk.answer(CheckConfig(text=ROUTE + '[log]\nlevel = "debug"\n'), "r")
        assert [one.key for one in right.changes] == ["log.level"]
        at.file.write_text("[")
        assert (await at.desk.answer(CheckConfig(), "root")).faults[0].line == 1


async def test_authorities_that_are_none_are_found_by_the_quick_look(tmp_path: Path) -> None:
    """Whoever checks while he types is told of what a reload would be refused for."""
    async with at_desk(tmp_path, ROUTE) as at:
        (tmp_path / "junk.pem").write_text("junk\n")
        text = await shown(at) + '[delivery.tls]\nca_file = "junk.pem"\n'
        [fault] = (await at.desk.answer(CheckConfig(text=text), "root")).faults
        assert (fault.line, fault.key) == (9, "delivery.tls.ca_file")
        assert "holds no certificate in PEM" in fault.sentence


async def test_seven_hundred_lines_are_checked_quickly(tmp_path: Path) -> None:
    """While somebody types: well below what is felt; the bound leaves a busy machine room."""
    table = '[[destination]]\ndomain = "d{0}.test"\n# of {0}\nconcurrency = 3\nrate = "5/s"\n'
    text = ROUTE + "".join(table.format(number) for number in range(139))
    assert text.count("\n") >= 700
    async with at_desk(tmp_path, ROUTE) as at:
        await at.desk.answer(CheckConfig(text=text), "root")
        took = []
        for _ in range(5):
            before = time.perf_counter()
            check = await at.desk.answer(CheckConfig(text=text), "root")
            took.append(time.perf_counter() - before)
        assert (check.faults, len(check.changes)) == ((), 139)
        assert min(took) < 0.25


async def test_every_setting_is_described_with_what_it_is_here_and_there(tmp_path: Path) -> None:
    """Kind, bounds, default, effect and sentence; the value in force and that of the file."""
    async with at_desk(tmp_path, ROUTE) as at:
        at.file.write_text(ROUTE + '[delivery.retry]\nbase = "9m"\n')
        found = await at.desk.answer(DescribeConfig(key="delivery.retry.base"), "root")
        [key] = found.keys
        assert (key.key, key.default, key.effect) == ("delivery.retry.base", '"5m"', "live")
        assert key.kind.startswith("duration, ")
        [value] = found.values
        assert (value.running, value.file) == ('"5m"', '"9m"')
        everything = await at.desk.answer(DescribeConfig(), "root")
        assert {"route", "route[].host", "log.level"} <= {one.key for one in everything.keys}
        assert all(one.what for one in everything.keys)
        routes = await at.desk.answer(DescribeConfig(key="route[].host"), "root")
        assert [(one.key, one.running) for one in routes.values] == [
            ('route["*"].host', '"mx.test:587"')
        ]
        at.file.write_text("[")
        found = await at.desk.answer(DescribeConfig(key="delivery.retry.base"), "root")
        assert found.values[0].file == ""
        with pytest.raises(RequestUnclear, match="did you mean"):
            await at.desk.answer(DescribeConfig(key="delivery.retry.bas"), "root")


async def test_a_disk_without_room_for_the_key_is_no_reason_to_refuse(tmp_path: Path) -> None:
    """Then placeholders last until the restart."""
    async with at_desk(tmp_path, ROUTE) as at:
        if os.geteuid() == 0:
            (at.history.folder / "key").mkdir()
        else:
            at.history.folder.chmod(0o500)
        text = await shown(at)
        assert (await at.desk.answer(CheckConfig(text=text), "root")).faults == ()
        at.history.folder.chmod(0o700)


@pytest.mark.parametrize("written_only", [False, True])
async def test_what_is_shown_can_be_planned_and_applied(tmp_path: Path, written_only: bool) -> None:
    """Passwords come as placeholders, or as where they are, and stay what they were."""
    (tmp_path / "password").write_text("hunter2")
    (tmp_path / "password").chmod(0o600)
    more = '[[route]]\ndomain = "a.test"\nhost = "a.test:587"\nusername = "a"\ntls = "starttls"\n'
    async with at_desk(tmp_path, f'{ROUTE}{more}password = {{ file = "password" }}\n') as at:
        view = await at.desk.answer(GetConfig(written_only=written_only), "root")
        assert SECRET not in view.text
        assert 'password = { file = "password" }' in view.text
        plan = await at.desk.answer(PlanConfig(text=view.text), "root")
        assert (plan.faults, plan.changes) == ((), ())
        applied = await at.desk.answer(ApplyConfig(text=view.text), "root")
        assert (applied.plan.faults, applied.plan.changes) == ((), ())
        assert f'password = "{SECRET}"' in at.file.read_text()
