"""`python -m examples.client_app`: serve the account at CLIENT_APP_URL.

CLIENT_APP_URL   our own origin, as the app can reach it           http://127.0.0.5:8085
CLIENT_APP_API   where the client API is                           http://127.0.0.1:8080/api/v1
CLIENT_APP_KEY   our key; without it a page asks for one
CLIENT_APP_DATA  a folder for what must outlive a restart          .data/client_app
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from examples.client_app.account import Config
from examples.client_app.app import build_app


def main() -> None:
    url = os.environ.get("CLIENT_APP_URL", "http://127.0.0.5:8085").rstrip("/")
    config = Config(
        url=url,
        api=os.environ.get("CLIENT_APP_API", "http://127.0.0.1:8080/api/v1").rstrip("/"),
        key=os.environ.get("CLIENT_APP_KEY", ""),
        data=Path(os.environ.get("CLIENT_APP_DATA", ".data/client_app")),
    )
    place = urlsplit(url)
    uvicorn.run(
        build_app(config),
        host=place.hostname or "127.0.0.1",
        port=place.port or 80,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
