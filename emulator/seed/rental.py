"""«ТехноПарк Аренда»: a machinery rental firm with six branches, clients, contacts and a rental pipeline.

Some cards are flawed on purpose, as in life: no INN, one INN on two cards, a broken INN, a contact of two companies,
clients of a dismissed manager, clients left with the exchange user after a 1C import.
"""

from datetime import timedelta

from emulator.crm.entities import Entity, Record
from emulator.model.people import User
from emulator.model.portal import Portal
from emulator.seed import numbers
from emulator.seed import words_ru as words
from emulator.seed.planting import Planter

COMPANIES, DEALS = 200, 350
_WITHOUT_INN = (31, 77, 143)
_STAFF = {"head": "Руководитель филиала", "manager": "Менеджер по аренде"}


def plant(portal: Portal, companies: int = COMPANIES, deals: int | None = None) -> None:
    """Fill a bare Russian portal. A large number of companies has one contact each and stays lean."""
    planter = Planter(portal, portal.world.now().replace(microsecond=0))
    managers = _people(planter)
    portal.crm.books.add_category("Аренда техники", words.STAGES)
    _own_company(planter)
    clients = [_client(planter, number, managers, companies > COMPANIES) for number in range(companies)]
    _flaws(planter, clients)
    for number in range(min(deals if deals is not None else DEALS, len(clients) * 10)):
        _deal(planter, number, clients)
    _leads(planter, managers)


def _people(planter: Planter) -> dict[str, list[User]]:
    """Administrator (id 1), director, branches with a head and managers, office, dismissed and technical users."""
    root = planter.department("ТехноПарк Аренда")
    admin = planter.person("Марина", "Белова", root, "Администратор портала", admin=True, second_name="Игоревна")
    admin.gender = "F"
    root.head = planter.person("Георгий", "Титов", root, "Генеральный директор", second_name="Львович").id
    managers: dict[str, list[User]] = {}
    for city, (_, count) in words.CITIES.items():
        branch = planter.department(f"Филиал {city}", root.id)
        branch.head = _employee(planter, branch.id, _STAFF["head"]).id
        managers[city] = [_employee(planter, branch.id, _STAFF["manager"]) for _ in range(count)]
    office = planter.department("Бухгалтерия", root.id)
    office.head = planter.person("Лариса", "Панова", office, "Главный бухгалтер", second_name="Юрьевна").id
    planter.person("Тимур", "Сафин", planter.department("Сервис", root.id), "Главный механик")
    planter.person("Обмен", "1С", office, "Технический пользователь")
    planter.person("Кирилл", "Уваров", root, _STAFF["manager"], second_name="Петрович", active=False)
    return managers


def _employee(planter: Planter, department: int, position: str) -> User:
    name, second, last = _name(planter, planter.portal.counters.get("user", 0))
    made = planter.person(name, last, planter.portal.departments[department], position, second_name=second)
    made.gender = "F" if last.endswith("а") else "M"
    made.phone = numbers.phone(9_000 + made.id)
    return made


def _name(planter: Planter, salt: int) -> tuple[str, str, str]:
    woman = planter.random.random() < 0.35
    name, second = planter.random.choice(words.WOMEN if woman else words.MEN)
    last = words.SURNAMES[(salt * 7 + planter.random.randrange(5)) % len(words.SURNAMES)]
    return name, second, words.feminine(last) if woman else last


def _own_company(planter: Planter) -> None:
    title = "ООО «ТехноПарк Аренда»"
    own = planter.record(Entity.COMPANY, 1, planter.ago(1000, 1000), {"TITLE": title, "IS_MY_COMPANY": "Y"})
    row = {"NAME": "Организация", "RQ_COMPANY_NAME": title, "RQ_INN": numbers.inn_company(77, 900001)}
    planter.requisite(
        Entity.COMPANY, own, 1, row | {"RQ_KPP": numbers.kpp(77, 1), "RQ_OGRN": numbers.ogrn(77, 2015, 1)}
    )


