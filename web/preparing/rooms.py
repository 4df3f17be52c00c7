"""The rooms of preparing, for the application to put its routes together."""

from aiohttp import web

from broadcast.store import Store
from config.settings import Settings
from web.aside import Aside
from web.auditor import Auditor
from web.commands import Perform
from web.preparing.beginnings import Beginnings
from web.preparing.document_pages import DocumentPages
from web.preparing.documents import Documents
from web.preparing.imports import Imports
from web.preparing.templates import Templates
from web.sessions import Sessions
from web.setup import now_ms


def routes(
    settings: Settings,
    store: Store,
    sessions: Sessions,
    perform: Perform,
    aside: Aside,
    auditor: Auditor,
) -> list[web.RouteDef]:
    templates = Templates(settings.storage.data_dir / "templates")
    return [
        *Beginnings(sessions, store, templates, auditor, now_ms).routes(),
        *Imports(sessions, aside).routes(),
        *Documents(sessions, perform, settings).routes(),
        *DocumentPages(sessions, settings).routes(),
    ]
