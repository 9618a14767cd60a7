"""The REST application for a WSGI server with the resource that fails."""

from tests.blackbox.faulty import with_fault
from wsgi import application as sound

application = with_fault(sound)
