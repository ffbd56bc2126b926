"""The bytes of an address that was given are the bytes that are called."""

from __future__ import annotations

import aiohttp
import pytest

from b24app.delivery.webhooks import Message, new_secret, send, signing_key
from b24app.net.addresses import WrongUrl, origin, parsed
from b24app.net.answers import Connector
from b24app.net.guard import Answered
from tests.doors.test_answers import OK, Line, answering
from tests.doors.test_guard import Names
from tests.outside import Clock

KEY = signing_key(new_secret(bytes(32)))


async def called(url: str) -> tuple[str, str]:
    """The request's target and its host, of a webhook to this address. `{}` in it is the receiver's port."""
    line = Line([OK])
    async with answering(line) as receiver:
        port = receiver.rstrip("/").rpartition(":")[2]
        connector = Connector(resolver=Names("127.0.0.9"))
        async with aiohttp.ClientSession(connector=connector, response_class=Answered) as http:
            to = parsed(url.replace("{}", port), dev_mode=True)
            made = await send(http, Message(to, "evt_1", b"{}", (KEY,), 1, 1), Clock()())
    assert made.answer.ok
    asked, host, *_ = line.heads[0].decode().split("\r\n")
    return asked.removeprefix("POST ").removesuffix(" HTTP/1.1"), host.removeprefix("Host: ").partition(":")[0]


@pytest.mark.parametrize(
    "target",
    [
        "/hooks?sp=%2Ftriggers%2Fmanual%2Frun&sig=abc%2Fdef",
        *("/%7Eme", "/%40", "/a%3Ab", "/%28x%29", "/%2e%2E/", "/%zz", "/%"),
        *("/?a[]=1", "/?a=b c".replace(" ", "+"), "/?a=%20", "/?", "/x?", "/x??", "/x?a=1?", "/x?&&"),
        *("/a/../b", "/./", "//", "/a//b", "/a;b=1", "/a\\b", '/"<>^`{|}', "/'()*!$,"),
    ],
)
async def test_a_target_is_called_as_it_was_given(target: str) -> None:
    assert await called("http://cabinet.example.com:{}" + target) == (target, "cabinet.example.com")


@pytest.mark.parametrize(("behind", "target"), [("", "/"), ("?", "/?"), ("?a=1", "/?a=1")])
async def test_an_address_without_a_path_is_called_at_its_root(behind: str, target: str) -> None:
    assert (await called("http://cabinet.example.com:{}" + behind))[0] == target


async def test_letters_outside_ascii_are_called_in_the_forms_that_the_wire_takes() -> None:
    """RFC 5891 for the name, RFC 3987 3.1 for what follows; what is percent-encoded already stays."""
    assert await called("http://Магазин.РФ:{}/хук/%D0%B0?ключ=%2F") == (
        "/%D1%85%D1%83%D0%BA/%D0%B0?%D0%BA%D0%BB%D1%8E%D1%87=%2F",
        "xn--80aaaidm4a.xn--p1ai".replace("xn--80aaaidm4a", "xn--80aairftm"),
    )


def test_what_was_given_is_kept_beside_what_is_called() -> None:
    address = parsed("https://магазин.рф/hooks", dev_mode=False)
    assert address.text == "https://магазин.рф/hooks"
    assert str(address.url) == f"https://{address.host}/hooks"
    assert address.host.isascii()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://cabinet.example", "https://cabinet.example"),
        ("HTTPS://Cabinet.Example:443", "https://cabinet.example"),
        ("http://cabinet.example:80", "http://cabinet.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://Магазин.рф", "https://xn--80aairftm.xn--p1ai"),
    ],
)
def test_an_origin_is_kept_as_a_browser_sends_it(given: str, sent: str) -> None:
    """The URL standard: a serialised origin has its host in ASCII and no port that its scheme implies."""
    assert origin(given) == sent


@pytest.mark.parametrize(
    "given",
    [
        *("cabinet.example", "ftp://cabinet.example", "https://", "https://cabinet.example/", "https://a.example?b"),
        *("https://me@cabinet.example", "https://@cabinet.example", "https://xn--a..example", "null", "*", ""),
    ],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(WrongUrl):
        origin(given)
