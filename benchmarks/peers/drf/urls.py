"""The URL map of the Django peer."""

from django.urls import path

from benchmarks.peers.drf import views

urlpatterns = [
    path("classes", views.ClassList.as_view(), name="classes"),
    path("classes/<int:pk>", views.ClassItem.as_view(), name="class"),
    path(
        "classes/<int:pk>/registrations", views.ClassRegistrations.as_view(), name="registrations"
    ),
    path("courses/<int:pk>", views.CourseItem.as_view(), name="course"),
]
