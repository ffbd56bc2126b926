"""What the check of the connection says to administrators of a portal: what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from b24app.domain.connection_check.portal_ways import Oddity
from b24app.domain.connection_check.rules import CheckLine, CheckPart, Finding, PlanFeature
from b24app.domain.delivery.schedule import Failure
from b24app.i18n import Words
from b24app.manifest import Manifest
from placements.delivery.words import FAILURE
from placements.portal.words import CARD, in_words
from placements.words import N_, Saying

CHECK: Mapping[CheckPart, str] = {
    CheckPart.WORKER: N_("Background work of the app"),
    CheckPart.ACCESS: N_("Access to Bitrix24"),
    CheckPart.SCOPES: N_("Permissions of the app"),
    CheckPart.PLAN: N_("Plan of Bitrix24"),
    CheckPart.SETUP: N_("Fields, tabs and notices"),
    CheckPart.READING: N_("Reading of cards"),
    CheckPart.CLOCK: N_("Clock of Bitrix24"),
    CheckPart.EVENTS: N_("Notices from Bitrix24"),
    CheckPart.WEBHOOKS: N_("News to client apps"),
    CheckPart.QUEUE: N_("Changes that wait"),
    CheckPart.HEARD: N_("Last notice from Bitrix24"),
    CheckPart.COMPARED: N_("Last comparison with the CRM"),
}

BACKGROUND = N_("Cards and client apps are not kept up to date. Tell whoever runs the app for you.")
AGAIN = N_("Nothing is lost: changes wait. Check once more in a few minutes.")
CLOCKS = N_("No change gets lost by it; only the times you read differ.")
REPAIR = N_("Press “Check and repair”, then check once more.")

FOUND: Mapping[Finding, Saying] = {
    Finding.WORKER_TOOK: Saying(N_("Began after %(ms)s ms."), ""),
    Finding.WORKER_WAITS: Saying(N_("Waits for its turn…"), ""),
    Finding.WORKER_LATE: Saying(N_("Began only after %(seconds)s s."), BACKGROUND),
    Finding.WORKER_ABSENT: Saying(N_("Has not begun within 30 s."), BACKGROUND),
    Finding.ACCESS_GOOD: Saying(N_("Works on behalf of %(who)s, an administrator."), ""),
    Finding.ACCESS_WEAK: Saying(
        N_("Works on behalf of %(who)s, who is no administrator any more."),
        N_("Let another administrator open this page once."),
    ),
    Finding.ACCESS_LOST: Saying(
        N_("No administrator's access works any more."), N_("Close this page and open it anew, as an administrator.")
    ),
    Finding.ACCESS_DOWN: Saying(N_("Bitrix24 does not answer."), AGAIN),
    Finding.ACCESS_BUSY: Saying(N_("Bitrix24 is busy right now."), AGAIN),
    Finding.ACCESS_UNPAID: Saying(
        N_("Bitrix24 does not let the app in: the paid period is over, or the plan does not include apps."),
        N_("Renew the subscription or the plan. Changes wait until then."),
    ),
    Finding.ACCESS_REMOVED: Saying(
        N_("Bitrix24 says that the app is not installed."), N_("Install it from the Market.")
    ),
    Finding.ACCESS_REFUSED: Saying(
        N_("Bitrix24 refused to answer."), N_("Open this page anew; if that does not help, install the app again.")
    ),
    Finding.SCOPES_ALL: Saying(N_("All are granted."), ""),
    Finding.SCOPES_LACK: Saying(
        N_("Not granted: %(names)s."), N_("Install the app once more from the Market: it asks for what is missing.")
    ),
    Finding.PLAN_WHOLE: Saying(N_("Everything the app can use is there."), ""),
    Finding.PLAN_PARTLY: Saying(N_("The app works on your plan."), ""),
    Finding.PLAN_EXPIRED: Saying(
        N_("The paid period of the app is over."), N_("Renew the subscription in the Market of Bitrix24.")
    ),
    Finding.SETUP_WHOLE: Saying(N_("Everything is in place."), ""),
    Finding.SETUP_LACKS: Saying(N_("Missing: %(names)s."), REPAIR),
    Finding.SETUP_UNSEEN: Saying(N_("Could not be looked at without the missing permissions."), ""),
    Finding.SETUP_UNFINISHED: Saying(
        N_("Bitrix24 does not call the installation finished: it shows no tabs and sends no notices."),
        N_("Open the app from the Market once more and wait until it says that it is ready."),
    ),
    Finding.SETUP_PLACELESS: Saying(N_("This Bitrix24 has no place for: %(names)s."), N_("Everything else works.")),
    Finding.READING_WHOLE: Saying(N_("Cards come with everything the app asks for."), ""),
    Finding.READING_LACKS: Saying(
        N_("Bitrix24 leaves out: %(names)s."),
        N_("Press “Check and repair”. If that does not help, tell whoever runs the app for you."),
    ),
    Finding.READING_FAILS: Saying(
        N_("Bitrix24 answers lists of cards in a way that cannot be trusted (%(code)s)."),
        N_("The app changes nothing by such answers. Tell whoever runs the app for you."),
    ),
    Finding.READING_ODD: Saying(N_("Bitrix24 answers otherwise than documented; the app copes with it."), ""),
    Finding.READING_NONE: Saying(N_("There are no cards to look at yet."), ""),
    Finding.CLOCK_EVEN: Saying(N_("Agrees with ours."), ""),
    Finding.CLOCK_AHEAD: Saying(N_("Is %(seconds)s s ahead of ours."), CLOCKS),
    Finding.CLOCK_BEHIND: Saying(N_("Is %(seconds)s s behind ours."), CLOCKS),
    Finding.CLOCK_UNSAID: Saying(N_("Bitrix24 does not tell its time."), ""),
    Finding.EVENT_BACK: Saying(N_("A test notice came back after %(ms)s ms."), ""),
    Finding.EVENT_WAITS: Saying(N_("A test notice is on its way…"), ""),
    Finding.EVENT_LATE: Saying(
        N_("A test notice came back only after %(seconds)s s."),
        N_("Changes in cards reach client apps late. If it stays so, tell whoever runs the app for you."),
    ),
    Finding.EVENT_LOST: Saying(
        N_("A test notice has not come within 30 s."),
        N_(
            "Bitrix24 cannot reach the app, so changes in cards are noticed only every five minutes. Tell whoever runs "
            "the app for you: its address has to be open to Bitrix24."
        ),
    ),
    Finding.EVENT_UNBOUND: Saying(N_("Bitrix24 does not know yet where to send test notices."), REPAIR),
    Finding.EVENT_REFUSED: Saying(N_("Bitrix24 refused to send a test notice."), REPAIR),
    Finding.WEBHOOK_GOOD: Saying(N_("Answered after %(ms)s ms."), ""),
    Finding.WEBHOOK_WAITS: Saying(N_("A test message is on its way…"), ""),
    Finding.WEBHOOK_FAILED: Saying(
        "", N_("News for it waits and is sent again by itself. Tell the developer of this client app.")
    ),
    Finding.WEBHOOK_SILENT: Saying(N_("A test message was not sent within 30 s."), BACKGROUND),
    Finding.WEBHOOK_OFF: Saying(N_("Switched off: news for this address is skipped."), ""),
    Finding.WEBHOOK_NONE: Saying(N_("No client app has told yet where to send news."), ""),
    Finding.QUEUE_CLEAR: Saying(N_("Waiting: %(count)s. Nothing is late."), ""),
    Finding.QUEUE_LATE: Saying(
        N_("Waiting: %(count)s, the oldest since"), N_("If it stays so, tell whoever runs the app for you.")
    ),
    Finding.HEARD: Saying(N_("Came"), ""),
    Finding.HEARD_NEVER: Saying(N_("None lately: nobody has changed a card."), ""),
    Finding.COMPARED: Saying(N_("Cards were compared"), ""),
    Finding.COMPARED_LONG_AGO: Saying(
        N_("Cards were last compared"), N_("They should be compared every five minutes. Tell whoever runs the app.")
    ),
    Finding.COMPARED_NOT: Saying(N_("Begins after the first reading, while verification is on or watching."), ""),
    Finding.NOT_YET: Saying(N_("Not known yet…"), ""),
    Finding.NOT_ASKED: Saying(N_("Could not be checked, see above."), ""),
}

WITHOUT_SCOPE: Mapping[str, str] = {
    "crm": N_("Without the CRM the app can do nothing."),
    "placement": N_("Without it there are no tabs of the app in cards."),
    "user_basic": N_("Without it you read numbers instead of the names of employees."),
    "im": N_("Without it employees get no notices of the app."),
}

WITHOUT_FEATURE: Mapping[str, str] = {
    PlanFeature.OFFLINE: N_(
        "The plan keeps no spare copy of notices: the comparison with the CRM finds what gets lost."
    ),
    PlanFeature.ROBOTS: N_("The plan has no robots: the app offers none of its own in funnels."),
}

WITH_ODDITY: Mapping[str, str] = {
    Oddity.DATES_DIGITS: N_("Dates are compared without their time zone: a little more is read than changed."),
    Oddity.DATES_NOTHING: N_("Nothing is found by its date of change: the newest cards are read instead."),
    Oddity.DATES_EVERYTHING: N_("The date of change is not heeded: the app picks what is new by itself."),
    Oddity.EMPTY_DROPPED: N_("Empty conditions are not heeded: the app never sends any."),
}


@dataclass(frozen=True, slots=True)
class Sentences:
    """A line as people read it. `more`: what is lost without each missing thing; `advice`: empty where all is well."""

    title: str
    text: str
    more: tuple[str, ...]
    advice: str


def in_sentences(manifest: Manifest, text: Words, line: CheckLine) -> Sentences:
    said = FOUND[line.finding]
    values = {**line.values, "names": _names(manifest, text, line)}
    found = text.text(said.title, **values) if said.title else _failure(text, line)
    advice = text.text(said.text) if said.text else ""
    title = text.text(CHECK[line.check])
    return Sentences(f"{title}: {line.ping.app}" if line.ping else title, found, tuple(_lost(text, line)), advice)


def _names(manifest: Manifest, text: Words, line: CheckLine) -> str:
    if line.finding is Finding.SCOPES_LACK:
        return in_words(manifest, text, "scopes", line.names)
    named = (_name(manifest, text, line, name) for name in line.names if ":" in name)
    return ", ".join(dict.fromkeys(named))


def _name(manifest: Manifest, text: Words, line: CheckLine, name: str) -> str:
    """A card without its id came with nothing: it is named, not each field of it."""
    part, _, what = name.partition(":")
    card = what.partition(".")[0]
    whole = card in CARD and f"{part}:{card}.id" in line.names
    return text.text(CARD[card]) if whole else in_words(manifest, text, part, [what])


def _lost(text: Words, line: CheckLine) -> Iterator[str]:
    known = {CheckPart.SCOPES: WITHOUT_SCOPE, CheckPart.READING: WITH_ODDITY}.get(line.check, WITHOUT_FEATURE)
    return (text.text(known[name]) for name in line.names if name in known)


def _failure(text: Words, line: CheckLine) -> str:
    assert line.ping
    said = text.text(FAILURE[Failure(line.ping.failure)])
    return f"{said} ({line.ping.status})" if line.ping.status else said
