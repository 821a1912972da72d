"""Runs the hub until it is stopped: python -m tests.loopback_hub FOLDER [--port PORT] ... ; prints its address."""

import argparse
import os
import sys
import threading
from pathlib import Path

from .server import Server


def main() -> None:
    parser = argparse.ArgumentParser(prog="loopback_hub", description="a Hugging Face Hub on loopback")
    parser.add_argument("folder", type=Path, help="where everything is kept; may hold an earlier run's state")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--user", default="tester")
    parser.add_argument("--token", default="hf_loopback", help="the token that the user's requests must bear")
    parser.add_argument("--page-size", type=int, default=1000, help="entries a page of trees and histories")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent process")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(
        folder, port=arguments.port, user=arguments.user, token=arguments.token, page_size=arguments.page_size
    )
    if arguments.until_stdin_closes:
        threading.Thread(target=_exit_with_stdin, daemon=True).start()
    print(server.url, flush=True)
    server.serve_forever()


def _exit_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
