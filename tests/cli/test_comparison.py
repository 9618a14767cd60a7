"""Each rule of what breaks a client, held against the document changed in exactly that way."""

import copy
import json
from pathlib import Path

import pytest

from api.cli.comparison.breaks import breaks_of, may_break

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"
# Examples are half of it, and none of them is compared.
DOCUMENT = json.loads(
    FILE.read_text("utf-8"),
    object_hook=lambda found: {key: each for key, each in found.items() if key != "value"},
)
# Reading it again is three times as fast as a deep copy.
TEXT = json.dumps(DOCUMENT)
CLASSES = "/v1/organizations/{organization_id}/classes"
CLASS = "/v1/classes/{class_id}"
REGISTRATIONS = "/v1/classes/{class_id}/registrations"


@pytest.fixture
def after():
    return json.loads(TEXT)


def schema(document, name):
    return document["components"]["schemas"][name]


def member(document, name, of):
    return schema(document, of)["properties"][name]


def parameter(document, name, path=CLASSES, method="get"):
    found = document["paths"][path][method]["parameters"]
    return next(each for each in found if each.get("name") == name)


def renamed(parts, old, new):
    parts[new] = parts.pop(old)


BREAKING = {}
HARMLESS = {}


def breaks(*words):
    """Register a change that breaks, with the words of the breaks that it must be named with."""

    def register(change):
        BREAKING[change.__name__] = (change, words)
        return change

    return register


def harmless(change):
    """Register a change that nobody's client notices."""
    HARMLESS[change.__name__] = change
    return change


@breaks(f"get_class: GET {CLASS} is gone, or has another operationId")
def an_operation_is_removed(d):
    del d["paths"][CLASS]["get"]


@breaks(f"get_class: GET {CLASS} is gone, or has another operationId")
def an_operation_is_renamed(d):
    d["paths"][CLASS]["get"]["operationId"] = "read_class"


@breaks(f"get_class: GET {CLASS} became GET /v1/courses-of-study/{{class_id}}")
def a_path_changes(d):
    d["paths"]["/v1/courses-of-study/{class_id}"] = {"get": d["paths"][CLASS].pop("get")}


@breaks("update_class: PATCH /v1/classes/{class_id} became POST /v1/classes/{class_id}")
def a_method_changes(d):
    renamed(d["paths"][CLASS], "patch", "post")


@breaks("list_classes query status: the parameter is gone")
def a_parameter_is_removed(d):
    d["paths"][CLASSES]["get"]["parameters"].remove(parameter(d, "status"))


@breaks("list_classes query status: the parameter is gone")
def a_parameter_is_renamed(d):
    parameter(d, "status")["name"] = "state"


@breaks("list_classes query status: became required")
def an_optional_parameter_becomes_required(d):
    parameter(d, "status")["required"] = True


@breaks("list_classes query campus: is new and required")
def a_required_parameter_is_new(d):
    new = {"name": "campus", "in": "query", "required": True, "schema": {"type": "string"}}
    d["paths"][CLASSES]["get"]["parameters"].append(new)


@breaks("delete_registration header If-Match: became required")
def a_precondition_becomes_required(d):
    d["components"]["parameters"]["IfMatchOptional"]["required"] = True


@breaks("list_classes query limit: maximum 100 became 50")
def the_limit_of_a_page_is_lowered(d):
    parameter(d, "limit")["schema"]["maximum"] = 50


@breaks("list_classes query limit: default 25 became 10")
def a_default_changes(d):
    parameter(d, "limit")["schema"]["default"] = 10


@breaks("list_classes query sort: default created_at became title")
def the_default_order_changes(d):
    parameter(d, "sort")["schema"]["default"] = "title"


@breaks("list_classes query status: no longer takes closed")
def a_choice_is_no_longer_taken(d):
    parameter(d, "status")["schema"]["enum"].remove("closed")


@breaks("create_token: a body became required")
def a_body_becomes_required(d):
    d["paths"]["/v1/tokens"]["post"]["requestBody"]["required"] = True


@breaks("update_class body: application/json-patch+json is gone")
def a_format_is_no_longer_taken(d):
    del d["paths"][CLASS]["patch"]["requestBody"]["content"]["application/json-patch+json"]


@breaks("SchoolClassCreate.location: is gone")
def a_member_is_no_longer_taken(d):
    del schema(d, "SchoolClassCreate")["properties"]["location"]


@breaks("SchoolClassCreate.capacity: became required")
def an_optional_member_becomes_required(d):
    schema(d, "SchoolClassCreate")["required"].append("capacity")


@breaks("SchoolClassCreate.campus: is new and required")
def a_required_member_is_new(d):
    schema(d, "SchoolClassCreate")["properties"]["campus"] = {"type": "string"}
    schema(d, "SchoolClassCreate")["required"].append("campus")


@breaks("SchoolClassCreate.capacity: null is no longer taken")
def null_is_no_longer_taken(d):
    member(d, "capacity", "SchoolClassCreate")["nullable"] = False


