"""What this room hands in."""

from b24app.delivery.journeys import outage
from b24app.delivery.journeys.export import CLIENT_APPS, ENDPOINTS
from b24app.delivery.journeys.gauges import COUNTS
from b24app.delivery.journeys.settings_view import settings_view
from b24app.delivery.journeys.standing import standing
from b24app.delivery.store import retention
from b24app.delivery.store.tables import TABLES
from b24app.domain.delivery.news import EndpointPing
from b24app.plug import Chore, Feature
from b24app.store.kept import Kept

FEATURE = Feature(
    name="delivery",
    tables=TABLES,
    chores=(Chore(outage.CHORE, outage.look),),
    news=(EndpointPing,),
    export=(CLIENT_APPS, ENDPOINTS),
    kept=(
        Kept("idempotency", retention.delete_answers),
        Kept("attempts", retention.delete_attempts),
        Kept("outbox", retention.delete_deliveries),
        Kept("events", retention.delete_events),
        Kept("endpoints", retention.delete_endpoints),
        Kept("client_apps", retention.delete_client_apps),
        Kept("test_webhooks", retention.delete_test_webhooks),
    ),
    counts=COUNTS,
    settings_view=settings_view,
    standing=standing,
)
