"""Queries of the shared ground."""

from __future__ import annotations

from tests.store.recipes.recipe import Recipes

RECIPES = Recipes(
    queries={},
    elsewhere={
        "store.kept.delete_slice": "the table is handed in: whoever hands one in has a recipe",
        "store.schema.reads_only": "what the session may do",
    },
)
