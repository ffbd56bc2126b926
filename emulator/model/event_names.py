"""Names of the events an app may bind, with the scope of each: api-reference/events/events.md and the event pages."""


def catalogue() -> dict[str, str]:
    """Event name → scope ("" = none needed), as `events` lists them."""
    names = dict.fromkeys(
        ("ONAPPUNINSTALL", "ONAPPINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT", "ONSUBSCRIPTIONRENEW", "ONAPPTEST"), ""
    )
    names |= {"ONAPPMETHODCONFIRM": "", "ONOFFLINEEVENT": "", "ONUSERADD": "user"}
    for entity in ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "INVOICE", "REQUISITE", "TYPE"):
        names |= {f"ONCRM{entity}{act}": "crm" for act in ("ADD", "UPDATE", "DELETE")}
        acts = ("ADD", "UPDATE", "DELETE", "SETENUMVALUES")
        names |= {f"ONCRM{entity}USERFIELD{act}": "crm" for act in acts}
    for subject in (
        "CURRENCY",
        "BANKDETAIL",
        "ACTIVITY",
        "TIMELINECOMMENT",
        "DYNAMICITEM",
        "DOCUMENTGENERATORDOCUMENT",
    ):
        names |= {f"ONCRM{subject}{act}": "crm" for act in ("ADD", "UPDATE", "DELETE")}
    names |= {f"ONCRMDEALRECURRING{act}": "crm" for act in ("ADD", "UPDATE", "DELETE", "EXPOSE")}
    names |= dict.fromkeys(("ONCRMDEALMOVETOCATEGORY", "ONCRMADDRESSREGISTER", "ONCRMADDRESSUNREGISTER"), "crm")
    names["ONCRMTIMELINEITEMACTION"] = "crm"
    for subject in ("PRODUCT", "PRICE", "PRICE.TYPE", "MEASURE", "ROUNDING"):
        names |= {f"CATALOG.{subject}.ON.{act}": "catalog" for act in ("ADD", "UPDATE", "DELETE")}
    for subject in ("ENTRY", "SECTION"):
        names |= {f"ONCALENDAR{subject}{act}": "calendar" for act in ("ADD", "UPDATE", "DELETE")}
    connector = ("MESSAGEADD", "MESSAGEUPDATE", "MESSAGEDELETE", "DIALOGSTART", "DIALOGFINISH", "LINEDELETE")
    names |= {f"ONIMCONNECTOR{act}": "imopenlines" for act in (*connector, "STATUSDELETE")}
    lines = ("ONOPENLINEMESSAGEADD", "ONOPENLINEMESSAGEUPDATE", "ONOPENLINEMESSAGEDELETE")
    return names | dict.fromkeys((*lines, "ONSESSIONSTART", "ONSESSIONFINISH"), "imopenlines")


def scope_of(names: dict[str, str], event: str) -> str | None:
    """The scope an event needs, "" for none, None for an unknown event; `ONCRMDYNAMICITEMADD_128` is per type."""
    base, _, number = event.rpartition("_")
    if base.startswith("ONCRMDYNAMICITEM") and number.isdigit():
        return names.get(base)
    return names.get(event)
