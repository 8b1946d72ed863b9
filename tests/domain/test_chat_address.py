"""Which chat addresses are taken: channels of our bot, webhooks at hosts that are known, and what operators open."""

from __future__ import annotations

import pytest

from tocsin.domain.chat_address import NEVER, ChatRules, Service
from tocsin.domain.errors import Refused
from tocsin.domain.reach import Reach

RULES = ChatRules(has_bot=True, hosts=("chat.acme.example", "*.corp.example"), schemas=frozenset({"discord", "tgram"}))
HOOK = "https://hooks.slack.com/services/T0/B0/token"


@pytest.mark.parametrize(
    ("text", "service", "target"),
    [
        ("slack:#incidents", Service.SLACK_BOT, "#incidents"),
        (" slack:#Incidents-EU ", Service.SLACK_BOT, "#incidents-eu"),
        ("slack:#störung", Service.SLACK_BOT, "#störung"),
        ("slack:c0123456789", Service.SLACK_BOT, "C0123456789"),
        (HOOK, Service.SLACK_WEBHOOK, HOOK),
        ("HTTPS://Hooks.Slack.com:443/services/T0/B0/token", Service.SLACK_WEBHOOK, HOOK),
        ("https://chat.acme.example/hooks/abc", Service.SLACK_WEBHOOK, "https://chat.acme.example/hooks/abc"),
        ("https://a.corp.example/services/x", Service.SLACK_WEBHOOK, "https://a.corp.example/services/x"),
        (
            "https://acme.webhook.office.com/webhookb2/abc/IncomingWebhook/def",
            Service.TEAMS,
            "https://acme.webhook.office.com/webhookb2/abc/IncomingWebhook/def",
        ),
        (
            "https://prod-1.westeurope.logic.azure.com:443/workflows/a/triggers/manual/paths/invoke?sig=x",
            Service.TEAMS,
            "https://prod-1.westeurope.logic.azure.com/workflows/a/triggers/manual/paths/invoke?sig=x",
        ),
        (
            "https://default1.d6.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/a",
            Service.TEAMS,
            "https://default1.d6.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/a",
        ),
        ("apprise:discord://123/abc", Service.APPRISE, "discord://123/abc"),
    ],
)
def test_an_address_is_read_in_its_one_spelling(text: str, service: Service, target: str) -> None:
    address = RULES.read(text)
    assert (address.service, address.target) == (service, target)
    assert RULES.read(address.written) == address


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Give the URL"),
        ("#incidents", "Give the URL"),
        ("slack:", "Name a Slack channel"),
        ("slack:incidents", "Name a Slack channel"),
        ("slack:#a b", "Name a Slack channel"),
        ("slack:#<!here>", "Name a Slack channel"),
        ("slack:#a\nb", "Name a Slack channel"),
        ("http://hooks.slack.com/services/T0/B0/token", "Only https"),
        ("https://hooks.slack.com:8443/services/T0/B0/token", "Port 8443"),
        ("https://hooks.slack.com/workflows/T0/A0/1/token", "begin with https://hooks.slack.com/services/"),
        ("https://hooks.slack.com.evil.example/services/T0/B0/token", "not known as a chat service"),
        ("https://evil.example/services/T0/B0/token", "not known as a chat service"),
        ("https://evil.example/?hooks.slack.com/services/", "not known as a chat service"),
        ("https://webhook.office.com.evil.example/x", "not known as a chat service"),
        ("https://evilwebhook.office.com/x", "not known as a chat service"),
        ("https://corp.example/hooks/x", "not known as a chat service"),
        ("https://user:password@hooks.slack.com/services/T0/B0/token", "user name"),
        ("https://169.254.169.254/services/x", "private network"),
        ("https://[::1]/services/x", "private network"),
        ("https://localhost/services/x", "private network"),
        ("ftp://hooks.slack.com/services/x", "begins with https"),
        ("apprise:discord", "Give Apprise's URL"),
        ("apprise:mmost://chat.acme.example/token", "not open here"),
        ("apprise:discord://1/2, json://127.0.0.1", "Give Apprise's URL"),
        ("apprise:DISCORD://1/2", "Give Apprise's URL"),
    ],
)
def test_what_leads_elsewhere_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        RULES.read(text)
    assert caught.value.field == "address"


def test_without_a_bot_its_channels_are_refused() -> None:
    with pytest.raises(Refused, match="No Slack bot is set up"):
        ChatRules().read("slack:#incidents")


@pytest.mark.parametrize("schema", sorted(NEVER))
def test_what_reaches_this_machine_is_never_open_whatever_is_set(schema: str) -> None:
    with pytest.raises(Refused, match="not open here"):
        ChatRules(schemas=frozenset({schema})).read(f"apprise:{schema}://127.0.0.1/x")


def test_tests_may_write_to_private_networks_over_plain_http() -> None:
    rules = ChatRules(reach=Reach(private=True))
    assert rules.read("http://127.0.0.1:9/services/a").service is Service.SLACK_WEBHOOK
    assert rules.read("http://127.0.0.1:9/workflows/a").service is Service.TEAMS


def test_the_practice_services_are_called_and_nothing_near_them() -> None:
    rules = ChatRules(reach=Reach(practice="127.0.0.1:2580"))
    assert rules.read("http://127.0.0.1:2580/services/a/b/c").service is Service.SLACK_WEBHOOK
    for near in ("http://127.0.0.1:2581/services/a", "https://example.com/services/a"):
        with pytest.raises(Refused):
            rules.read(near)
