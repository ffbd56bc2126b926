"""What this room hands in."""

from b24app.plug import Feature, WorkPart
from b24app.verification.journeys import journey
from b24app.work.store.index import WorkKind

FEATURE = Feature(
    name="verification",
    work=(WorkPart(WorkKind.RECORD, journey.handle, journey.give_up),),
)
