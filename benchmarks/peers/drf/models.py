"""Django models over the tables of peers.sql, which Django does not manage."""

from django.db import models


class SchoolClass(models.Model):
    course_id = models.BigIntegerField()
    external_id = models.TextField()
    section = models.TextField()
    title = models.TextField()
    description = models.TextField(null=True)
    instructors = models.JSONField()
    location = models.TextField(null=True)
    timezone = models.TextField()
    status = models.TextField()
    capacity = models.IntegerField(null=True)
    seats_taken = models.IntegerField()
    waitlist_length = models.IntegerField()
    drop_until = models.DateTimeField(null=True)
    withdraw_until = models.DateTimeField(null=True)
    last_seq = models.BigIntegerField()
    version = models.IntegerField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "classes"
        managed = False

    @property
    def seats_free(self) -> int | None:
        return None if self.capacity is None else self.capacity - self.seats_taken

    @property
    def etag(self) -> str:
        return f'"v{self.version}-{self.seats_taken}-{self.waitlist_length}"'


class Token(models.Model):
    digest = models.BinaryField(primary_key=True)
    student_id = models.BigIntegerField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "tokens"
        managed = False


class Registration(models.Model):
    school_class = models.ForeignKey(SchoolClass, models.CASCADE, db_column="class_id")
    student_id = models.BigIntegerField()
    state = models.TextField()
    ticket = models.IntegerField()
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "registrations"
        managed = False


class Meeting(models.Model):
    school_class = models.ForeignKey(
        SchoolClass, models.CASCADE, db_column="class_id", related_name="meetings"
    )
    weekday = models.SmallIntegerField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()

    class Meta:
        db_table = "meetings"
        managed = False


class Event(models.Model):
    pk = models.CompositePrimaryKey("school_class_id", "seq")
    school_class = models.ForeignKey(SchoolClass, models.CASCADE, db_column="class_id")
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    type = models.TextField()
    actor_id = models.BigIntegerField()
    data = models.JSONField()

    class Meta:
        db_table = "events"
        managed = False


class IdempotencyRecord(models.Model):
    pk = models.CompositePrimaryKey("student_id", "key")
    student_id = models.BigIntegerField()
    key = models.TextField()
    fingerprint = models.TextField()
    status = models.IntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "idempotency_records"
        managed = False
