"""Run one command and write down what it took: ``launch.py OUTPUT LIMIT COMMAND...``.

The kernel counts the memory of whoever starts a command towards the command's own peak, so this
is a process of its own, started without ``site`` and importing next to nothing. What it adds, as
the least peak that can be reported, is about 10 MB. The peak is that of the largest single
process among the command and those that it waited for.
"""

import os
import signal
import sys
import time


def main() -> None:
    output, limit, *command = sys.argv[1:]
    began = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)

    def give_up(*_: object) -> None:
        os.kill(pid, signal.SIGKILL)

    for name in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
        signal.signal(name, give_up)
    signal.alarm(int(limit))
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - began
    cpu = usage.ru_utime + usage.ru_stime
    with open(output, "w", encoding="ascii") as file:  # noqa: PTH123 -- pathlib is a larger import
        file.write(f"{seconds} {cpu} {usage.ru_maxrss * 1024} {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
