"""The application factory: settings in, one Flask application out, with every part in its place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import MapAdapter

from api import resources
from api.clock import Clock, SystemClock, epoch_ms
from api.container import Container, build
from api.http import code_on_demand
from api.http.authentication import Authentication
from api.http.cors import Cors
from api.http.cursors import Cursors
from api.http.discovery import Discovery
from api.http.docs import Docs
from api.http.edge import Edge
from api.http.expansion import Expansion
from api.http.health import Health
from api.http.idempotency import IdempotencyKeys
from api.http.known_paths import KnownPaths
from api.http.lifetimes import Lifetimes
from api.http.limits import OFF, RateLimits, storage_of
from api.http.observation import Observation
from api.http.pages import Pages
from api.http.problem_links import problem_links
from api.http.problems import Problems
from api.http.rendering import Renderer
from api.http.requests import Envelope
from api.http.restful import HomeroomApi, IdConverter
from api.http.versions import EXTENSION, VERSIONS, Versions
from api.ids import Ids
from api.jobs.worker import Worker
from api.models.database import Database, open_database
from api.release import RELEASE
from api.resources import embedding
from api.services.sweeper import Sweeper
from api.services.token_uses import TokenUses
from api.settings import Settings

log = logging.getLogger("homeroom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Homeroom:
    """What a process serves with; found at `app.extensions["homeroom"]`."""

    settings: Settings
    database: Database
    container: Container
    edge: Edge
    discovery: Discovery
    lifetimes: Lifetimes
    sweeper: Sweeper
    worker: Worker
    starting: threading.Event
    """Set while the process waits for a database that was away when it started."""
    stopping: threading.Event

    def close(self) -> None:
        """End the worker and the sweeper, and let go of the database."""
        self.worker.stop()
        self.sweeper.stop()
        self.database.close()


class NoSession(SessionInterface):
    """No cookie session: whoever calls says so with a token, at every request."""

    _nothing = NullSession()

    def open_session(self, *_: Any) -> NullSession:
        """Nothing is read; the same nothing each time."""
        return self._nothing

    def save_session(self, *_: Any) -> None:
        """Nothing is written."""


class PlainRequest(Request):
    """A request of Flask without what nothing here needs."""

    @property
    def blueprints(self) -> list[str]:
        """None: Flask looks for their hooks three times, and the only one has no hooks."""
        return []

    def close(self) -> None:
        """Nothing: no form is ever read, so no file of one is open."""


class PlainFlask(Flask):
    """Flask without what nothing here needs: coroutines, and rules that depend on the host."""

    request_class = PlainRequest

    def __init__(self, *names: Any, **options: Any) -> None:
        super().__init__(*names, **options)
        self._known_paths = KnownPaths(self.url_map)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What matches the rules: by method and path, whatever the client takes us for."""
        if request is None:
            return None
        environ = request.environ
        # Werkzeug's form of a path: WSGI hands bytes over as if they were Latin-1 (PEP 3333).
        path = environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace")
        method, scheme = environ["REQUEST_METHOD"], environ["wsgi.url_scheme"]
        return self._known_paths.adapter(method, path, scheme)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function; Flask would look at it anew in each request."""
        return func


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    config: Mapping[str, Any] | None = None,
    versions: Versions = VERSIONS,
) -> Flask:
    """Build the REST application of one process; `config` overrides Flask's own settings."""
    clock = clock or SystemClock()
    app = PlainFlask("api", static_folder=None)
    app.config.update(SECRET_KEY=settings.secret_key, PROPAGATE_EXCEPTIONS=False, **(config or {}))
    app.extensions[EXTENSION] = versions
    app.session_interface = NoSession()
    app.url_map.converters["id"] = IdConverter
    app.url_map.merge_slashes = False
    database = open_database(
        app,
        url=settings.database_url,
        threads=settings.threads,
        pooler=settings.pooler,
        clock=clock,
    )
    container = build(
        database,
        ids=ids or Ids(lambda: epoch_ms(clock.now())),
        is_signup_open=settings.open_signup,
    )
    _mount(app, settings, database, container)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Flask's documented way
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops
        )
    return app


def _mount(app: Flask, settings: Settings, database: Database, container: Container) -> None:
    renderer, uses, limits = Renderer(database.clock), TokenUses(), _limits_of(settings)
    expansion = Expansion(renderer=renderer, sources=embedding.sources(container))
    at_the_door = container.accounts.at_the_door
    secret = settings.secret_key.encode()
    edge = Edge(
        database=database,
        authentication=Authentication(database=database, uses=uses),
        limits=limits,
        keys=IdempotencyKeys(database=database, secret=secret),
        renderer=renderer,
        pages=Pages(cursors=Cursors(secret), renderer=renderer, expansion=expansion),
        expansion=expansion,
    )
    lifetimes = Lifetimes(versions=app.extensions[EXTENSION], clock=database.clock)
    observation = Observation()
    Envelope(
        public_url=settings.public_url,
        cors=Cors.of(settings.cors_origins),
        limits=limits,
        lifetimes=lifetimes,
        observe=observation.observe,
    ).attach(app)
    Problems(app, links=lambda refusal, base: problem_links(refusal, renderer, base))
    homeroom = app.extensions["homeroom"] = Homeroom(
        settings=settings,
        database=database,
        container=container,
        edge=edge,
        discovery=Discovery(renderer=renderer, lifetimes=lifetimes, at_the_door=at_the_door),
        lifetimes=lifetimes,
        sweeper=Sweeper(database, uses),
        worker=Worker(database),
        starting=threading.Event(),
        stopping=threading.Event(),
    )
    _route(app, homeroom)
    _health_of(homeroom, observation).attach(app)
    homeroom.discovery.compile(app)


def _limits_of(settings: Settings) -> RateLimits:
    return RateLimits.of(
        storage_of(settings.redis_url),
        default=settings.rate_limit or OFF,
        registration=settings.registration_rate_limit or OFF,
        workers=settings.workers,
    )


def _route(app: Flask, homeroom: Homeroom) -> None:
    api = HomeroomApi()
    resources.add_discovery(api, homeroom.edge, homeroom.discovery)
    resources.add_resources(api, homeroom.edge, homeroom.container)
    api.init_app(app)
    homeroom.edge.renderer.compile(app)
    homeroom.lifetimes.compile(app)
    Docs(app)
    code_on_demand.attach(app)


def _health_of(homeroom: Homeroom, observation: Observation) -> Health:
    return Health(
        database=homeroom.database,
        redis_url=homeroom.settings.redis_url,
        registry=observation.registry,
        metrics_token=homeroom.settings.metrics_token,
        release=RELEASE,
        starting=homeroom.starting,
        stopping=homeroom.stopping,
    )
