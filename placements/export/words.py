"""What the sections of an export and what becomes of them are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from b24app.domain.delivery.schedule import Failure
from b24app.domain.export.restoring import RestoreVerdict
from b24app.i18n import Words
from b24app.plug import Health
from placements.words import N_, Noted, Saying

SENDING: Mapping[Failure, str] = {
    Failure.STATUS: N_("the address answered with an error"),
    Failure.REDIRECT: N_("the address answered with a redirect"),
    Failure.TIMEOUT: N_("the address did not answer in time"),
    Failure.CONNECTION: N_("no connection to the address"),
    Failure.DNS: N_("the address was not found"),
    Failure.TLS: N_("the certificate of the address was not accepted"),
    Failure.PROTOCOL: N_("the address gave an answer that is no HTTP"),
    Failure.REFUSED_ADDRESS: N_("the address is not allowed"),
    Failure.UNSIGNED: N_("its secret cannot be opened: set the address up again"),
}

FILED: Mapping[str, str] = {
    "settings": N_("Modes"),
    "customers": N_("Ids of companies and people, as client apps know them"),
    "persons": N_("Ids of people, as client apps know them"),
    "client_apps": N_("Client apps"),
    "endpoints": N_("Addresses of client apps"),
    "memberships": N_("People and companies"),
}

JOURNAL: Mapping[str, Noted] = {
    "export_downloaded": Noted(N_("Export downloaded")),
    "restored": Noted(N_("Data restored from an export")),
    "weekly_set": Noted(N_("Weekly export goes to %(about)s")),
    "weekly_stopped": Noted(N_("Weekly export to %(about)s stopped")),
}

RESTORE_VERDICT: Mapping[RestoreVerdict, str] = {
    RestoreVerdict.NEW: N_("missing here: taken from the file"),
    RestoreVerdict.CHANGED: N_("stand otherwise here: the decision is taken from the file"),
    RestoreVerdict.RENAMED: N_("stand as in the file; the id client apps know is taken back"),
    RestoreVerdict.SAME: N_("are here already, as in the file"),
    RestoreVerdict.KEPT: N_("left alone: changed by people since"),
    RestoreVerdict.GONE: N_("left out: the card or the link is gone"),
}

STANDING: Mapping[str, str] = {
    "weekly_failing": N_("The weekly copy does not reach your server."),
}


def health(text: Words, one: Health) -> str:
    return text.text(STANDING[one.code])


REFUSED: Mapping[str, Saying] = {
    "export_not_ready": Saying(N_("There is no finished export"), N_("Press “Export the data” and wait a little.")),
    "export_not_ours": Saying(
        N_("This is no export of the app"), N_("Choose a file whose name ends in .jsonl.gz, as it was downloaded.")
    ),
    "export_damaged": Saying(N_("The file is damaged"), N_("A part of it is missing. Take another copy.")),
    "export_changed": Saying(
        N_("The file was changed"), N_("Its signature does not fit. Only an untouched export can be restored.")
    ),
    "export_key_unknown": Saying(
        N_("The file was signed with a key that is gone"), N_("Ask whoever runs the app to put the old key back.")
    ),
    "export_too_large": Saying(N_("The file is too large"), N_("Exports of the app are smaller than 128 MB.")),
    "export_too_new": Saying(
        N_("The file comes from a newer version of the app"), N_("Update the app and choose the file again.")
    ),
    "export_other_portal": Saying(
        N_("The file belongs to another Bitrix24"), N_("Each Bitrix24 takes back its own export only.")
    ),
    "restore_at_work": Saying(N_("A restore is under way"), N_("Wait until it is finished.")),
    "restore_out_of_order": Saying(N_("The upload was interrupted"), N_("Choose the file once more.")),
}
