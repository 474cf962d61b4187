"""The process that opens the file: `python -m haetae.vad.inspect.worker`, with a request on standard input, the answer on standard output.

Limits come first, before anything of the file is read: address space, processor time, no files written, no core.
"""

import json
import os
import resource
import sys
from typing import Any


def main() -> None:
    """Answer one request. Whatever happens, the answer is one JSON object, unless the process is killed."""
    request = json.load(sys.stdin)
    # Libraries write to descriptor 1 what nobody asked for: the answer goes through a copy of it.
    answer_to = os.dup(1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    _limit(request["memory_mb"], request["timeout_s"])
    with os.fdopen(answer_to, "w", encoding="utf-8") as answer:
        json.dump(_answer(request), answer)
        answer.flush()
        # A hostile graph may hang in its own clean-up.
        os._exit(0)


def _limit(memory_mb: float, timeout_s: float) -> None:
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for kind, amount in (
        (resource.RLIMIT_AS, int(memory_mb * 2**20)),
        (resource.RLIMIT_CPU, max(1, round(timeout_s))),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(kind)
        resource.setrlimit(kind, (amount if most == resource.RLIM_INFINITY else min(amount, most), most))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from haetae.errors import HaetaeError

    memory = f"it needs more than {request['memory_mb']:.0f} MB of memory"
    try:
        from haetae.vad.inspect.look import look

        return {"found": look(request["path"], card=request["card"], labels=request["labels"], most_s=request["timeout_s"])}
    except HaetaeError as error:
        kind = "ConfigError" if type(error).__name__ == "ConfigError" else "ModelError"
        short = error.message if len(error.message) < 600 else error.message[:600] + "..."
        if "bad_alloc" in short or "Failed to allocate" in short or "bad allocation" in short:
            return _error(kind, f"{request['path']}: {memory} ({short})", "Use a smaller network, or allow more: --memory-mb")
        return _error(kind, short, error.hint)
    except MemoryError:
        return _error("ModelError", f"{request['path']}: {memory}", "Use a smaller network, or allow more: --memory-mb")
    # Whatever else a hostile file brings about is a refusal too.
    except Exception as error:
        return _error("ModelError", f"{request['path']} cannot be inspected: {type(error).__name__}: {str(error)[:300]}", "Export it again")


def _error(kind: str, message: str, hint: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": message, "hint": hint}}


if __name__ == "__main__":
    main()
