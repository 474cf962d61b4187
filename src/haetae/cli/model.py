"""`haetae model`: what a network that somebody brings is, and whether it works here."""

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Look at networks before they are used.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at networks before they are used."""


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An ONNX network.")],
    card: Annotated[Path | None, typer.Option("--card", help="Its card; the file beside it that ends in .toml without.")] = None,
    labels: Annotated[Path | None, typer.Option("--labels", help="Names of a detector's classes, one per line.")] = None,
    memory_mb: Annotated[float | None, typer.Option("--memory-mb", min=256.0, help="Memory that it may take [by its size].")] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=1.0, help="Seconds that it may take.")] = 60.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a network is, whether it works here and how fast. Exit code 1: nothing here knows it; 2: it is refused."""
    from haetae.vad.inspect import Limits, inspect_file

    found = inspect_file(file, card=card, labels=labels, limits=Limits(memory_mb, timeout))
    if json:
        import orjson

        typer.echo(orjson.dumps(found).decode())
    else:
        for line in _lines(found):
            typer.echo(line)
    if not found["works"]:
        raise typer.Exit(1)


def _lines(found: dict[str, Any]) -> list[str]:
    rows = [
        ("what", found["what"]),
        ("works here", "yes" if found["works"] else "no"),
        ("classes", _classes(found)),
        ("inputs", "; ".join(_tensor(each) for each in found["inputs"])),
        ("outputs", "; ".join(_tensor(each) for each in found["outputs"])),
        ("input size", "x".join(str(side) for side in found["input_size"]) if "input_size" in found else None),
        ("preprocessing", found.get("preprocessing")),
        ("speed", _speed(found)),
        ("provider", f"{found['provider']} of {', '.join(found['providers'])}; ONNX Runtime {found['onnxruntime']}"),
        ("file", f"{', '.join(found['files'])}: {found['size_mb']:.1f} MB, opset {found['opset']}, {found['nodes']} nodes"),
        ("made by", found["producer"] or None),
        ("card", found["card"] or "none"),
        ("sha256", found["sha256"]),
    ]
    lines = [f"{name:14}{value}" for name, value in rows if value is not None]
    lines += [f"{'not ' + reason.partition(':')[0]:14}{reason.partition(': ')[2]}" for reason in found.get("reasons", [])]
    return lines + [f"{'next' if number == 0 else '':14}{line}" for number, line in enumerate(found["next"])]


def _classes(found: dict[str, Any]) -> str | None:
    if found.get("classes") is None:
        return None
    names = found["labels"]
    return f"{found['classes']}" + (
        f": {', '.join(names)}{', ...' if found['classes'] > len(names) else ''}" if names else " without names"
    )


def _speed(found: dict[str, Any]) -> str | None:
    if "ms_per_clip" in found:
        return f"{found['ms_per_clip']:.1f} ms per clip, {found['ms_per_frame']:.1f} ms per frame at 10 fps, one thread"
    return f"{found['ms_per_frame']:.1f} ms per frame, one thread" if "ms_per_frame" in found else None


def _tensor(tensor: dict[str, Any]) -> str:
    return f"{tensor['name']} {tensor['type']} [{', '.join('?' if side is None else str(side) for side in tensor['shape'])}]"
