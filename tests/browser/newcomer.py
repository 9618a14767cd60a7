"""The newcomer's path through Swagger UI, walked as README.md tells it; also takes its picture."""

import json
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.chromium import MISSING, chromium, launched, visiting
from tests.browser.swagger_ui import SwaggerUI
from tests.servers.programs import ROOT, one_port

PICTURE = ROOT / "docs" / "swagger-ui.png"
SIZE = {"width": 1200, "height": 900}


def steps():
    """The numbered steps of the section about the browser."""
    section = (ROOT / "README.md").read_text().split("## Or in the browser\n")[1].split("\n## ")[0]
    return re.findall(r"^\d\. (.+)$", section, re.MULTILINE)


@dataclass
class Newcomer:
    """Somebody who does what the steps say and knows nothing else."""

    visit: object
    known: dict = field(default_factory=dict)
    last: object = None

    def __post_init__(self):
        self.page = SwaggerUI(self.visit, filters=False).open()

    def walk(self):
        """Do every step; gives the answer to the last call."""
        for step in steps():
            call = re.search(r"Under \*\*(\w+)\*\*, open `(\w+) (/\S+)`", step)
            if call is None:
                self.authorize(step)
            else:
                self.call(step, *call.groups())
        return self.last

    def authorize(self, step):
        """Press the buttons that the step names, in its order."""
        page = self.visit.page
        top, below, close = re.findall(r"\*(\w+)\*", step)
        page.click(f".auth-wrapper button:has-text('{top}')")
        page.fill("#auth-bearer-value", self.known["token"])
        form = ".auth-container:has(#auth-bearer-value)"
        page.click(f"{form} button:text-is('{below}')")
        page.click(f".auth-container:has-text('bearer') button:text-is('{close}')")

    def call(self, step, tag, method, path):
        """Try the operation of this step with what is known, and keep what the step points at."""
        headings = self.visit.page.locator(f"#operations-tag-{tag} + * .opblock-{method.lower()}")
        (block,) = [
            each
            for each in headings.all()
            if each.locator(".opblock-summary-path").get_attribute("data-path") == path
        ]
        name = block.get_attribute("id").removeprefix(f"operations-{tag}-")
        assert "press *Execute*" in step
        body = re.search(r"put `(\{.+?\})` into the body", step)
        variables = {each: self.known[each] for each in re.findall(r"{(\w+)}", path)}
        self.last = self.page.call(
            name, json.loads(body[1]) if body else None, closing=False, **variables
        )
        assert self.last.status < 300, (step, self.last)
        self.keep(step)

    def keep(self, step):
        """Copy from the answer what a later step needs."""
        answer = self.last.json
        if "copy `token`" in step:
            self.known["token"] = answer["token"]
        if "holds your `organization_id`" in step:
            self.known["organization_id"] = answer["memberships"][0]["organization_id"]
        named = re.search(r'copy the `id` of the class named "(\w+)"', step)
        if named:
            (found,) = [each for each in answer["items"] if each["title"] == named[1]]
            self.known["class_id"] = found["id"]


def picture(visit):
    """Walk the path, and give the picture of where it ends as PNG."""
    Newcomer(visit).walk()
    visit.page.eval_on_selector(
        ".opblock.is-open:has(.live-responses-table) .live-responses-table >> nth=-1",
        "table => table.scrollIntoView({block: 'end'})",
    )
    return visit.page.screenshot()


def main(file=PICTURE):
    """Write the picture of README.md."""
    path = chromium()
    if path is None:
        sys.exit(MISSING)
    with (
        tempfile.TemporaryDirectory() as folder,
        one_port(Path(folder), "--demo") as (_, client),
        launched(path) as browser,
        visiting(browser, str(client.base_url).rstrip("/"), viewport=SIZE) as visit,
    ):
        Path(file).write_bytes(picture(visit))


if __name__ == "__main__":
    main(*sys.argv[1:])
