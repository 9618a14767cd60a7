"""The cases that cover each parameter: made once, since that takes the time, and sent by all."""

import copy
import re
from dataclasses import dataclass, field

from schemathesis.generation import generate_random_case_id
from schemathesis.generation.case import Case
from schemathesis.specs.openapi.schemas import OpenApiSchema

FILLED_IN = re.compile(".*_id|username|password")
"""Members that a caller puts what exists into; they would be unknown if they were left out."""


@dataclass
class Covering:
    """What schemathesis made for an operation; whoever comes next gets a copy of each case."""

    made: dict = field(default_factory=dict)

    def serve(self, schema: OpenApiSchema):
        """Put this between a schema and its cases."""
        make = schema.iter_coverage_cases

        def cases(operation, **options):
            if operation.label not in self.made:
                self.made[operation.label] = list(make(operation, **options))
            for case in self.made[operation.label]:
                yield anew(case, operation)

        schema.iter_coverage_cases = cases


def anew(case: Case, operation):
    """Copy a case, of an operation whose server and persona are other ones."""
    twin, memo = object.__new__(Case), {id(case.operation): operation}
    for name in Case.__slots__:
        # Past the setter of a case, which watches what is changed after it was made.
        object.__setattr__(twin, name, copy.deepcopy(getattr(case, name), memo))
    twin.id = generate_random_case_id()
    return twin


def thinned(document, every, turn):
    """Leave out of each operation what is optional, but for one in so many; another at each turn.

    What is left out is only not sent: the rest of the document says the same as before.
    """
    thin = copy.deepcopy(document)
    for methods in thin["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [
                parameter
                for number, parameter in enumerate(operation.get("parameters", ()), turn)
                if number % every == 0 or parameter.get("in") != "query"
            ]
            body = operation.get("requestBody", {}).get("content", {})
            for media_type in body.values():
                media_type["schema"] = _thinned(thin, media_type["schema"], every, turn)
    return thin


def _thinned(document, schema, every, turn):
    whole = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    required = whole.get("required", ())
    members = {
        name: member
        for number, (name, member) in enumerate(whole.get("properties", {}).items(), turn)
        if name in required or number % every == 0 or FILLED_IN.fullmatch(name)
    }
    return {**whole, "properties": members} if members else schema
