"""Runs commands on a terminal of its own (a pty) and tells what is on its screen.

    terminal.py batch < RUNS     RUNS is JSON: [{"columns", "environment", "command"}, ...]
    terminal.py talk < TALK      TALK is JSON: {"columns", "environment", "command", "steps"}

A step is {"expect": TEXT}, {"type": TEXT}, {"run": COMMAND}, {"signal": NUMBER} or {"screen": NAME}. `batch`
prints a list of {"output", "code"}, `talk` one {"code", "screens", "restored"}.
"""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

DEADLINE = 20


class Terminal:
    """A terminal of so many columns, and the command on it."""

    def __init__(self, run):
        self.columns = run["columns"]
        self.master, self.slave = pty.openpty()
        size = struct.pack("HHHH", 24, self.columns, 0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)
        self.mode = termios.tcgetattr(self.slave)
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        environment.update(run["environment"])
        self.child = subprocess.Popen(
            run["command"],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.seen = b""

    def read(self, wait):
        """Takes what came within so many seconds; whether anything did."""
        ready, _, _ = select.select([self.master], [], [], wait)
        if ready:
            self.seen += os.read(self.master, 65536)
        return bool(ready)

    def finish(self):
        """Waits for the end of the command; its exit code."""
        end = time.monotonic() + DEADLINE
        while self.child.poll() is None and time.monotonic() < end:
            self.read(0.02)
        if self.child.poll() is None:
            self.child.kill()
        while self.read(0):
            pass
        return self.child.wait()

    def expect(self, text):
        end = time.monotonic() + DEADLINE
        while text not in "\n".join(self.screen()):
            if time.monotonic() > end:
                raise SystemExit(f"{text!r} never came: {self.screen()}")
            self.read(0.05)

    def screen(self):
        """The lines as they are seen, by the few sequences that are used here."""
        rows, row, column = [[]], 0, 0
        text = self.seen.decode("utf-8", "replace")
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|.|\n", text, re.S):
            if part == "\n":
                row += 1
                if row == len(rows):
                    rows.append([])
            elif part == "\r":
                column = 0
            elif part.startswith("\x1b["):
                count = int(part[2:-1] or 1) if part[2:-1].isdigit() or part[2:-1] == "" else 0
                if part[-1] == "K":
                    del rows[row][column:]
                elif part[-1] == "C":
                    column += count
            else:
                line = rows[row]
                line.extend(" " * (column + 1 - len(line)))
                line[column] = part
                column += 1
        return ["".join(line) for line in rows]


def batch(runs):
    results = []
    for run in runs:
        terminal = Terminal(run)
        code = terminal.finish()
        results.append({"output": terminal.seen.decode("utf-8", "replace"), "code": code})
        os.close(terminal.master)
        os.close(terminal.slave)
    return results


def talk(run):
    terminal, screens = Terminal(run), {}
    for step in run["steps"]:
        (kind, value), = step.items()
        if kind == "expect":
            terminal.expect(value)
        elif kind == "type":
            os.write(terminal.master, value.encode())
        elif kind == "run":
            subprocess.run(value, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        elif kind == "signal":
            terminal.child.send_signal(value)
        elif kind == "screen":
            screens[value] = terminal.screen()
    code = terminal.finish()
    restored = termios.tcgetattr(terminal.slave) == terminal.mode
    return {"code": code, "screens": screens, "restored": restored}


if __name__ == "__main__":
    task = {"batch": batch, "talk": talk}[sys.argv[1]]
    print(json.dumps(task(json.load(sys.stdin))))
