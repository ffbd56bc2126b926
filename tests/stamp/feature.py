"""What this room hands in."""

from b24app.plug import Feature
from tests.stamp.domain import STAMP
from tests.stamp.journeys.rule import StampRule
from tests.stamp.news import StampGiven
from tests.stamp.store.tables import TABLES

FEATURE = Feature(
    name="stamp",
    fields=(STAMP,),
    tables=TABLES,
    cards=(StampRule(),),
    news=(StampGiven,),
)
