"""What Azure Functions loads: every trigger, and nothing that takes long to import."""

from __future__ import annotations

import azure.functions as func

from connector.functions import (
    changes,
    connect,
    full_sync,
    health,
    live,
    notifications,
    openapi,
    operations,
    provisioning,
    rounds,
    subscriptions,
    sync_requests,
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(full_sync.blueprint)
app.register_functions(sync_requests.blueprint)
app.register_functions(live.blueprint)
app.register_functions(health.blueprint)
app.register_functions(subscriptions.blueprint)
app.register_functions(notifications.blueprint)
app.register_functions(changes.blueprint)
app.register_functions(rounds.blueprint)
app.register_functions(operations.blueprint)
app.register_functions(openapi.blueprint)
app.register_functions(provisioning.blueprint)
app.register_functions(connect.blueprint)
