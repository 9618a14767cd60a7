"""Homeroom: resources say what is offered, services what happens, models what is stored."""
