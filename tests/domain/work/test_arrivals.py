"""Who acted: what events say counts where something else says the same."""

from __future__ import annotations

from b24app.domain.work.arrivals import Actor, Named, actor

OURS = frozenset({1})
MANAGER, OTHER = 7, 8


def test_the_cards_last_editor_bears_out_whom_an_event_names() -> None:
    assert actor([Named(MANAGER, 11)], ours=OURS, editor=MANAGER) == Actor(MANAGER)


def test_whom_nothing_bears_out_is_doubted_until_the_events_own_token_is_asked() -> None:
    named = [Named(MANAGER, 11), Named(MANAGER, 12)]
    assert actor(named, ours=OURS, editor=OTHER) == Actor(None, doubted=True, ask=(12,))
    assert actor(named, ours=OURS, editor=OTHER, proven={12}) == Actor(MANAGER)


def test_a_name_that_nothing_bears_out_takes_nothing_from_one_that_is() -> None:
    named = [Named(MANAGER, 11), Named(77, 12)]
    assert actor(named, ours=OURS, editor=MANAGER) == Actor(MANAGER, ask=(12,))


def test_of_two_people_who_both_acted_nobody_knows_who_did_what_counts() -> None:
    named = [Named(MANAGER, 11), Named(OTHER, 12)]
    assert actor(named, ours=OURS, editor=OTHER, proven={11}) == Actor(None, doubted=True)


def test_echoes_of_our_own_writes_go_behind_everybody_else() -> None:
    named = [Named(MANAGER, 11), Named(1, 12)]
    assert actor(named, ours=OURS, editor=1) == Actor(None, doubted=True, ask=(11,))
    assert actor(named, ours=OURS, editor=1, proven={11}) == Actor(MANAGER)


def test_an_admin_whose_token_we_hold_may_have_acted_by_hand() -> None:
    assert actor([Named(1, 11)], ours=OURS, editor=1) == Actor(1)
    assert actor([Named(1, 11)], ours=OURS, editor=MANAGER) == Actor(None), "an echo: the editor is not doubted"


def test_what_the_portal_answered_itself_needs_nothing_more() -> None:
    assert actor([Named(MANAGER, 11, sure=True)], ours=OURS, editor=None) == Actor(MANAGER)


def test_of_a_card_that_is_gone_only_deletions_tell() -> None:
    named = [Named(MANAGER, 11, deletes=True), Named(OTHER, 12)]
    assert actor(named, ours=OURS, editor=None, deleted=True).ask == (11,)
    assert actor(named, ours=OURS, editor=None, deleted=True, proven={11, 12}) == Actor(MANAGER)
    assert actor([Named(1, 11, deletes=True)], ours=OURS, editor=None, deleted=True, proven={11}) == Actor(1)


def test_nobody_named_is_nobody_doubted() -> None:
    assert actor([], ours=OURS, editor=MANAGER) == Actor()
