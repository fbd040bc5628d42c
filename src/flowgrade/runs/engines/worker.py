"""The main program of a worker process: messages on standard input and output.

What the flow's code prints goes to standard error, and it reads nothing: both ends of the pipes
are out of its reach before it is loaded.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from typing import BinaryIO

from flowgrade.runs.engines.order import Order
from flowgrade.runs.engines.session import Session, greeting, refusal
from flowgrade.runs.engines.wire import read_message, write_message

_LINGER = 0.002  # seconds that a row may wait for others to share its message


def main() -> None:
    """Do what the run on the other side of the pipes says, until it ends or is gone."""
    gc.set_threshold(100_000, 20, 20)  # as the command does, and for the same reason
    inward, outward = _pipes()
    first = read_message(inward)
    if first is None:
        return
    try:
        session = Session(Order.from_json(first))
    except Exception as error:  # noqa: BLE001  users' code is loaded, which may fail in any way
        write_message(outward, refusal(error))
        return
    write_message(outward, greeting())  # before any row begins, which may end the process
    threading.Thread(target=_listen, args=(inward, session), daemon=True).start()
    sender = threading.Thread(target=_send, args=(outward, session), name="flowgrade-sender")
    sender.start()
    session.run()
    sender.join()


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    inward = os.fdopen(os.dup(0), "rb")
    outward = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # Lines appear as they are printed, among those of other workers.
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    return inward, outward


def _listen(inward: BinaryIO, session: Session) -> None:
    while (message := read_message(inward)) is not None:
        session.hear(message)
        if "end" in message:
            return
    # The run is gone, perhaps killed: nobody takes what is done here.
    os._exit(1)


def _send(outward: BinaryIO, session: Session) -> None:
    try:
        while (message := session.outbox.collect()) is not None:
            write_message(outward, message)
            if not session.inbox.empty:
                time.sleep(_LINGER)
    except OSError:
        os._exit(1)


if __name__ == "__main__":
    main()