def _client(planter: Planter, number: int, managers: dict[str, list[User]], lean: bool) -> int:
    """A company with requisite and contacts; every tenth is a sole trader."""
    random = planter.random
    city = numbers.weighted(random, {name: people for name, (_, people) in words.CITIES.items()})
    region, manager = words.CITIES[city][0], random.choice(managers[city]).id
    person = name, second, last = _name(planter, number)
    trader = number % 10 == 7
    title = f"ИП {last} {name[0]}. {second[0]}." if trader else f"ООО «{_firm(number)}»"
    fields: Record = {"TITLE": title, "COMPANY_TYPE": "CUSTOMER"}
    if lean:
        client = planter.record(Entity.COMPANY, manager, planter.ago(20, 1000), fields)
        row = {"NAME": title, "RQ_INN": numbers.inn_company(region, 100_000 + number)}
        planter.requisite(Entity.COMPANY, client, 1, row)
        _lean_contact(planter, client, manager, person)
        return client
    fields |= {"INDUSTRY": "CONSTRUCTION", "CURRENCY_ID": "RUB"}
    client = planter.record(Entity.COMPANY, manager, planter.ago(20, 1000), fields, phone=numbers.phone(5_000 + number))
    if number not in _WITHOUT_INN:
        row = _trader(region, number, person) if trader else _legal(region, number, title, f"{last} {name} {second}")
        street = f"ул. {random.choice(words.STREETS)}, {number % 90 + 1}"
        address = {"CITY": city, "ADDRESS_1": street, "COUNTRY": "Россия"}
        planter.requisite(Entity.COMPANY, client, 2 if trader else 1, row, address)
    for place in range(random.choice((1, 1, 2, 2, 3))):
        _contact(planter, client, manager, person if trader and not place else _name(planter, number + place * 11))
    return client


def _lean_contact(planter: Planter, client: int, manager: int, person: tuple[str, str, str]) -> None:
    serial = planter.portal.counters.get(Entity.CONTACT, 0) + 1
    since = planter.crm.tables[Entity.COMPANY].rows[client]["DATE_CREATE"]
    fields: Record = {"NAME": person[0], "LAST_NAME": person[2]}
    planter.crm.links.add(planter.record(Entity.CONTACT, manager, since, fields, phone=numbers.phone(serial)), client)


