"""The command line against a running web: what people type, and what they are told when it cannot be."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.world import World, open_world
from terminal import Terminal
from words_to_send import broken_config


@pytest.fixture
async def world(database_url: str, broker_url: str) -> AsyncIterator[World]:
    made = await open_world(database_url, broker_url)
    yield made
    await made.close()


def test_an_incident_is_opened_updated_and_resolved(terminal: Terminal) -> None:
    opened = terminal.run("incident", "open", "Checkout is failing", "-b", "We look into it.", "-s", "sev2",
                          "--text", "oncall=psp-gw-3", "--next-update-in", "30m")  # fmt: skip
    assert opened.out.startswith("INC-1, version 1, is on its way.")
    assert "http://status.test/incidents/" in opened.out
    terminal.run("incident", "update", "INC-1", "--body", "-", "--status", "identified", typed="Found it.\n")
    terminal.run("incident", "resolve", "INC-1", "-b", "Fixed.")

    shown = terminal.run("incident", "show", "INC-1", "--json").content
    assert [(said["version"], said["status"], said["body"]) for said in shown["updates"]] == [
        (3, "resolved", "Fixed."),
        (2, "identified", "Found it."),
        (1, "investigating", "We look into it."),
    ]
    assert shown["updates"][2]["texts"] == {"oncall": "psp-gw-3"}
    assert shown["updates"][0]["created_by"] == "key:cli"
    assert "Checkout is failing" in terminal.run("incident", "show", "INC-1").out
    assert [one["ref"] for one in terminal.run("incident", "list", "--json").content] == ["INC-1"]
    assert terminal.run("incident", "list", "--open", "--json").content == []
    narrow = replace(terminal, environment={"COLUMNS": "80"})
    terminal.run("incident", "open", "A title that is wider than the window has room for", "-b", "Again.")
    listed = narrow.run("incident", "list").out
    assert shown["started_at"][:16].replace("T", " ") in listed
    assert "investigating" in listed


def test_what_is_refused_is_told_in_words_and_ends_with_1(terminal: Terminal) -> None:
    for words, told in [
        (("incident", "show", "INC-9"), "There is no incident 'INC-9'"),
        (("incident", "show", "../channels"), "There is no"),
        (("incident", "open", "x", "-b", "y", "-s", "sev9"), "severity: This is not one of: sev1"),
        (("incident", "open", "x", "-b", "y", "-c", "checkout"), "Write --component as SLUG=STATUS"),
        (("incident", "open", "x", "-b", "y", "--next-update-in", "soon"), "Write --next-update-in as 90s"),
        (("subscribers", "import", "nowhere.ndjson"), "nowhere.ndjson cannot be read"),
        (("key", "revoke", "nobody"), "There is no working key 'nobody'"),
    ]:
        said = terminal.run(*words, status=1)
        assert told in said.err, said
        assert "Traceback" not in said.err


def test_another_tocsin_is_reached_by_url_and_key(terminal: Terminal, tmp_path: Path) -> None:
    url, key = (terminal.home / "address").read_text(), (terminal.home / "cli.key").read_text()
    elsewhere = replace(terminal, home=tmp_path)
    assert "No Tocsin ever ran" in elsewhere.run("incident", "list", status=1).err
    there = replace(elsewhere, environment={"TOCSIN_URL": url, "TOCSIN_KEY": key})
    assert there.run("incident", "list", "--json").content == []
    wrong = replace(elsewhere, environment={"TOCSIN_URL": url, "TOCSIN_KEY": "tcs_x"})
    assert "Send a key that works" in wrong.run("incident", "list", status=1).err
    dead = replace(elsewhere, environment={"TOCSIN_URL": "http://127.0.0.1:9", "TOCSIN_KEY": key})
    assert "Nothing answers at http://127.0.0.1:9" in dead.run("incident", "list", status=1).err


def test_a_key_is_printed_alone_listed_by_its_beginning_and_revoked(terminal: Terminal) -> None:
    made = terminal.run("key", "create", "--name", "ci", "--scope", "incidents:write", "--scope", "incidents:read")
    key = made.last_line
    assert key.startswith("tcs_")
    assert len(key) == 42
    listed = {one["name"]: one for one in terminal.run("key", "list", "--json").content}
    assert listed["ci"]["scopes"] == ["incidents:read", "incidents:write"]
    assert key.startswith(listed["ci"]["prefix"])
    assert key not in json.dumps(listed)
    assert listed["ci"]["prefix"] in terminal.run("key", "list").out
    assert "ci" in terminal.run("key", "revoke", "ci").out
    url = (terminal.home / "address").read_text()
    gone = replace(terminal, environment={"TOCSIN_URL": url, "TOCSIN_KEY": key})
    assert "Send a key that works" in gone.run("incident", "list", status=1).err


def test_subscribers_go_in_and_out_unchanged(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "people.ndjson"
    lines = [
        json.dumps({"audiences": ["customers"], "name": f"Nr. {n}", "endpoints": []}, ensure_ascii=False)
        for n in range(30)
    ]
    file.write_text("\n".join([*lines, "{broken", ""]))
    said = terminal.run("subscribers", "import", str(file), status=1)
    assert "31 lines: 30 created, 0 were there already, 1 refused." in said.out
    assert "Line 31: This line is not valid JSON" in said.err
    table = tmp_path / "more.csv"
    table.write_text("audiences,name\nsupport,Ada\n")
    report = terminal.run("subscribers", "import", str(table), "--json").out.splitlines()
    assert json.loads(report[-1])["summary"]["created"] == 1
    out = tmp_path / "out.ndjson"
    terminal.run("subscribers", "export", "-o", str(out))
    assert [json.loads(line)["name"] for line in out.read_text().splitlines()] == [
        *(f"Nr. {n}" for n in range(30)),
        "Ada",
    ]


def test_an_operator_is_made_once_and_given_a_new_password_when_asked(terminal: Terminal) -> None:
    first = terminal.run("operator", "create", "ada@example.com").last_line
    assert len(first) >= 12
    assert "has an account already" in terminal.run("operator", "create", "Ada@example.com", status=1).err
    given = ("operator", "create", "ada@example.com", "--reset", "--password-stdin")
    again = terminal.run(*given, typed="short\n", status=1)
    assert "12 to 200 characters" in again.err
    terminal.run(*given, typed="a long password\n")


def test_the_doctor_names_what_is_broken(terminal: Terminal, tmp_path: Path) -> None:
    well = {one["name"]: one for one in terminal.run("doctor", "--json").content}
    assert well["database"] == {"name": "database", "ok": True, "detail": "answers, and has the newest schema"}
    assert well["web"]["ok"] is True
    assert [name for name, one in well.items() if "is not set up ([" in one["detail"]] == [
        "email",
        "sms",
        "social",
        "push",
    ]
    broken = replace(
        terminal,
        environment={
            "TOCSIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
            "TOCSIN_BROKER_URL": "redis://127.0.0.1:9",
            "TOCSIN_EMAIL__SMTP_URL": "smtp://127.0.0.1:9",
            "TOCSIN_CONFIG": str(broken_config(tmp_path)),
        },
    )
    ill = {one["name"]: one for one in broken.run("doctor", "--json", status=1).content}
    assert [ill[name]["ok"] for name in ("database", "broker", "email", "templates")] == [False] * 4
    assert "sms/one.txt, line 2: " in ill["templates"]["detail"]
    nowhere = replace(terminal, home=tmp_path)
    assert "No Tocsin ever ran" in nowhere.run("doctor", status=1).out
    odd = replace(terminal, environment={"TOCSIN_WEB__PORT": "many"})
    assert "TOCSIN_WEB__PORT" in odd.run("doctor", status=1).out


async def test_watching_ends_when_everybody_heard(terminal: Terminal, world: World) -> None:
    await world.crowd(3)
    await world.person("paused@example.com", state="paused", audiences=["oncall"])
    await world.tell("It broke.", audiences=["oncall"])  # nobody else is there, so that nothing is left to wait for
    said = terminal.run("watch", "INC-1")
    assert "INC-1, version 1: 0 to hear it, done" in said.out
    assert said.out.endswith("Not written to: paused 1\n")
    told = json.loads(terminal.run("watch", "INC-1", "--json").last_line)
    assert (told["done"], told["version"]) == (True, 1)
