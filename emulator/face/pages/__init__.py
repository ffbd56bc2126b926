"""Pages for people: who you are, marketplace, CRM lists and cards, notifications, and app frames with the parent's side
of the frame bus."""

from emulator.face.pages.routes import routes

__all__ = ["routes"]
