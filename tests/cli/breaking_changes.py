"""Changes of the document that break clients, each with the words that name it."""

import json

from tests.cli.documents import (
    CLASS,
    CLASSES,
    REGISTRATIONS,
    breaks,
    member,
    parameter,
    problems,
    related,
    renamed,
    schema,
)


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


@breaks("list_classes query title__in: the parameter is gone")
def an_operator_of_a_filter_is_removed(d):
    d["paths"][CLASSES]["get"]["parameters"].remove(parameter(d, "title__in"))


def without(d, name, of):
    """A name less in the pattern of a list of names, which holds it twice."""
    schema = parameter(d, of)["schema"]
    assert schema["pattern"].count(f"|{name}") == 2
    schema["pattern"] = schema["pattern"].replace(f"|{name}", "")


@breaks("list_classes query sort: no longer takes seats_taken")
def a_name_to_sort_by_is_removed(d):
    without(d, "seats_taken", "sort")


@breaks("list_classes query expand: no longer takes term")
def a_relation_to_expand_is_removed(d):
    without(d, "term", "expand")


@breaks("list_classes query fields: no longer takes seats_free")
def a_member_to_select_is_removed(d):
    without(d, "seats_free", "fields")


@breaks("list_classes query status__in: no longer takes closed")
def a_choice_of_several_is_removed(d):
    without(d, "closed", "status__in")


@breaks("list_classes query sort: takes 1 at most now, and took 4")
def fewer_names_to_sort_by_are_taken(d):
    schema = parameter(d, "sort")["schema"]
    schema["pattern"] = schema["pattern"].replace("{0,3}", "{0,0}")


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


@breaks("get_class 200: the header ETag may be absent now")
def a_header_may_be_absent(d):
    optional = {"$ref": "#/components/headers/ETagOptional"}
    d["paths"][CLASS]["get"]["responses"]["200"]["headers"]["ETag"] = optional


@breaks("get_class 200 header ETag: type string became integer")
def the_type_of_a_header_changes(d):
    other = {"required": True, "schema": {"type": "integer"}}
    d["paths"][CLASS]["get"]["responses"]["200"]["headers"]["ETag"] = other


@breaks("get_class 200: the relation register is gone")
def a_relation_is_removed(d):
    del d["paths"][CLASS]["get"]["responses"]["200"]["links"]["register"]


@breaks("SchoolClass._links: the relation register is gone")
def a_relation_is_removed_of_every_representation(d):
    related(d, "SchoolClass").remove("register")


@breaks("Root._links: the relation service-desc is gone")
def a_relation_to_what_is_no_operation_is_removed(d):
    related(d, "Root").remove("service-desc")


@breaks("Me._links: the relation user is gone")
def a_relation_is_renamed(d):
    related(d, "Me")[related(d, "Me").index("user")] = "account"


@breaks("list_classes 200: the relation next is gone")
def a_relation_of_a_page_is_removed(d):
    d["paths"][CLASSES]["get"]["responses"]["200"]["x-rels"].remove("next")


@breaks("Problem._links: the relation existing is gone")
def a_relation_of_a_problem_is_removed(d):
    related(d, "Problem").remove("existing")


@breaks("SchoolClass: is called Course0 now")
def a_type_of_answers_is_renamed(d):
    rename(d, "SchoolClass", "Course0")


@breaks("SchoolClassCreate: is called NewClass now")
def a_type_of_bodies_is_renamed(d):
    rename(d, "SchoolClassCreate", "NewClass")


@breaks("Price: is called Cost now")
def a_type_within_another_is_renamed(d):
    rename(d, "Price", "Cost")


def rename(d, old, new):
    """Another name for a schema, wherever it stands."""
    text = json.dumps(d).replace(f'"#/components/schemas/{old}"', f'"#/components/schemas/{new}"')
    d |= json.loads(text)
    renamed(d["components"]["schemas"], old, new)


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


@breaks("delete_token 412: the problem stale-version brings a status that was not possible")
def a_condition_is_refused_that_nobody_can_send(d):
    delete = d["paths"]["/v1/tokens/{token_id}"]["delete"]
    delete["responses"]["412"] = {"$ref": "#/components/responses/StaleVersion"}


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


@breaks("bearer: the scheme of these credentials was bearer, and is digest")
def another_way_to_authenticate_is_needed(d):
    d["components"]["securitySchemes"]["bearer"]["scheme"] = "digest"


@breaks("servers: no longer at /")
def every_path_begins_elsewhere(d):
    d["servers"] = [{"url": "/api"}]
