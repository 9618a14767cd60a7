"""Changes of the document that nobody's client notices."""

from tests.cli.documents import (
    CLASS,
    CLASSES,
    harmless,
    member,
    parameter,
    problems,
    related,
    schema,
)


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
def one_more_name_to_sort_by_is_taken(d):
    schema = parameter(d, "sort")["schema"]
    schema["pattern"] = schema["pattern"].replace("|title", "|title|section")


@harmless
def a_condition_is_honoured_that_was_ignored(d):
    delete = d["paths"]["/v1/tokens/{token_id}"]["delete"]
    delete["parameters"].append({"$ref": "#/components/parameters/IfMatchOptional"})
    delete["responses"]["412"] = {"$ref": "#/components/responses/StaleVersion"}


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
    related(d, "SchoolClass").append("poster")


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
