"""Serve a resource beside those of the release."""

from api.http.restful import HomeroomApi


def serve(app, resource, url, **services):
    """Serve a resource class at a URL, with the services that it takes beside the edge."""
    homeroom = app.extensions["homeroom"]
    api = HomeroomApi()
    api.add(resource, url, edge=homeroom.edge, **services)
    api.init_app(app)
    homeroom.edge.renderer.compile(app)
    homeroom.lifetimes.compile(app)
