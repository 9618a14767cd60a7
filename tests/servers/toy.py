"""A program of a few routes, served the way asgi.py serves Homeroom."""

import threading
import time

from flask import Flask, jsonify, request

from api.server import Lifecycle, listen, serve

LIMIT = 1000


def toy_app(stopping):
    app = Flask("toy")
    app.config["MAX_CONTENT_LENGTH"] = LIMIT

    @app.get("/readyz")
    def readyz():
        return ("", 503) if stopping.is_set() else ("", 200)

    @app.get("/slow")
    def slow():
        print("slow", flush=True)
        time.sleep(1.2)
        return "done"

    @app.route("/echo", methods=["GET", "POST"])
    def echo():
        headers = {name.lower(): value for name, value in request.headers.items()}
        return jsonify(body=request.get_data(as_text=True), args=request.args, headers=headers)

    return app


if __name__ == "__main__":
    stopping = threading.Event()
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    serve(
        toy_app(stopping),
        Lifecycle(stopping=stopping, close=lambda: print("closed", flush=True)),
        listener=listener,
        threads=2,
        body_bytes=LIMIT,
        ready=lambda: print(port, flush=True),
    )
