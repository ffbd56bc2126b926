"""Field names of crm.item: UPPER_CASE to camelCase and back (crm/lib/Service/Converter.php).

A user field whose name mixes letters and digits keeps its tail as it is: UF_CRM_1722000000 → ufCrm_1722000000,
UF_CRM_44_1722 → ufCrm44_1722, UF_CRM_MANAGER_NOTE → ufCrmManagerNote.
"""

import re

_PLAIN = re.compile(r"[A-Z_]+|UF_CRM_\d{1,4}_[\d_]+|UF_CRM_\d{1,4}_[A-Z_]+")


def camel(name: str) -> str:
    """The crm.item name of an upper-case field name."""
    if name.startswith("UF_CRM_") and _PLAIN.fullmatch(name) is None:
        return f"ufCrm_{name.removeprefix('UF_CRM_')}"
    parts = re.split(r"(?<!\d)_|_(?!\d)", name.lower())
    return parts[0] + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def upper(name: str) -> str:
    """UPPER_CASE of a camelCase system name: createdTime → CREATED_TIME."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=\d)", "_", name).upper()
