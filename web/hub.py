"""The pages of one session: who is there, and what they were last told."""

import secrets
from collections.abc import Callable, Container, Iterator, Mapping
from functools import cache

from streams.frames import SiteId, screen_of, screen_site
from streams.wire import Still
from web.auth import Identity
from web.build import build
from web.client import Audience, Bye, Client
from web.patches import Differ, View
from web.quality import Quality
from web.replies import dumps
from web.statuses import Report


@cache
def boot() -> str:
    """This run of the relay: a page that hears another one than before knows that its media
    connections are forgotten. Made when first asked for: relays are forks of one process."""
    return secrets.token_hex(8)


class Hub:
    """The pages of one session, and what each audience was last told.

    `look` freezes the world and gives what draws a view of it for any audience; `may` gives the
    command types of an identity.
    """

    def __init__(
        self,
        look: Callable[[], Callable[[Audience], View]],
        may: Callable[[Identity], list[str]],
        clock: Callable[[], int],
    ) -> None:
        self._look = look
        self._may = may
        self._clock = clock
        self._clients: dict[Client, None] = {}
        """The longest first."""
        self._told: dict[Audience, View] = {}
        self._stills: dict[str, bytes] = {}
        self._qualities: dict[SiteId, str] = {}
        self.reports: dict[SiteId, Report] = {}
        self.version = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def watching(self) -> int:
        """Public pages that are open."""
        return sum(client.page == "watch" for client in self._clients)

    @property
    def has_panels(self) -> bool:
        """Somebody sees the stills."""
        return any(True for _ in self._panels())

    @property
    def clients(self) -> Iterator[Client]:
        return iter(tuple(self._clients))

    def join(self, client: Client) -> None:
        """From now on it is told everything. A site's older page makes way for the newer."""
        site = client.audience.site
        for other in self.clients:
            if site is not None and other.audience.site == site:
                other.end("taken_over")
        self._clients[client] = None
        if client.audience not in self._told:
            self._told[client.audience] = self._look()(client.audience)
        if client.page == "operator":
            for name, message in self._stills.items():
                client.out.set_still(name, message)
        if site is not None:
            self.reports.setdefault(site, Report())
            self._tell_wishes(client, site, self._qualities)
        client.wake()

    def leave(self, client: Client) -> None:
        """Forgets it; a site without a page has no report."""
        self._clients.pop(client, None)
        self.dropped += client.out.dropped
        audiences = {other.audience for other in self._clients}
        for audience in self._told.keys() - audiences:
            del self._told[audience]
        sites = {audience.site for audience in audiences}
        for site in self.reports.keys() - sites:
            del self.reports[site]

    def end_others(self, sites: Container[SiteId]) -> None:
        """Ends the pages of sites that are not in the session any more: no view is theirs."""
        for client in self.clients:
            site = client.audience.site
            if site is not None and site not in sites:
                client.end("revoked")
                self._told.pop(client.audience, None)

    def snapshot(self, client: Client) -> str:
        """What this audience was last told, so that the patches after it fit."""
        return dumps(
            {
                "type": "snapshot",
                "boot": boot(),
                "build": build(),
                "version": self.version,
                "server_time_ms": self._clock(),
                "role": client.identity.role,
                "may": self._may(client.identity),
                "view": self._told[client.audience],
            }
        )

    def refresh(self) -> int:
        """Tells every page what changed since the last time; the version they have then."""
        patches: dict[Audience, str] = {}
        version = self.version + 1
        draw, differ = self._look(), Differ()
        views = {audience: draw(audience) for audience in self._told}
        for audience, new in views.items():
            patch = differ.text(self._told[audience], new)
            if patch:
                patches[audience] = f'{{"type":"patch","version":{version},"patch":{patch}}}'
        self._told = views
        if patches:
            self.version = version
        for client in self._clients:
            if client.audience in patches:
                client.out.add_patch(patches[client.audience])
                client.wake()
        return self.version

    def tell_levels(self, levels: Mapping[str, float]) -> None:
        """To the control panels; a page that is behind hears the newest only."""
        text = dumps({"type": "levels", "levels": levels})
        for client in self._panels():
            client.out.set_levels(text)
            client.wake()

    def tell_still(self, still: Still) -> None:
        """To the control panels, and to those that open later; the newest of each name."""
        name = still.name.encode()
        message = bytes((len(name),)) + name + still.jpeg
        self._stills[still.name] = message
        for client in self._panels():
            client.out.set_still(still.name, message)
            client.wake()

    def tell_quality(self, wishes: Mapping[SiteId, Quality]) -> None:
        """To each site whose wish changed."""
        texts = {source: _quality_text(source, wish) for source, wish in wishes.items()}
        changed = {s: text for s, text in texts.items() if text != self._qualities.get(s)}
        for client in self._clients:
            if client.audience.site is not None:
                self._tell_wishes(client, client.audience.site, changed)
        self._qualities = texts

    @staticmethod
    def _tell_wishes(client: Client, site: SiteId, texts: Mapping[SiteId, str]) -> None:
        """For its camera, and for its screen."""
        for kind, source in (("quality", site), ("screen quality", screen_of(site))):
            if source in texts:
                client.out.set_latest(kind, texts[source])
                client.wake()

    def forget_still(self, name: str) -> None:
        """A picture of a site that left would pass for one of now."""
        self._stills.pop(name, None)

    def forget_stills(self) -> None:
        """No new ones come: they grow old."""
        self._stills.clear()

    def report(self, client: Client, report: Report) -> None:
        """Raises `Bye` when the page is none of a site."""
        site = client.audience.site
        if site is None:
            raise Bye("not_understood")
        self.reports[site] = report

    def _panels(self) -> Iterator[Client]:
        return (client for client in self._clients if client.page == "operator")


def _quality_text(source: SiteId, wish: Quality) -> str:
    return dumps(
        {
            "type": "quality",
            "source": "screen" if screen_site(source) is not None else "camera",
            "level": wish.level,
            "width": wish.width,
            "height": wish.height,
            "fps": wish.fps,
            "max_bitrate_bps": wish.max_bitrate_bps,
        }
    )