@breaks("SchoolClassCreate.capacity: maximum 100000 became 500")
def a_maximum_is_lowered(d):
    member(d, "capacity", "SchoolClassCreate")["maximum"] = 500


@breaks("SchoolClassCreate.capacity: minimum 0 became 1")
def a_minimum_is_raised(d):
    member(d, "capacity", "SchoolClassCreate")["minimum"] = 1


@breaks("SignUp.password: pattern ^[^\\x00]*$ became ^[A-Z]+$")
def a_pattern_is_new(d):
    member(d, "password", "SignUp")["pattern"] = "^[A-Z]+$"


@breaks("SchoolClassCreate.title: takes only A, B now")
def a_free_text_becomes_a_choice(d):
    member(d, "title", "SchoolClassCreate")["enum"] = ["A", "B"]


@breaks("SchoolClassCreate.status: default draft became open")
def the_default_of_a_member_changes(d):
    member(d, "status", "SchoolClassCreate")["default"] = "open"


@breaks("SchoolClass.seats_free: is gone")
def a_member_of_an_answer_is_removed(d):
    del schema(d, "SchoolClass")["properties"]["seats_free"]


@breaks("SchoolClass.seats_free: is gone")
def a_member_of_an_answer_is_renamed(d):
    renamed(schema(d, "SchoolClass")["properties"], "seats_free", "free_seats")


@breaks("SchoolClass.seats_free: may be absent now")
def a_member_of_an_answer_may_be_absent(d):
    schema(d, "SchoolClass")["required"].remove("seats_free")


@breaks("SchoolClass.seats_taken: type integer became string")
def a_type_changes(d):
    member(d, "seats_taken", "SchoolClass")["type"] = "string"


@breaks("SchoolClass.created_at: format date-time became date")
def a_format_changes(d):
    member(d, "created_at", "SchoolClass")["format"] = "date"


@breaks("SchoolClass.seats_taken: may be null now")
def an_answer_may_be_null(d):
    member(d, "seats_taken", "SchoolClass")["nullable"] = True


@breaks("SchoolClass.status: may be paused now")
def a_closed_choice_of_an_answer_grows(d):
    member(d, "status", "SchoolClass")["enum"].append("paused")


@breaks("SchoolClass.status: may be anything now, and was one of draft, open, closed")
def a_closed_choice_of_an_answer_is_opened(d):
    del member(d, "status", "SchoolClass")["enum"]


@breaks("Price.currency: type string became integer")
def a_type_deep_in_an_answer_changes(d):
    member(d, "currency", "Price")["type"] = "integer"


@breaks("Block.code: type string became integer")
def a_type_under_any_name_changes(d):
    member(d, "code", "Block")["type"] = "integer"


@breaks("get_class 200: the header ETag is gone")
def a_header_is_removed(d):
    del d["paths"][CLASS]["get"]["responses"]["200"]["headers"]["ETag"]


@breaks("get_class 200: the relation register is gone")
def a_relation_is_removed(d):
    del d["paths"][CLASS]["get"]["responses"]["200"]["links"]["register"]


@breaks("create_class_registration 409: the problem class-full is gone")
def a_problem_is_removed(d):
    del problems(d, "409")["class-full"]


@breaks("create_class_registration 409: the problem class-full is gone")
def a_status_of_problems_is_removed(d):
    del d["paths"][REGISTRATIONS]["post"]["responses"]["409"]


@breaks("create_class_registration 409: the problem class-full has status 422 now")
def a_problem_has_another_status(d):
    problems(d, "422")["class-full"] = problems(d, "409").pop("class-full")


@breaks("create_class_registration 402: the problem unpaid brings a status that was not possible")
def a_problem_brings_a_new_status(d):
    content = {"application/problem+json": {"schema": {}, "examples": {"unpaid": {}}}}
    d["paths"][REGISTRATIONS]["post"]["responses"]["402"] = {"content": content}


def problems(d, status):
    """The examples of problems of one operation, which has its responses to itself."""
    responses = d["paths"][REGISTRATIONS]["post"]["responses"]
    shared = d["components"]["responses"]
    found = responses[status]
    responses[status] = copy.deepcopy(shared.get(found.get("$ref", "").rpartition("/")[2], found))
    return responses[status]["content"]["application/problem+json"]["examples"]


@breaks("create_class 201: is no longer answered")
def the_status_of_success_changes(d):
    renamed(d["paths"][CLASSES]["post"]["responses"], "201", "202")


@breaks("get_class 200: application/json is gone")
def the_media_type_of_an_answer_changes(d):
    renamed(d["paths"][CLASS]["get"]["responses"]["200"]["content"], "application/json", "text/csv")


@breaks("get_root: no token no longer suffices")
def what_was_public_needs_a_token(d):
    d["paths"]["/"]["get"]["security"] = [{"bearer": []}]


@breaks("list_classes: no token no longer suffices")
def what_may_be_public_needs_a_token(d):
    d["paths"][CLASSES]["get"]["security"].remove({})


@breaks("get_class: the tag ['catalogue'] became ['classes'], and so the scope")
def another_scope_is_needed(d):
    d["paths"][CLASS]["get"]["tags"] = ["classes"]


