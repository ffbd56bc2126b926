"""The app: what a portal and its client apps talk to. See docs/architecture.md."""
