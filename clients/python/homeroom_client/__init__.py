"""A client that knows the root of a Homeroom, and follows links and forms from there."""

from homeroom_client.exchange import Patience, Redirected, Unreadable
from homeroom_client.files import File
from homeroom_client.forms import Contradiction, Form, Member
from homeroom_client.homeroom import Homeroom
from homeroom_client.links import Block, Link, NotOffered
from homeroom_client.problems import Problem
from homeroom_client.resources import Resource, Unfinished
from homeroom_client.templates import UnknownVariable, expand

__all__ = [
    "Block",
    "Contradiction",
    "File",
    "Form",
    "Homeroom",
    "Link",
    "Member",
    "NotOffered",
    "Patience",
    "Problem",
    "Redirected",
    "Resource",
    "Unfinished",
    "UnknownVariable",
    "Unreadable",
    "expand",
]
