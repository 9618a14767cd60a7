"""Swagger UI as a person uses it: open an operation, fill in its form, press, read the answer."""

import json
from dataclasses import dataclass, field

READ = """row => [
  row.querySelector(".response-col_status").textContent,
  Object.fromEntries(
    [...row.querySelectorAll(".response-col_description h5 + *")].map(part => [
      part.previousElementSibling.textContent,
      (part.querySelector("pre") ?? part).textContent,
    ])
  ),
]"""
"""The status of an answer, and its parts by their headings."""

PATHS = """blocks => blocks.map(
  each => [each.id, each.querySelector(".opblock-summary-path").dataset.path]
)"""


@dataclass(frozen=True)
class Shown:
    """An answer, as the page shows it."""

    status: int
    text: str
    headers: str

    @property
    def json(self):
        return json.loads(self.text)


@dataclass
class SwaggerUI:
    """The page of a visit; `filters`: an operation is found by its path, so that less is drawn."""

    visit: object
    filters: bool = True
    paths: dict = field(default_factory=dict)
    """The path of each operation, by the id of its block."""

    def open(self):
        """Load the page, and wait until the operations are there."""
        page = self.visit.page
        page.goto(f"{self.visit.base}/docs")
        page.wait_for_selector(".opblock")
        self.paths = dict(page.eval_on_selector_all(".opblock", PATHS))
        return self

    def find(self, name):
        """Type the path of an operation into the filter, and wait until the others are gone."""
        (path,) = (path for each, path in self.paths.items() if each.endswith(f"-{name}"))
        self.visit.page.fill(".operation-filter-input", path)
        others = f".opblock-summary-path:not([data-path*='{path}'])"
        self.visit.page.wait_for_selector(others, state="detached")

    def authorize(self, token):
        """Press Authorize, paste the token, close."""
        page = self.visit.page
        page.click(".auth-wrapper .authorize")
        form = ".auth-container:has-text('bearer')"
        if page.is_visible(f"{form} button:text-is('Logout')"):
            page.click(f"{form} button:text-is('Logout')")
        page.fill("#auth-bearer-value", token)
        page.click(f"{form} button.authorize")
        page.click(f"{form} .btn-done")

    def call(self, name, body=None, *, closing=True, **parameters):
        """Try an operation of this operationId once; its form is closed afterwards.

        What the page fills in by itself stays, as it would for a person.
        """
        block = f".opblock[id$='-{name}']"
        page = self.visit.page
        if self.filters:
            self.find(name)
        page.click(f"{block} .opblock-summary-control")
        for parameter, value in parameters.items():
            field = f"{block} tr[data-param-name='{parameter}']"
            page.fill(f"{field} input", value)
        if body is not None:
            page.fill(f"{block} textarea.body-param__text", json.dumps(body))
        if page.is_visible(f"{block} .btn-clear"):
            # Else the answer of the last call would be read.
            page.click(f"{block} .btn-clear")
        page.click(f"{block} .execute")
        shown = self._answer(f"{block} .live-responses-table")
        if closing:
            page.click(f"{block} .opblock-summary-control")
        return shown

    def _answer(self, table):
        row = f"{table} tr.response"
        self.visit.page.wait_for_selector(row)
        status, parts = self.visit.page.eval_on_selector(row, READ)
        return Shown(int(status[:3]), parts.get("Response body", ""), parts["Response headers"])
