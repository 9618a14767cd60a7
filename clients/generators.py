"""How each SDK is generated from docs/openapi.json, compiled, and driven, with which tools."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CLIENTS = ROOT / "clients"
DOCUMENT = ROOT / "docs/openapi.json"
SDK = ROOT / "build/sdk"
VENV = SDK / "venv"
LOCK = ROOT / "requirements/sdk.txt"
OLDEST_NODE = 20
SHARED = {
    ".py": ("steps.json", "journey.py", "sdk.py", "flow.py"),
    ".ts": ("steps.json", "journey.ts", "sdk.ts", "flow.ts"),
    ".go": (),
}
"""What drivers of one language share, by the ending of the driver."""

Command = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One SDK: its folder is `clients/<key>`, and it is built in `build/sdk/<key>`."""

    key: str
    title: str
    tools: Callable[[], str | None]
    """Makes its tools ready; gives the reason if this machine has them not."""
    generate: Sequence[Command]
    compile: Sequence[Command]
    drive: Command
    document: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document
    """What of the document it is given; all of it by default."""
    complaint: Callable[[str], str | None] = lambda _: None
    """What is wrong according to what it said while it generated."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where it is built."""
        return SDK / self.key

    def lay_out(self) -> None:
        """Begin with an empty folder that holds what we wrote, and the document."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(CLIENTS / self.key, self.folder)
        (driver,) = self.folder.glob("drive.*")
        for name in SHARED[driver.suffix]:
            shutil.copy(CLIENTS / name, self.folder)
        document = self.document(json.loads(DOCUMENT.read_text()))
        (self.folder / "openapi.json").write_text(json.dumps(document))

    def run(self, command: Command) -> subprocess.CompletedProcess[str]:
        """Run one command in its folder; standard output and error come together."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PATH": path_with_tools(), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def path_with_tools() -> str:
    """PATH with the tools of build/sdk first."""
    tools = (VENV / "bin", SDK / "node_modules/.bin")
    return os.pathsep.join([*map(str, tools), os.environ.get("PATH", "")])


def python_tools() -> str | None:
    """Make build/sdk/venv from its lock, unless it is that already."""
    stamp = VENV / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        pip = [str(VENV / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check"]
        install = [*pip, "--quiet", "--require-hashes", "-r", str(LOCK)]
        if subprocess.run(install, check=False).returncode:
            return "requirements/sdk.txt could not be installed; see above"
        stamp.write_text(wanted)
    return None


def node_tools() -> str | None:
    """Install what scripts/node installs, where generated code finds it."""
    node = shutil.which("node")
    if node is None or not shutil.which("npm"):
        return f"it needs Node.js {OLDEST_NODE} or newer with npm (Debian: apt install nodejs npm)"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        return f"it needs Node.js {OLDEST_NODE} or newer, and this is {version.stdout.strip()}"
    if subprocess.run([ROOT / "scripts/node"], check=False).returncode:
        return "requirements/node could not be installed; see above"
    SDK.mkdir(parents=True, exist_ok=True)
    link = SDK / "node_modules"
    if not link.exists():
        link.symlink_to(ROOT / "build/node/node_modules")
    return None


def node_and_java_tools() -> str | None:
    """The generator in Java, and what compiles TypeScript."""
    return python_tools() or node_tools()


def go_tools() -> str | None:
    """The generator in Java, and the compiler of the machine."""
    if not shutil.which("go"):
        return "it needs Go 1.19 or newer (Debian: apt install golang-go)"
    return python_tools()


def first_of_alternatives(document: dict[str, Any]) -> dict[str, Any]:
    """The document without `oneOf`: each becomes its first alternative."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        if "oneOf" in schema:
            schemas[name] = {**schemas[schema["oneOf"][0]["$ref"].rpartition("/")[2]]}
    return document


def unexpected_warnings(said: str) -> str | None:
    """What openapi-python-client warned of, beside the bodies that its configuration leaves out."""
    expected = said.count("Unsupported content type application/x-not-generated")
    warned = said.count("WARNING parsing") + said.count("ERROR")
    return None if warned == expected else said


def _openapi_generator(name: str, output: str) -> Command:
    options = ("-c", "config.yaml", "-i", "openapi.json", "-o", output)
    return ("openapi-generator-cli", "generate", "-g", name, *options)


def _mypy(*options: str) -> Command:
    return (str(VENV / "bin/mypy"), "--cache-dir", str(SDK / "mypy-cache"), *options)


PYTHON = str(VENV / "bin/python")

GENERATORS = (
    Generator(
        key="openapi-python-client",
        title="Python, openapi-python-client",
        tools=python_tools,
        generate=[
            (
                *("openapi-python-client", "generate", "--path", "openapi.json"),
                *("--output-path", "homeroom_sdk", "--meta", "none", "--config", "config.yaml"),
            )
        ],
        complaint=unexpected_warnings,
        compile=[_mypy("--strict", "-p", "homeroom_sdk", "-m", "drive")],
        drive=(PYTHON, "drive.py"),
    ),
    Generator(
        key="openapi-fetch",
        title="TypeScript, openapi-typescript and openapi-fetch",
        tools=node_tools,
        generate=[
            # A member with a default may be left out of a request.
            (
                *("openapi-typescript", "openapi.json", "-o", "schema.ts"),
                "--default-non-nullable=false",
            )
        ],
        compile=[("tsc", "-p", ".")],
        drive=("node", "js/drive.js"),
    ),
    Generator(
        key="openapi-generator-python",
        title="Python, openapi-generator",
        tools=python_tools,
        generate=[_openapi_generator("python", ".")],
        compile=[
            _mypy("-p", "homeroom_sdk"),
            _mypy("--strict", "--follow-imports=silent", "-m", "drive"),
        ],
        drive=(PYTHON, "drive.py"),
    ),
    Generator(
        key="openapi-generator-typescript",
        title="TypeScript, openapi-generator (typescript-fetch)",
        tools=node_and_java_tools,
        generate=[_openapi_generator("typescript-fetch", "homeroom-sdk")],
        compile=[("tsc", "-p", ".")],
        drive=("node", "js/drive.js"),
    ),
    Generator(
        key="openapi-generator-go",
        title="Go, openapi-generator",
        tools=go_tools,
        document=first_of_alternatives,
        generate=[_openapi_generator("go", "homeroom")],
        compile=[("go", "vet", "./..."), ("go", "build", "-o", "drive", ".")],
        drive=("./drive",),
        environment={
            "GOPATH": str(SDK / "go"),
            "GOCACHE": str(SDK / "go/cache"),
            "GOPROXY": "off",
            "GOFLAGS": "-mod=mod",
        },
    ),
)
