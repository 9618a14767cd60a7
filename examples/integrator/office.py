"""The software of a school's office, as far as it speaks to Homeroom: what these tests are for."""

import csv
import io
import uuid
from typing import Any

import httpx

ATTEMPTS = 3


class Office:
    """Takes in what the office knows, and tells teachers who sits in their class."""

    def __init__(self, http: httpx.Client, organization_url: str) -> None:
        """Ask Homeroom through `http`, which carries a registrar's token."""
        self.http = http
        self.url = organization_url

    def take_in_students(self, csv_text: str) -> dict[str, str]:
        """Bring every student of the file up to date; Homeroom's id by the office's number."""
        ids = {}
        for row in csv.DictReader(io.StringIO(csv_text)):
            names = {"given_name": row["given"], "family_name": row["family"]}
            address = f"{self.url}/students/by-external-id/{row['number']}"
            answer = self.http.put(address, json=names)
            answer.raise_for_status()
            ids[row["number"]] = answer.json()["id"]
        return ids

    def register(self, student_id: str, class_id: str) -> str:
        """Register a student, in line if need be; `enrolled`, `waitlisted`, or why not."""
        wish = {"student_id": student_id, "on_full": "waitlist"}
        answer = self._post_once(f"/v1/classes/{class_id}/registrations", wish)
        told = answer.json()
        if answer.status_code == 409 and told["code"] != "already-registered":
            return str(told["code"])
        if answer.status_code != 409:
            answer.raise_for_status()
        # Who is registered already is told the state in which they are.
        return str(told["state"])

    def _post_once(self, address: str, wish: dict[str, Any]) -> httpx.Response:
        """Send a wish again when its answer got lost: by its key it is granted once.

        Each wish has a key of its own. One made of the student and the class would be answered as
        the wish of yesterday was, though the student has left the class since.
        """
        key = {"Idempotency-Key": str(uuid.uuid4())}
        for _ in range(ATTEMPTS - 1):
            try:
                return self.http.post(address, json=wish, headers=key)
            except httpx.TransportError:
                continue
        return self.http.post(address, json=wish, headers=key)

    def roll(self, class_id: str) -> list[str]:
        """The ids of the students who have a seat in a class, page by page."""
        seated: list[str] = []
        address = f"/v1/classes/{class_id}/registrations?state=enrolled&limit=2"
        while address:
            page = self.http.get(address).raise_for_status().json()
            seated += [one["student_id"] for one in page["items"]]
            address = page["_links"].get("next", {}).get("href", "")
        return seated
