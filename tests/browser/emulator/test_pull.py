"""Live updates: the portal's official browser library listens in a frame, the app's server speaks.

The library needs the browser's storage, which a frame of another site may be denied: it throws then, and an app must
fall back to asking.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Playwright

from emulator.model.installs import Installation
from emulator.model.portal import Portal
from tests.browser.conftest import DESK, FLAGS
from tests.browser.emulator.test_bus import CALL, opened
from tests.browser.emulator.world import MANAGER, Guest

LISTEN = """async () => {
  window.heard = [];
  const { initB24Helper, usePullClient, useSubscribePullClient, startPullClient } = B24Js.useB24Helper();
  await initB24Helper(b24);
  usePullClient();
  useSubscribePullClient((message) => heard.push([message.command, message.params]));
  startPullClient();
}"""


@pytest.fixture
async def trusting(playwright: Playwright, chromium: str, tmp_path: Path) -> AsyncIterator[Page]:
    """A browser that lets frames of other sites keep things."""
    settings = {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(settings))
    context = await playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=chromium, args=list(FLAGS), viewport=DESK
    )
    yield await context.new_page()
    await context.close()


async def test_a_page_hears_what_the_app_sends(trusting: Page, portal: Portal, installation: Installation) -> None:
    installation.scope |= {"pull"}
    frame = await opened(Guest(trusting, portal), installation)
    await frame.evaluate(LISTEN)
    for number in (1, 2):
        changed = {"COMMAND": "card:changed", "PARAMS": {"id": number}}
        assert await frame.evaluate(CALL, ["pull.application.event.add", changed]) is True
        await frame.wait_for_function(f"heard.length === {number}")
    assert await frame.evaluate("heard") == [["card:changed", {"id": 1}], ["card:changed", {"id": 2}]]
    client_id = installation.app.client_id
    portal.pull.send(client_id, MANAGER + 1, "application", "somebody.elses", {})
    portal.pull.send("another.app", 0, "application", "another.apps", {})
    portal.pull.send(client_id, MANAGER, "application", "mine", {})
    await frame.wait_for_function("heard.length === 3")
    assert (await frame.evaluate("heard"))[2][0] == "mine"
