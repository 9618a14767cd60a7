"""The four requests of the benchmark, in Django REST Framework."""

import hashlib

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from rest_framework.exceptions import APIException, NotFound
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.peers.drf.models import (
    Event,
    IdempotencyRecord,
    Meeting,
    Registration,
    SchoolClass,
)
from benchmarks.peers.drf.serializers import ClassSerializer, RegistrationSerializer


class Conflict(APIException):
    status_code = 409


class KeyReused(APIException):
    status_code = 422
    default_detail = "this key was used for another request"


class ClassPages(CursorPagination):
    ordering = "id"
    page_size = 25
    page_size_query_param = "limit"
    max_page_size = 100

    def get_paginated_response(self, data: list) -> Response:
        links = {"self": {"href": self.base_url}}
        following = self.get_next_link()
        if following:
            links["next"] = {"href": following}
        return Response({"items": data, "_links": links})


class ClassList(ListAPIView):
    queryset = SchoolClass.objects.all()
    serializer_class = ClassSerializer
    pagination_class = ClassPages


class ClassItem(RetrieveAPIView):
    queryset = SchoolClass.objects.all()
    serializer_class = ClassSerializer

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        row = self.get_object()
        headers = {"ETag": row.etag, "Cache-Control": "private, no-cache"}
        if request.headers.get("If-None-Match") == row.etag:
            return Response(status=304, headers=headers)
        return Response(self.get_serializer(row).data, headers=headers)


class CourseItem(APIView):
    def get(self, request: Request, pk: int) -> Response:
        raise NotFound("courses are linked to, not measured")


class ClassRegistrations(APIView):
    def post(self, request: Request, pk: int) -> Response:
        student_id = request.user.student_id
        key = request.headers.get("Idempotency-Key", "")
        fingerprint = hashlib.sha256(request.path.encode() + request.body).hexdigest()
        known = IdempotencyRecord.objects.filter(student_id=student_id, key=key).first()
        if known is not None:
            if known.fingerprint != fingerprint:
                raise KeyReused
            return Response(known.body, known.status)
        try:
            with transaction.atomic():
                registration = self.take_seat(pk, student_id)
                body = RegistrationSerializer(registration, context={"request": request}).data
                IdempotencyRecord.objects.create(
                    student_id=student_id,
                    key=key,
                    fingerprint=fingerprint,
                    status=201,
                    body=body,
                    created_at=timezone.now(),
                )
        except IntegrityError as broken:
            raise Conflict("already-registered") from broken
        return Response(body, 201)

    def take_seat(self, class_id: int, student_id: int) -> Registration:
        clash = clashing_class(class_id, student_id)
        row = SchoolClass.objects.select_for_update().filter(pk=class_id).first()
        if row is None:
            raise NotFound("no such class")
        if row.capacity is not None and row.seats_taken >= row.capacity:
            raise Conflict("class-full")
        if clash is not None:
            raise Conflict(f"time-conflict with class {clash}")
        row.seats_taken += 1
        row.last_seq += 1
        row.save(update_fields=["seats_taken", "last_seq"])
        now = timezone.now()
        registration = Registration.objects.create(
            school_class=row,
            student_id=student_id,
            state="enrolled",
            ticket=row.seats_taken,
            decided_at=now,
        )
        Event.objects.create(
            school_class=row,
            seq=row.last_seq,
            at=now,
            type="registration.enrolled",
            actor_id=student_id,
            data={"registration_id": registration.pk, "seat_delta": 1},
        )
        return registration


def clashing_class(class_id: int, student_id: int) -> int | None:
    at_once = Meeting.objects.filter(
        school_class_id=class_id,
        weekday=OuterRef("weekday"),
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
    )
    clashing = Meeting.objects.filter(
        Exists(at_once),
        school_class__registration__student_id=student_id,
        school_class__registration__state="enrolled",
    )
    return clashing.values_list("school_class_id", flat=True).first()
