"""What may be embedded comes from the lists: whoever sees something there sees it here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from api.container import Container
from api.http.expansion import Source
from api.models.course import Course
from api.models.school_class import SchoolClass
from api.models.student import Student
from api.models.term import Term
from api.schemas.classes import CLASS
from api.schemas.courses import COURSE
from api.schemas.hypermedia import Hypermedia
from api.schemas.students import STUDENT
from api.schemas.terms import TERM


def sources(c: Container) -> Mapping[Hypermedia, Source]:
    """The list behind each kind of resource that others embed."""
    return {
        CLASS: Source(
            listed=partial(c.classes.of_organization, student_id=None), identifier=SchoolClass.id
        ),
        COURSE: Source(listed=c.courses.of_organization, identifier=Course.id),
        STUDENT: Source(listed=c.students.list, identifier=Student.id),
        TERM: Source(listed=c.terms.of_organization, identifier=Term.id),
    }