def _firm(number: int) -> str:
    heads, tails = words.HEADS, words.TAILS
    title = heads[number % len(heads)] + tails[number // len(heads) % len(tails)]
    again = number // (len(heads) * len(tails))
    return f"{title}-{again + 1}" if again else title


def _legal(region: int, number: int, title: str, director: str) -> Record:
    full = f"ОБЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ {title.removeprefix('ООО ').upper()}"
    row: Record = {"NAME": "Организация", "RQ_COMPANY_NAME": title, "RQ_COMPANY_FULL_NAME": full}
    row |= {"RQ_INN": numbers.inn_company(region, 100_000 + number), "RQ_KPP": numbers.kpp(region, number % 30 + 1)}
    return row | {"RQ_OGRN": numbers.ogrn(region, 2005 + number % 18, number), "RQ_DIRECTOR": director}


def _trader(region: int, number: int, person: tuple[str, str, str]) -> Record:
    name, second, last = person
    row: Record = {"NAME": "ИП", "RQ_LAST_NAME": last, "RQ_FIRST_NAME": name, "RQ_SECOND_NAME": second}
    return row | {
        "RQ_INN": numbers.inn_person(region, 500_000 + number),
        "RQ_OGRNIP": numbers.ogrnip(region, 2012 + number % 12, number),
    }


def _contact(planter: Planter, client: int, manager: int, person: tuple[str, str, str]) -> int:
    name, second, last = person
    serial = planter.portal.counters.get(Entity.CONTACT, 0) + 1
    fields: Record = {"NAME": name, "SECOND_NAME": second, "LAST_NAME": last, "TYPE_ID": "CLIENT"}
    fields["POST"] = numbers.weighted(planter.random, words.POSTS)
    created = planter.crm.tables[Entity.COMPANY].rows[client]["DATE_CREATE"]
    mail = f"client{serial}@example.ru"
    made = planter.record(Entity.CONTACT, manager, created, fields, phone=numbers.phone(serial), email=mail)
    planter.crm.links.add(made, client)
    return made


def _flaws(planter: Planter, clients: list[int]) -> None:
    """What an honest import finds; only the usual small set has them."""
    if not 200 <= len(clients) <= COMPANIES:
        return
    crm, people = planter.crm, {user.full_name: user.id for user in planter.portal.users.values()}
    companies = crm.tables[Entity.COMPANY].rows
    for twin, original in ((clients[60], clients[12]), (clients[151], clients[90])):
        inn = crm.requisites.of(Entity.COMPANY, original)[0]["RQ_INN"]
        _set_inn(planter, twin, inn)
        companies[twin]["TITLE"] = companies[original]["TITLE"] + " (дубль)"
    _set_inn(planter, clients[44], "7700000001")
    for contact, other in ((clients[5], clients[6]), (clients[25], clients[26])):
        crm.links.add(crm.links.contacts(contact)[0], other)
    for place in (8, 58, 108, 158):
        companies[clients[place]]["ASSIGNED_BY_ID"] = people["Кирилл Уваров"]
    for place in range(3, 200, 13):
        companies[clients[place]]["ASSIGNED_BY_ID"] = people["Обмен 1С"]


def _set_inn(planter: Planter, client: int, inn: str) -> None:
    requisites = planter.crm.requisites
    row = requisites.of(Entity.COMPANY, client)[0]
    requisites.reindex(row, {"RQ_INN": inn})


def _deal(planter: Planter, number: int, clients: list[int]) -> None:
    """A rental: most ended well long ago, some run now, some are only asked for."""
    random, crm = planter.random, planter.crm
    client = clients[min(int(random.expovariate(4 / len(clients))), len(clients) - 1)]
    manager = crm.tables[Entity.COMPANY].rows[client]["ASSIGNED_BY_ID"]
    machine, rate = random.choice(words.MACHINES)
    shifts = random.choice((3, 5, 7, 10, 14, 14, 21, 30, 45))
    done = random.random() < 0.7
    created = planter.ago(45, 700) if done else planter.ago(0, 40)
    stage = random.choices(("WON", "LOSE"), (5, 1))[0] if done else numbers.weighted(random, words.OPEN_STAGES)
    begins = created.date() + timedelta(days=random.randint(2, 10))
    moved = min(created + timedelta(days=shifts + 5 if done else random.randint(0, 6)), planter.now)
    fields: Record = {
        "TITLE": f"Аренда {machine}, {shifts} {_shifts(shifts)}",
        "CATEGORY_ID": 1,
        "STAGE_ID": f"C1:{stage}",
    }
    fields |= {"OPPORTUNITY": float(rate * shifts), "CURRENCY_ID": "RUB", "COMPANY_ID": client, "TYPE_ID": "SERVICES"}
    fields |= {"CONTACT_IDS": crm.links.contacts(client)[:1], "BEGINDATE": begins, "SOURCE_ID": "CALL"}
    planter.deal(manager, created, moved, fields | {"CLOSEDATE": begins + timedelta(days=shifts)})


def _shifts(count: int) -> str:
    if count % 10 == 1 and count % 100 != 11:
        return "смена"
    return "смены" if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else "смен"


def _leads(planter: Planter, managers: dict[str, list[User]]) -> None:
    """A dozen fresh requests from the site."""
    cities = list(words.CITIES)
    for number in range(12):
        city = cities[number % len(cities)]
        name, second, last = _name(planter, number * 3)
        machine, _ = words.MACHINES[number % len(words.MACHINES)]
        fields: Record = {"TITLE": f"Заявка с сайта: аренда {machine}", "NAME": name, "SECOND_NAME": second}
        fields |= {"LAST_NAME": last, "SOURCE_ID": "WEB", "STATUS_ID": "NEW", "ADDRESS_CITY": city}
        phone = numbers.phone(7_000 + number)
        planter.record(Entity.LEAD, managers[city][0].id, planter.ago(0, 3), fields, phone=phone)
