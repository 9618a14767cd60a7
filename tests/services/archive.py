"""An archive of OneRoster files as another system reads it, and what it would complain of."""

import csv
import io
import zipfile
from collections import Counter
from dataclasses import dataclass

HEADERS = {
    "manifest": "propertyName,value",
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear"
    ),
    "courses": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,"
        "orgSourcedId,subjects,subjectCodes"
    ),
    "classes": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,"
        "location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods"
    ),
    "users": (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
        "givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
    ),
    "enrollments": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,"
        "primary,beginDate,endDate"
    ),
}
"""The first line of each file, as OneRoster 1.1 (CSV Tables, section 4) has it."""

REFERENCES = (
    ("orgs", "parentSourcedId", "orgs"),
    ("academicSessions", "parentSourcedId", "academicSessions"),
    ("courses", "schoolYearSourcedId", "academicSessions"),
    ("courses", "orgSourcedId", "orgs"),
    ("classes", "courseSourcedId", "courses"),
    ("classes", "schoolSourcedId", "orgs"),
    ("classes", "termSourcedIds", "academicSessions"),
    ("users", "orgSourcedIds", "orgs"),
    ("users", "agentSourcedIds", "users"),
    ("enrollments", "classSourcedId", "classes"),
    ("enrollments", "schoolSourcedId", "orgs"),
    ("enrollments", "userSourcedId", "users"),
)
"""A file, a column of it, and the file in whose rows what stands there must be found."""

REQUIRED = {
    "orgs": ("name", "type"),
    "academicSessions": ("title", "type", "startDate", "endDate", "schoolYear"),
    "courses": ("title", "orgSourcedId"),
    "classes": ("title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
    "users": ("enabledUser", "orgSourcedIds", "role", "username", "givenName"),
    "enrollments": ("classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
}


@dataclass(frozen=True)
class Archive:
    """The rows of each file by its name without `.csv`, and the first line of each."""

    rows: dict
    headers: dict

    @classmethod
    def read(cls, body):
        rows, headers = {}, {}
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.testzip() is None
            for entry in archive.namelist():
                name = entry.removesuffix(".csv")
                with archive.open(entry) as raw:
                    text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
                    first, *others = csv.reader(text, strict=True)
                headers[name] = ",".join(first)
                rows[name] = [dict(zip(first, other, strict=True)) for other in others]
        return cls(rows, headers)

    def column(self, file, name):
        return [row[name] for row in self.rows[file]]

    def find(self, file, **where):
        """The one row with these cells."""
        (row,) = [row for row in self.rows[file] if where.items() <= row.items()]
        return row

    @property
    def seated(self):
        """Who sits where: the ids of class and student of every enrolment of a student."""
        return {
            (row["classSourcedId"], row["userSourcedId"])
            for row in self.rows["enrollments"]
            if row["role"] == "student"
        }

    @property
    def teaching(self):
        """Who teaches what, and whether first: class, user, `primary`, in their order."""
        return [
            (row["classSourcedId"], row["userSourcedId"], row["primary"])
            for row in self.rows["enrollments"]
            if row["role"] == "teacher"
        ]

    def complaints(self):
        """What is wrong with the archive, whatever school it is of."""
        wrong = self.headers.items() ^ HEADERS.items()
        found = [f"{name} begins with {line}" for name, line in wrong]
        for file, required in REQUIRED.items():
            found += [f"{file} has {one} twice" for one in _twice(self.column(file, "sourcedId"))]
            for column in ("sourcedId", *required):
                empty = self.column(file, column).count("")
                found += [f"{file}.{column} is empty in {empty} rows"] * bool(empty)
        found += [f"two have the name {one}" for one in _twice(self.column("users", "username"))]
        for file, column, target in REFERENCES:
            known = {*self.column(target, "sourcedId"), ""}
            named = {one for cell in self.column(file, column) for one in cell.split(",")}
            found += [f"{file}.{column} names {one}, no row of {target}" for one in named - known]
        return found


def _twice(values):
    return [value for value, count in Counter(values).items() if count > 1]
