"""`b24app doctor --portal`: the check of one portal's connection that its settings have, in the words of operators."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping

from b24app.assembly import open_resources
from b24app.connection_check.journeys import journey
from b24app.connection_check.journeys.journey import CheckView
from b24app.domain.connection_check.rules import CheckLine, CheckPart, Finding, Light, passed
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Portal
from b24app.manifest import read_manifest
from b24app.portal.store import portals
from b24app.resources import Resources
from b24app.settings import Settings

PAUSE = 0.5  # seconds between two looks at what has come back
MARK = {Light.GOOD: "✓", Light.BAD: "✗", Light.WARN: "!", Light.OFF: "–"}

SAID: Mapping[Finding, str] = {
    Finding.WORKER_TOOK: "a worker took the check after %(ms)s ms",
    Finding.WORKER_WAITS: "waits for a worker",
    Finding.WORKER_LATE: "no worker took the check for %(seconds)s s: is `b24app worker interactive` running?",
    Finding.WORKER_ABSENT: "no worker took the check within 30 s: is `b24app worker interactive` running?",
    Finding.ACCESS_GOOD: "the token of %(who)s works, an administrator",
    Finding.ACCESS_WEAK: "the token of %(who)s works, but not as an administrator: let another one open the app",
    Finding.ACCESS_LOST: "no stored token works any more: an administrator has to open the app in the portal",
    Finding.ACCESS_DOWN: "the portal does not answer: see `b24app calls` and its status page, then try again",
    Finding.ACCESS_BUSY: "the portal's request budget is used up: see `b24app calls` for who uses it",
    Finding.ACCESS_UNPAID: "the portal lets no app in: the subscription has run out, or the plan has no REST",
    Finding.ACCESS_REMOVED: "the portal says that the app is not installed, or is gone itself",
    Finding.ACCESS_REFUSED: "the portal refuses to answer: the code stands in the log as connection_check_unanswered",
    Finding.SCOPES_ALL: "every scope of app.yaml is granted",
    Finding.SCOPES_LACK: "not granted: %(names)s; list them in the vendor area, then install the app anew",
    Finding.PLAN_WHOLE: "plan %(license)s has everything the app can use",
    Finding.PLAN_PARTLY: "plan %(license)s has no %(names)s; the app works without",
    Finding.PLAN_EXPIRED: "plan %(license)s; the paid period of the app is over",
    Finding.SETUP_WHOLE: "fields, placements and events are there",
    Finding.SETUP_LACKS: "missing: %(names)s; “Check and repair” in the settings adds them",
    Finding.SETUP_UNSEEN: "could not be looked at without the missing scopes",
    Finding.SETUP_UNFINISHED: "app.info calls the installation unfinished: bindings are listed and nothing comes; an "
    "administrator has to open the app once more and let the installer end",
    Finding.SETUP_PLACELESS: "this portal has no place %(names)s",
    Finding.READING_WHOLE: "cards came with every field we select, filters do what is documented",
    Finding.READING_LACKS: "selected and not answered: %(names)s; `--record FILE` keeps what else is different",
    Finding.READING_FAILS: "lists of cards cannot be believed: %(code)s; `--record FILE` keeps what came",
    Finding.READING_ODD: "not as documented, the app copes: %(names)s",
    Finding.READING_NONE: "no card to look at",
    Finding.CLOCK_EVEN: "the portal's clock agrees with ours; operating time: %(operating)s",
    Finding.CLOCK_AHEAD: "the portal's clock is %(seconds)s s ahead of ours; operating time: %(operating)s",
    Finding.CLOCK_BEHIND: "the portal's clock is %(seconds)s s behind ours; operating time: %(operating)s",
    Finding.CLOCK_UNSAID: "answers tell no time; the pace is kept by our own clock",
    Finding.EVENT_BACK: "ONAPPTEST came back after %(ms)s ms",
    Finding.EVENT_WAITS: "ONAPPTEST is on its way",
    Finding.EVENT_LATE: "ONAPPTEST came back only after %(seconds)s s: the portal slows down for slow receivers",
    Finding.EVENT_LOST: "ONAPPTEST has not come within 30 s: portals must reach B24APP_PUBLIC_URL (address, "
    "certificate, proxy) while `b24app serve` runs; what it refused stands in its log as event_refused",
    Finding.EVENT_UNBOUND: "ONAPPTEST is not bound to B24APP_PUBLIC_URL: “Check and repair” in the settings binds it",
    Finding.EVENT_REFUSED: "the portal refused event.test",
    Finding.WEBHOOK_GOOD: "%(target)s answered %(status)s after %(ms)s ms",
    Finding.WEBHOOK_WAITS: "%(target)s has not been sent to yet",
    Finding.WEBHOOK_FAILED: "%(target)s failed after %(ms)s ms: %(failure)s %(status)s",
    Finding.WEBHOOK_SILENT: "%(target)s was not sent to within 30 s: does a worker serve the queue `outbox`?",
    Finding.WEBHOOK_OFF: "%(target)s is switched off",
    Finding.WEBHOOK_NONE: "no client app has registered an endpoint",
    Finding.QUEUE_CLEAR: "%(count)s rows wait, none is late",
    Finding.QUEUE_LATE: "%(count)s rows wait, the oldest since %(at)s: see docs/what-goes-wrong.md for its `error`",
    Finding.HEARD: "the last event of the portal came at %(at)s",
    Finding.HEARD_NEVER: "no event of the portal is kept: nobody changed a card within 30 days, or none arrives",
    Finding.COMPARED: "cards were compared at %(at)s",
    Finding.COMPARED_LONG_AGO: "cards were last compared at %(at)s: does `b24app tick` run, and a worker for `chores`?",
    Finding.COMPARED_NOT: "cards are not compared: the first reading is not over, or verification is off",
    Finding.NOT_YET: "not known yet",
    Finding.NOT_ASKED: "not checked, see above",
}


async def check_portal(settings: Settings, name: str) -> int:
    """One line per finding, as they come. Exit code 1: something is wrong, or there is no such portal."""
    async with open_resources(settings, read_manifest(settings.manifest)) as resources:
        async with resources.autocommit() as db:
            portal = await portals.by_member(db, name) or await portals.by_domain(db, name)
        if portal is None or portal.state is PortalState.REMOVED:
            print(f"No portal {name} has installed the app.", file=sys.stderr)
            return 1
        checked = await watched(resources, portal, print)
    return 0 if passed(checked.lines) else 1


async def watched(resources: Resources, portal: Portal, say: Callable[[str], None], pause: float = PAUSE) -> CheckView:
    """Ask for a check and tell each line once it is known. Where no worker comes, this process does the work."""
    await journey.begin(resources, portal.id)
    told: set[tuple[CheckPart, object]] = set()
    while True:
        async with resources.tenant(portal.id) as db:
            checked = await journey.last_check(db, resources, portal.id)
        assert checked
        if checked.lines[0].finding is Finding.WORKER_ABSENT and await journey.run(resources, portal):
            continue
        for line in checked.lines:
            key = line.check, line.ping and (line.ping.app, line.ping.url)
            if line.light is not Light.WAITING and key not in told:
                told.add(key)
                say(printed(line))
        if checked.finished:
            return checked
        await asyncio.sleep(pause)


def printed(line: CheckLine) -> str:
    """`✓ events    ONAPPTEST came back after 120 ms`."""
    values: dict[str, object] = {**line.values, "names": ", ".join(line.names)}
    if line.at:
        values["at"] = f"{line.at:%Y-%m-%d %H:%M} UTC"
    if line.ping:
        values |= {"target": f"{line.ping.app} {line.ping.url.partition('?')[0]}", "failure": line.ping.failure}
    return f"{MARK[line.light]} {line.check:<9} {SAID[line.finding] % values}"
