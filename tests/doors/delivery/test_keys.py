"""Keys of client apps in the settings: made, shown once, replaced, revoked."""

from __future__ import annotations

from b24app.delivery.journeys import client_apps
from tests.doors.frames import main
from tests.world import World


async def test_settings_are_for_administrators_and_a_key_is_shown_once(world: World) -> None:
    await world.install()
    manager, admin = await main(world, world.manager()), await main(world, world.admin(), "delivery")
    assert "Создать ключ" not in manager.html and "Создать ключ" in admin.html
    refused = [
        await manager.call("/frame/repair"),
        await manager.call("/frame/mode", mode="off"),
        await manager.call("/frame/client-apps", name="Моё приложение"),
    ]
    assert {one.status for one in refused} == {403}

    made = (await admin.call("/frame/client-apps", name="Мобильное приложение")).json()["html"]
    key = "b24_" + made.split('value="b24_')[1].split('"')[0]
    assert (await world.api("GET", "/me", key)).status == 200
    again = await admin.content()
    assert key not in again and f"ключ …{key[-4:]}" in again

    app_id = again.split('name="client_app" value="')[1].split('"')[0]
    assert (await admin.call("/frame/client-apps/revoke", client_app=app_id)).status == 200
    assert (await world.api("GET", "/me", key)).status == 401
    assert (await admin.call("/frame/client-apps", name=" ")).status == 422


async def test_a_new_key_takes_the_place_of_the_old_one_for_the_same_origins(world: World) -> None:
    await world.install()
    portal = await world.row()
    first = await client_apps.create(world.resources, portal.id, "Кабинет", ("https://cabinet.example",))
    admin, manager = await main(world, world.admin(), "delivery"), await main(world, world.manager())
    asked = {"client_app": str(first.app.id)}
    assert (await manager.call("/frame/client-apps/key", **asked)).status == 403
    assert (await world.api("GET", "/me", first.key)).status == 200

    made = (await admin.call("/frame/client-apps/key", **asked)).json()["html"]
    key = "b24_" + made.split('value="b24_')[1].split('"')[0]

    assert (await world.api("GET", "/me", first.key)).status == 401
    for origin, status in (("https://cabinet.example", 200), ("https://elsewhere.example", 403)):
        assert (await world.api("GET", "/me", key, Origin=origin)).status == status
    told = await admin.content()
    assert f"ключ …{key[-4:]}" in told and first.key[-4:] not in told
    await client_apps.revoke(world.resources, portal.id, first.app.id)
    assert (await admin.call("/frame/client-apps/key", **asked)).status == 404
