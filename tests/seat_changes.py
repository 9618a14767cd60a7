"""The changes of a class's seats one at a time, as tests ask for them."""

from api.services import class_seats
from api.services.class_seats import SeatEdit


def change_capacity(tx, actor, row, capacity, shrink=None):
    """Give a locked class another capacity; promotes, keeps or displaces. The row after."""
    wanted = SeatEdit(capacity=capacity, has_capacity=True, shrink=shrink)
    return class_seats.edit(tx, actor, row, wanted)


def change_status(tx, actor, row, to):
    """Open, close, end or cancel a locked class, with what that does to its line. The row after."""
    return class_seats.edit(tx, actor, row, SeatEdit(status=to))
