"""The stand-in for a container engine, as a test handles it. See `engine/docker`."""

import hashlib
import json
import os
import shutil
import signal
import tempfile
from pathlib import Path

PROGRAM = Path(__file__).with_name("engine") / "docker"
ENTRY_POINT = "/lambda-entrypoint.sh"


class Engine:
    """An engine of a test's own, with its images, its registry and its containers."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tidegate-test-engine-"))
        self.env = {"TIDEGATE_DOCKER": str(PROGRAM), "STAND_IN": str(self.folder)}

    def _change(self, name: str, key: str, value: dict) -> dict:
        path = self.folder / name
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(known | {key: value}))
        return value

    def image(self, name: str, content: str = "", *, local: bool = True, **more) -> dict:
        """Makes an image, here or in the registry. What it holds decides its number and its digest."""
        repository = name.split("@")[0].rsplit(":", 1)[0]
        number, digest = (hashlib.sha256(f"{kind} {name} {content}".encode()).hexdigest() for kind in ("number", "digest"))
        image = {
            "Id": f"sha256:{number}",
            "RepoDigests": [f"{repository}@sha256:{digest}"],
            "Architecture": "amd64",
            "Config": {"Entrypoint": [ENTRY_POINT], "Cmd": ["app.handler"]},
            "Programs": [ENTRY_POINT, "/bin/sh"],
        } | more
        return self._change("images.json" if local else "registry.json", name, image)

    def refuse(self, name: str, words: str) -> None:
        self._change("registry.json", name, {"refused": words})

    def forget(self, name: str) -> None:
        path = self.folder / "images.json"
        path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != name}))

    def stop(self) -> None:
        (self.folder / "stopped").touch()

    def start(self) -> None:
        (self.folder / "stopped").unlink()

    def hold_pulls(self) -> None:
        """From now on a pull waits."""
        os.mkfifo(self.folder / "hold")

    def release_pulls(self) -> None:
        """Lets one that waits go on, and all later ones."""
        hold = self.folder / "hold"
        with hold.open("w"):
            hold.unlink()

    def calls(self, word: str) -> list[list[str]]:
        """What was asked with this first word."""
        path = self.folder / "calls.jsonl"
        all = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [call for call in all if call[0] == word]

    def containers(self) -> dict[str, int]:
        """The containers that run, and the numbers of their processes."""
        found = {}
        for path in (self.folder / "containers").glob("*/runs"):
            try:
                found[path.parent.name] = json.loads(path.read_text())
            except FileNotFoundError:
                pass
        return found

    def close(self) -> None:
        for number in self.containers().values():
            try:
                os.killpg(number, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)
