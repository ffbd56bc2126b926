"""Acme Rentals: a smaller English-language equipment rental, for the second portal."""

from datetime import timedelta

from emulator.crm.entities import Entity, Record
from emulator.model.people import User
from emulator.model.portal import Portal
from emulator.seed import numbers
from emulator.seed.planting import Planter

COMPANIES, DEALS = 40, 90

_STAFF = {
    "Chicago": (("Emma", "Carter"), ("Liam", "Brooks"), ("Noah", "Reed"), ("Olivia", "Hayes")),
    "Denver": (("Ava", "Sullivan"), ("Mason", "Price"), ("Lucas", "Ward")),
    "Austin": (("Mia", "Foster"), ("Ethan", "Bell")),
}
_FIRST = ("James", "Sarah", "Robert", "Linda", "David", "Karen", "Thomas", "Nancy", "Daniel", "Laura", "Peter", "Grace")
_LAST = (
    "Miller",
    "Walker",
    "Turner",
    "Cooper",
    "Morgan",
    "Bailey",
    "Murphy",
    "Howard",
    "Cox",
    "Gray",
    "Hughes",
    "Long",
)
_HEADS = (
    "Lakeside",
    "Summit",
    "Ironwood",
    "Prairie",
    "Harbor",
    "Redstone",
    "Northfield",
    "Oakridge",
    "Granite",
    "Delta",
)
_TAILS = ("Builders", "Construction", "Contractors", "Roadworks", "Homes")
_MACHINES = (
    ("JCB 3CX backhoe", 310), ("Bobcat S650 skid steer", 240), ("Genie S-65 lift", 290), ("CAT 320 excavator", 520),
    ("Toyota 8FGU forklift", 150), ("Atlas Copco compressor", 95), ("60 kW generator", 120), ("Hamm HD12 roller", 210),
)  # fmt: skip
_STAGES = [
    ("NEW", "New request", "#39A8EF", ""),
    ("QUOTE", "Quote", "#2FC6F6", ""),
    ("CONTRACT", "Contract and invoice", "#55D0E0", ""),
    ("CONFIRMED", "Paid, reserved", "#47E4C2", ""),
    ("SHIPPED", "On the way", "#FFC800", ""),
    ("ON_SITE", "On rent", "#A8D300", ""),
    ("RETURNED", "Returned", "#9A7BFF", ""),
    ("WON", "Closed", "#7BD500", "S"),
    ("LOSE", "Lost", "#FF5752", "F"),
]
_OPEN = {"NEW": 4, "QUOTE": 4, "CONTRACT": 3, "CONFIRMED": 2, "SHIPPED": 1, "ON_SITE": 5, "RETURNED": 2}
_POSTS = {"Owner": 3, "Site manager": 4, "Purchasing": 3, "Project manager": 3}


def plant(portal: Portal) -> None:
    """Fill a bare English portal."""
    planter = Planter(portal, portal.world.now().replace(microsecond=0))
    managers = _people(planter)
    portal.crm.books.add_category("Equipment rental", _STAGES)
    clients = [_client(planter, number, managers) for number in range(COMPANIES)]
    for _ in range(DEALS):
        _deal(planter, clients)


def _people(planter: Planter) -> dict[str, list[User]]:
    root = planter.department("Acme Rentals")
    planter.person("Helen", "Park", root, "Portal administrator", admin=True)
    root.head = planter.person("Frank", "Acker", root, "Managing director").id
    managers: dict[str, list[User]] = {}
    for city, names in _STAFF.items():
        branch = planter.department(f"{city} branch", root.id)
        people = [planter.person(*name, branch, "Rental coordinator") for name in names]
        people[0].work_position, branch.head = "Branch manager", people[0].id
        managers[city] = people
    return managers


def _client(planter: Planter, number: int, managers: dict[str, list[User]]) -> int:
    random = planter.random
    city = numbers.weighted(random, {name: len(people) for name, people in managers.items()})
    manager, created = random.choice(managers[city]).id, planter.ago(20, 800)
    title = f"{_HEADS[number % len(_HEADS)]} {_TAILS[number // len(_HEADS)]} LLC"
    fields: Record = {"TITLE": title, "COMPANY_TYPE": "CUSTOMER", "CURRENCY_ID": "USD"}
    client = planter.record(Entity.COMPANY, manager, created, fields, phone=f"+1 202-555-{100 + number:04}")
    address = {"CITY": city, "ADDRESS_1": f"{number * 7 + 12} Mill Road", "COUNTRY": "USA"}
    planter.requisite(Entity.COMPANY, client, 1, {"NAME": "Company", "RQ_COMPANY_NAME": title}, address)
    for place in range(random.choice((1, 1, 2))):
        _contact(planter, client, manager, number + place * 5)
    return client


def _contact(planter: Planter, client: int, manager: int, salt: int) -> None:
    name, last = _FIRST[salt * 5 % len(_FIRST)], _LAST[salt * 7 % len(_LAST)]
    fields: Record = {"NAME": name, "LAST_NAME": last, "TYPE_ID": "CLIENT"}
    fields["POST"] = numbers.weighted(planter.random, _POSTS)
    serial = planter.portal.counters.get(Entity.CONTACT, 0) + 1
    phone, mail = f"+1 202-555-{150 + serial:04}", f"client{serial}@example.com"
    since = planter.crm.tables[Entity.COMPANY].rows[client]["DATE_CREATE"]
    made = planter.record(Entity.CONTACT, manager, since, fields, phone=phone, email=mail)
    planter.crm.links.add(made, client)


def _deal(planter: Planter, clients: list[int]) -> None:
    random, crm = planter.random, planter.crm
    client = random.choice(clients)
    machine, rate = random.choice(_MACHINES)
    days, done = random.choice((3, 5, 7, 14, 28)), random.random() < 0.6
    created = planter.ago(40, 500) if done else planter.ago(0, 30)
    stage = random.choices(("WON", "LOSE"), (4, 1))[0] if done else numbers.weighted(random, _OPEN)
    begins = created.date() + timedelta(days=3)
    moved = min(created + timedelta(days=days + 4 if done else random.randint(0, 5)), planter.now)
    fields: Record = {"TITLE": f"{machine}, {days} days", "CATEGORY_ID": 1, "STAGE_ID": f"C1:{stage}"}
    fields |= {"OPPORTUNITY": float(rate * days), "CURRENCY_ID": "USD", "COMPANY_ID": client, "BEGINDATE": begins}
    fields |= {"CONTACT_IDS": crm.links.contacts(client)[:1], "CLOSEDATE": begins + timedelta(days=days)}
    planter.deal(crm.tables[Entity.COMPANY].rows[client]["ASSIGNED_BY_ID"], created, moved, fields)
