import pytest

from api.authz.actor import Actor, Membership
from api.authz.policy import RULES, Action, Extent, Policy, Reach, Subject
from api.errors import AuthenticationRequired, Forbidden, NotFound
from api.models import Role
from tests.factories import new_id

ORGANIZATION, OTHER, MEMBER, STUDENT, USER = (new_id() for _ in range(5))
HERE = Subject(ORGANIZATION)


def a_member(role, student_id=None):
    membership = Membership(MEMBER, ORGANIZATION, role, student_id)
    return Actor(user_id=USER, memberships={ORGANIZATION: membership})


@pytest.mark.parametrize("action", RULES)
def test_a_stranger_is_told_of_nothing_that_is_not_public(action):
    policy, stranger = Policy(), Actor(user_id=USER)

    with pytest.raises(NotFound):
        policy.require(stranger, action, HERE)
    with pytest.raises(NotFound):
        policy.require(a_member(Role.OWNER), action, Subject(OTHER))

    assert stranger.judged == [action]


@pytest.mark.parametrize("action", RULES)
def test_nobody_is_asked_for_a_token_unless_the_thing_is_public(action):
    policy, nobody = Policy(), Actor.nobody()

    with pytest.raises(AuthenticationRequired):
        policy.require(nobody, action, HERE)
    assert policy.allows(nobody, action, Subject(ORGANIZATION, is_public=True)) is (
        RULES[action].public
    )


@pytest.mark.parametrize("action", RULES)
def test_homeroom_itself_may_do_everything(action):
    Policy().require(Actor.system(), action, HERE)


@pytest.mark.parametrize("role", Role)
def test_no_role_may_do_what_operators_do(role):
    with pytest.raises(Forbidden):
        Policy().require(a_member(role), Action.DEPLOYMENT_OPERATE, HERE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", RULES)
def test_who_may_not_gets_404_where_the_rule_hides_and_403_elsewhere(action, role):
    policy, actor, rule = Policy(), a_member(role), RULES[action]

    if role in rule.roles:
        policy.require(actor, action, HERE)
        return
    with pytest.raises(NotFound if rule.hidden else Forbidden):
        policy.require(actor, action, HERE)


def test_an_instructor_may_in_their_own_classes_alone():
    policy, instructor = Policy(), a_member(Role.INSTRUCTOR)

    assert policy.allows(instructor, Action.STUDENT_READ, Subject(ORGANIZATION, (MEMBER,)))
    assert not policy.allows(instructor, Action.STUDENT_READ, Subject(ORGANIZATION, (new_id(),)))


def test_a_student_may_for_themselves_alone():
    policy, student = Policy(), a_member(Role.STUDENT, STUDENT)
    unclaimed = a_member(Role.STUDENT)

    assert policy.allows(
        student, Action.REGISTRATION_CREATE, Subject(ORGANIZATION, student_id=STUDENT)
    )
    assert not policy.allows(
        student, Action.REGISTRATION_CREATE, Subject(ORGANIZATION, student_id=new_id())
    )
    assert not policy.allows(unclaimed, Action.REGISTRATION_CREATE, HERE)


def test_a_list_reaches_as_far_as_the_role():
    policy = Policy()

    def reach(actor):
        return policy.reach(actor, Action.STUDENT_LIST, ORGANIZATION)

    everything = Reach(Extent.ALL, ORGANIZATION)
    assert reach(Actor.system()) == reach(a_member(Role.OWNER)) == everything
    assert reach(a_member(Role.REGISTRAR)) == everything
    assert reach(a_member(Role.INSTRUCTOR)) == Reach(Extent.TAUGHT, ORGANIZATION, MEMBER)
    own = Reach(Extent.OWN, ORGANIZATION, MEMBER, STUDENT)
    assert reach(a_member(Role.STUDENT, STUDENT)) == own
    with pytest.raises(NotFound):
        reach(Actor(user_id=USER))


def test_what_needs_a_user_needs_a_token():
    policy = Policy()

    assert policy.require_user(Actor(user_id=USER), Action.ACCOUNT_OWN) == USER
    with pytest.raises(AuthenticationRequired):
        policy.require_user(Actor.nobody(), Action.ACCOUNT_OWN)


def test_what_is_open_to_everybody_is_noted_as_asked():
    nobody = Actor.nobody()

    Policy().require_nothing(nobody, Action.ACCOUNT_CREATE)

    assert nobody.judged == [Action.ACCOUNT_CREATE]
