"""Made-up but well-formed identifiers: INN, KPP, OGRN, phones nobody has."""

from random import Random


def inn_company(region: int, serial: int) -> str:
    """Ten digits with a right check digit; `region` is the tax office's first two."""
    body = f"{region:02}{serial:07}"[:9]
    return body + str(_weighted(body, (2, 4, 10, 3, 5, 9, 4, 6, 8)))


def inn_person(region: int, serial: int) -> str:
    """Twelve digits with two right check digits."""
    body = f"{region:02}{serial:08}"[:10]
    body += str(_weighted(body, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)))
    return body + str(_weighted(body, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)))


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11 % 10


def kpp(region: int, office: int) -> str:
    """Nine digits: tax office, reason 01, number."""
    return f"{region:02}{office:02}01001"


def ogrn(region: int, year: int, serial: int) -> str:
    """Thirteen digits of a company."""
    body = f"1{year % 100:02}{region:02}{serial:07}"[:12]
    return body + str(int(body) % 11 % 10)


def ogrnip(region: int, year: int, serial: int) -> str:
    """Fifteen digits of a sole trader."""
    body = f"3{year % 100:02}{region:02}{serial:09}"[:14]
    return body + str(int(body) % 13 % 10)


def phone(serial: int) -> str:
    """+7 (900) 000-…: a block nobody answers."""
    rest = f"{serial % 10_000_000:07}"
    return f"+7 (900) {rest[:3]}-{rest[3:5]}-{rest[5:]}"


def weighted(random: Random, rows: dict[str, int]) -> str:
    """One of the keys by its weight."""
    return random.choices(list(rows), list(rows.values()))[0]
