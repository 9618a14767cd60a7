"""The REST application for a WSGI server: `granian --interface wsgi wsgi:application`."""

import os

from api import logs
from api.app import create_app
from api.settings import Settings

settings = Settings.from_environment(os.environ)
logs.configure(settings.log)
application = create_app(settings)
