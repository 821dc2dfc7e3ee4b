"""A server whose disk can be full: the library of testing/powercut, preloaded under it. Linux only."""

import os
import struct
import subprocess
import sys
from pathlib import Path

from tidegate import Server

SOURCE = Path(__file__).resolve().parents[2] / "powercut" / "src" / "powercut.c"
# Places of numbers in the control file; `struct control` in powercut.c.
LIMITED, ROOM, FAILED = 5, 6, 9
IS_THERE = sys.platform == "linux"


class FullDisk(Server):
    """`with FullDisk() as server: server.leave_room(1_000_000)`"""

    def __init__(self, *arguments: str):
        super().__init__(*arguments)
        self.data.mkdir()
        (self.folder / "scratch").mkdir()
        self.control = self.folder / "control"
        self.control.write_bytes(bytes(4096))
        library = self.folder / "powercut.so"
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
        self.env = {
            "LD_PRELOAD": str(library), "POWERCUT_FOLDER": str(self.data),
            "POWERCUT_SCRATCH": str(self.folder / "scratch"), "POWERCUT_CONTROL": str(self.control),
        }

    def leave_room(self, size: int | None) -> None:
        """So many bytes are left on the disk; `None`: as many as there are."""
        self._set(ROOM, size or 0)
        self._set(LIMITED, size is not None)

    def failures(self) -> int:
        """Writes that found no room so far."""
        with self.control.open("rb") as control:
            control.seek(8 * FAILED)
            return struct.unpack("=Q", control.read(8))[0]

    def _set(self, number: int, value: int) -> None:
        with self.control.open("r+b") as control:
            control.seek(8 * number)
            control.write(struct.pack("=Q", int(value)))

    def bodies(self) -> list[Path]:
        """The files of larger bodies, half-written ones too."""
        return [path for path in (self.data / "blobs").rglob("*") if path.is_file()]
