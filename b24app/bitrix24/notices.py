"""Notices under an employee's bell: sent, replaced by their tag, taken back.

Pages: api-reference/chats/notifications/im-notify-system-add.md, im-notify-delete.md; markup:
api-reference/chats/messages/formatting.md; links into the app: api-reference/widgets/universal/app-url.md.

A notice with the tag of an earlier one of the app takes its place, so one whose answer was lost is simply sent again.
The result is an id, or false for somebody who is not there or was dismissed: nothing to be mended.
"""

from __future__ import annotations

from urllib.parse import urlencode

from b24app.bitrix24.client import Command

SCOPE = "im"
NO_METHOD = "ERROR_METHOD_NOT_FOUND"
"""A box that lacks the module says so."""


def link(code: str, page: str) -> str:
    """The address of a page of the app within its portal; brackets would end the link in a text."""
    return f"/marketplace/view/{code}/?{urlencode({'params[page]': page})}"


def send(user_id: int, text: str, tag: str, label: str, path: str, portal_url: str) -> Command:
    """`text` without markup; `label`: of the link to `path`. By mail it goes with the whole address."""
    params = {
        "USER_ID": user_id,
        "MESSAGE": f"{text} [URL={path}]{label}[/URL]",
        "MESSAGE_OUT": f"{text} {portal_url}{path}",
        "TAG": tag,
    }
    return Command("im.notify.system.add", params, write=True)


def take_back(tag: str) -> Command:
    return Command("im.notify.delete", {"TAG": tag}, write=True)
