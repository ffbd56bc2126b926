"""What this room hands in."""

from b24app.plug import Chore, Feature, Gauge, Reaction, WorkPart
from tests.stamp.domain import STAMP
from tests.stamp.journeys import filing
from tests.stamp.journeys.expiry import expire
from tests.stamp.journeys.export import STAMPS
from tests.stamp.journeys.rule import StampRule
from tests.stamp.journeys.standing import standing
from tests.stamp.journeys.views import card_view, settings_view
from tests.stamp.news import StampGiven
from tests.stamp.store.tables import TABLES

FEATURE = Feature(
    name="stamp",
    fields=(STAMP,),
    tables=TABLES,
    cards=(StampRule(),),
    work=(WorkPart(filing.PART, filing.handle, filing.give_up),),
    reacts=(Reaction(filing.NUMBERS, filing.PART, key=str),),
    chores=(Chore("expire_stamps", expire, nightly=True),),
    news=(StampGiven,),
    export=(STAMPS,),
    gauges=(Gauge("b24app_stamps_unfiled", "Numbers that wait to be filed", filing.unfiled),),
    standing=standing,
    settings_view=settings_view,
    card_view=card_view,
)
