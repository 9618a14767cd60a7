"""How the Django peer shows a class and a registration, with their links."""

from rest_framework import serializers
from rest_framework.reverse import reverse

from benchmarks.peers.drf.models import Registration, SchoolClass


class ClassSerializer(serializers.ModelSerializer):
    seats_free = serializers.IntegerField(read_only=True)
    _links = serializers.SerializerMethodField(method_name="links")

    class Meta:
        model = SchoolClass
        exclude = ["last_seq"]

    def links(self, row: SchoolClass) -> dict[str, dict[str, str]]:
        request = self.context["request"]
        register = reverse("registrations", args=[row.pk], request=request)
        return {
            "self": {"href": reverse("class", args=[row.pk], request=request)},
            "collection": {"href": reverse("classes", request=request)},
            "course": {"href": reverse("course", args=[row.course_id], request=request)},
            "registrations": {"href": register},
            "register": {"href": register, "method": "POST"},
        }


class RegistrationSerializer(serializers.ModelSerializer):
    class_id = serializers.IntegerField(source="school_class_id")
    _links = serializers.SerializerMethodField(method_name="links")

    class Meta:
        model = Registration
        fields = ["id", "class_id", "student_id", "state", "ticket", "decided_at", "_links"]

    def links(self, row: Registration) -> dict[str, dict[str, str]]:
        request, class_id = self.context["request"], row.school_class_id
        return {
            "class": {"href": reverse("class", args=[class_id], request=request)},
            "collection": {"href": reverse("registrations", args=[class_id], request=request)},
        }
