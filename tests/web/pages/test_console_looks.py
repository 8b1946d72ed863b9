"""What an operator sees of how each channel says an update."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from browsing import DESK, PHONE, overflow, serious
from delivery.world import World
from tocsin.carrier_sections import Sms
from tocsin.domain.vapid_key import new_private_key
from tocsin.sections import Push, Social
from tocsin.settings import Settings
from web.pages.conftest import OPERATOR
from web.pages.test_console_in_a_browser import sign_in


@pytest.fixture
def settings(settings: Settings) -> Settings:
    keys = {f"x_{name}": "k" for name in ("consumer_key", "consumer_secret", "access_token", "access_secret")}
    sms = {"twilio_account_sid": "AC" + "1" * 32, "twilio_auth_token": "t", "from": "+15005550006"}
    return settings.model_copy(
        update={
            "sms": Sms.model_validate(sms),
            "social": Social.model_validate(keys),
            "push": Push.model_validate({"private_key": new_private_key()}),
        }
    )


async def test_an_operator_sees_how_each_channel_says_it_to_each_audience(
    site: str, tab: Page, world: World, operator: str
) -> None:
    assert operator == OPERATOR
    await world.crowd(5)
    texts = {
        "oncall": "psp-gw-3 times out <script>document.title = 'run'</script>",
        "customers.de": "Zahlungen schlagen fehl, vor allem Donaudampfschifffahrtsgesellschaftskapitänsgutscheine. "
        * 3,
    }
    said = await world.say("We see failed payments.", severity="sev1", texts=texts)
    await world.spread()
    await sign_in(tab, site, f"/console/incidents/{said.ref}")
    await tab.get_by_role("link", name="How each channel says it").click()
    await expect(tab.get_by_role("heading", name="Text message")).to_be_visible()
    for name in ("E-mail", "Notification", "Social media", "Chat", "Webhook"):
        await expect(tab.get_by_role("heading", name=name, exact=True)).to_be_visible()
    await expect(tab.get_by_text("1 segment of GSM-7")).to_be_visible()
    mail = tab.frame_locator("iframe.mail")
    await expect(mail.get_by_text("We see failed payments.").first).to_be_visible()
    assert "psp-gw-3" not in await tab.content()

    await tab.get_by_label("Language").get_by_role("link", name="de").click()
    await expect(mail.get_by_text("Zahlungen schlagen fehl").first).to_be_visible()
    await expect(mail.get_by_text("Wird untersucht").first).to_be_visible()
    for size in (DESK, PHONE):
        for scheme in ("light", "dark"):
            await tab.set_viewport_size(size)  # type: ignore[arg-type]
            await tab.emulate_media(color_scheme=scheme)
            assert await serious(tab) == []
            assert await overflow(tab) <= 0

    await tab.get_by_label("Audience").get_by_role("link", name="Oncall").click()
    await expect(mail.get_by_text("psp-gw-3 times out").first).to_be_visible()
    await expect(tab.get_by_role("heading", name="Social media")).to_have_count(0)
    frame = tab.locator("iframe.mail")
    assert await frame.get_attribute("sandbox") == "", "no script, no form, no way out"
    answer = await tab.request.get(f"{site}{await frame.get_attribute('src')}")
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "<script" not in await answer.text()
