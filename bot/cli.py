"""`wenfa`: the commands of operators and benchmarks. Each lives in a module of `bot.commands`, imported only
when it is called.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING

from bot.config import SettingError, load_settings
from bot.logs import set_up_logs

if TYPE_CHECKING:
    from collections.abc import Sequence

# Command -> its module in bot.commands and one line of help.
COMMANDS = {
    "serve": ("serve", "run the whole assistant (what `make run` does last)"),
    "parse": ("parse", "what messages mean: JSON lines in, JSON lines out"),
    "answer": ("answer", "answers to legal questions: JSON lines in, JSON lines out"),
    "search": ("search", "articles that fit queries: JSON lines in, JSON lines out"),
    "chat": ("chat", "whole conversations, as a channel sees them: JSON lines in, JSON lines out"),
    "kb": ("kb", "check the rule cards, import statutes"),
    "eval": ("evaluate", "measure understanding or answers on a file of labelled rows"),
    "tickets": ("tickets", "verify the history of tickets"),
    "api-keys": ("api_keys", "keys with which other systems file tickets (Open311)"),
    "statistics": ("statistics", "compute the three rates again from the history of tickets"),
    "checks": ("checks", "repeat the draw of a random check"),
    "webhooks": ("webhooks", "other systems that are told what happens to tickets"),
    "quality": ("quality", "write what the answer-quality desk made into the project's files"),
    "wechat": ("wechat", "set up the WeChat account: its menu, QR codes of towns"),
    "privacy": ("privacy", "export or erase a person's data, let go of old data, change keys"),
    "officers": ("officers", "list, add and reset the accounts of officers"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit status: 0 for success, 2 for a mistake in the call or the
    settings.
    """
    parser = argparse.ArgumentParser(prog="wenfa", description="Wenfa (问法)")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=_help())
    parser.formatter_class = argparse.RawTextHelpFormatter
    words = list(sys.argv[1:] if arguments is None else arguments)
    chosen = parser.parse_args(words[:1]).command
    try:
        return _run(chosen, words[1:])
    except SettingError as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 1


def _run(chosen: str, words: list[str]) -> int:
    """Import a command's module, which may take a second, and run it."""
    # Read once, when numpy is imported: two threads on one product of matrices wait for each other more than
    # they win.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    module = importlib.import_module(f"bot.commands.{COMMANDS[chosen][0]}")
    command = argparse.ArgumentParser(prog=f"wenfa {chosen}", description=COMMANDS[chosen][1])
    module.add_arguments(command)
    args = command.parse_args(words)
    args.settings = load_settings()
    set_up_logs(args.settings.log_format)
    return int(args.run(args))


def _help() -> str:
    return "\n".join(f"{name:10}{line}" for name, (_, line) in COMMANDS.items())


if __name__ == "__main__":
    sys.exit(main())
