"""The REST application for a WSGI server: `granian --interface wsgi wsgi:application`."""

import os

from api.startup import application_of, settings_of

application = application_of(settings_of(os.environ))