@harmless
def an_operation_is_new(d):
    new = {**d["paths"][CLASS]["get"], "operationId": "get_class_poster"}
    d["paths"][f"{CLASS}/poster"] = {"get": new}


@harmless
def an_optional_parameter_is_new(d):
    new = {"name": "campus", "in": "query", "required": False, "schema": {"type": "string"}}
    d["paths"][CLASSES]["get"]["parameters"].append(new)


@harmless
def an_optional_member_is_taken(d):
    schema(d, "SchoolClassCreate")["properties"]["campus"] = {"type": "string"}


@harmless
def another_choice_is_taken(d):
    parameter(d, "status")["schema"]["enum"].append("paused")


@harmless
def a_limit_is_raised(d):
    parameter(d, "limit")["schema"]["maximum"] = 500
    member(d, "capacity", "SchoolClassCreate")["maximum"] = 500_000


@harmless
def an_answer_has_one_more_member(d):
    schema(d, "SchoolClass")["properties"]["campus"] = {"type": "string"}
    schema(d, "SchoolClass")["required"].append("campus")


@harmless
def an_answer_has_one_more_header_and_relation(d):
    answer = d["paths"][CLASS]["get"]["responses"]["200"]
    answer["headers"]["Age"] = {"schema": {"type": "string"}}
    answer["links"]["poster"] = {"operationId": "get_class", "parameters": {}}


@harmless
def an_answer_says_less_than_it_could(d):
    member(d, "status", "SchoolClass")["enum"].remove("ended")
    member(d, "seats_free", "SchoolClass")["nullable"] = False


@harmless
def a_problem_is_new_at_a_status_that_was_possible(d):
    problems(d, "409")["class-haunted"] = {}


@harmless
def a_token_is_no_longer_needed(d):
    d["paths"][CLASS]["patch"]["security"].append({})


@harmless
def words_and_examples_change(d):
    d["paths"][CLASS]["get"]["summary"] = "Look at a class"
    schema(d, "SchoolClass")["description"] = "A class, in other words."
    d["components"]["examples"]["class-full"]["summary"] = "No seat"


@harmless
def the_order_of_members_changes(d):
    members = schema(d, "SchoolClass")["properties"]
    schema(d, "SchoolClass")["properties"] = dict(reversed(members.items()))


@pytest.mark.parametrize("name", BREAKING)
def test_a_break_is_named(after, name):
    change, words = BREAKING[name]
    change(after)

    found = breaks_of(DOCUMENT, after)

    assert all(any(word in broken for broken in found) for word in words), found
    assert len(found) <= 20


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_nobody_is_let_pass(after, name):
    HARMLESS[name](after)

    assert json.dumps(after) != TEXT
    assert breaks_of(DOCUMENT, after) == []


def test_a_document_does_not_break_itself(after):
    assert breaks_of(DOCUMENT, after) == []


@pytest.mark.parametrize(
    ("version", "may"), [("0.1.0", False), ("0.2.0", False), ("1.0.0", True), ("10.0.0", True)]
)
def test_only_a_higher_first_number_may_break(after, version, may):
    after["info"]["version"] = version

    assert may_break(DOCUMENT | {"info": {"version": "0.1.0"}}, after) is may


def taking(schema):
    """A document of one operation that takes and answers this."""
    content = {"content": {"application/json": {"schema": schema}}}
    operation = {"operationId": "do", "requestBody": content, "responses": {"200": content}}
    return {"info": {"version": "1.0.0"}, "paths": {"/": {"post": operation}}}


def one_of(*types):
    return {"oneOf": [{"type": name} for name in types]}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (one_of("string", "integer"), one_of("integer", "string"), []),
        (
            one_of("string", "integer"),
            one_of("string", "array"),
            ["do body: shape 1 is gone", "do 200: shape 1 is new"],
        ),
        (
            {"description": "Anything."},
            one_of("string", "integer"),
            ["do body: became a choice of shapes", "do 200: became a choice of shapes"],
        ),
        ({"type": "object"}, {"type": "object", "additionalProperties": True}, []),
        (
            {"type": "object"},
            {"type": "object", "additionalProperties": False},
            ["do body: other members are no longer taken"],
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"type": "integer"}},
            [f"do {side}[]: type string became integer" for side in ("body", "200")],
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "object", "additionalProperties": {"type": "integer"}},
            [f"do {side}.*: type string became integer" for side in ("body", "200")],
        ),
    ],
)
def test_shapes_within_shapes_are_compared(before, after, found):
    assert breaks_of(taking(before), taking(after)) == found


def test_a_schema_that_holds_itself_is_compared_once():
    def tree(kind):
        children = {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
        members = {"kind": {"type": kind}, "children": children}
        document = taking({"$ref": "#/components/schemas/Tree"})
        return {**document, "components": {"schemas": {"Tree": {"properties": members}}}}

    found = breaks_of(tree("string"), tree("integer"))

    assert found == ["Tree.kind: type string became integer"]
