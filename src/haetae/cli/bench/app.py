"""`haetae bench`: what things cost, beside a limit measured in the same run."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Measure what things cost, beside a limit measured in the same run.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


@app.command()
def watch(
    clip: Annotated[
        list[Path] | None, typer.Option("--clip", metavar="FILE", help="A real clip to measure beside the rendered one.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", help="Length of the rendered clip.")] = 60.0,
    repeats: Annotated[int, typer.Option("--repeats", help="Runs of each variant; the cheapest counts.")] = 3,
    json_lines: _Json = False,
) -> None:
    """The whole path of `haetae watch` beside bare decoding, decoding + resizing, and dense optical flow on top."""
    from haetae.cli.bench.watch import bench_watch

    _show(bench_watch(clips=clip or [], seconds=seconds, repeats=repeats), json_lines)


@app.command()
def vad(
    folders: Annotated[list[Path] | None, typer.Argument(metavar="DIR...", help="Data sets, as for `haetae vad eval`.")] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", metavar="NAME[,KEY=VALUE...]", help="A model with its settings; again for more. [motion]")
    ] = None,
    ablation: Annotated[bool, typer.Option("--ablation", help="Also `motion` without each of its attributes.")] = False,
    robustness: Annotated[bool, typer.Option("--robustness", help="Also at half the rate, half the size and a low bit rate.")] = False,
    seconds: Annotated[float, typer.Option("--seconds", min=30.0, help="Length of the rendered clip for the speed.")] = 120.0,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Runs of each; the cheapest counts.")] = 3,
    time_limit: Annotated[str | None, typer.Option("--time-limit", help="At most so much training of each network: 10m.")] = "10m",
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Also write the tables there, as Markdown.")] = None,
    json_lines: _Json = False,
) -> None:
    """What each VAD model finds on labelled data sets, and what it costs beside bare decoding and dense optical flow."""
    from haetae.cli.bench.vad import as_markdown, bench_vad

    result = bench_vad(
        folders=folders or [],
        models=model or ["motion"],
        ablation=ablation,
        robustness=robustness,
        seconds=seconds,
        repeats=repeats,
        time_limit=time_limit,
        told=partial(typer.echo, err=True),
    )
    if write is not None:
        write.write_text(as_markdown(result))
    if json_lines:
        _show(result, json_lines)
    else:
        typer.echo(as_markdown(result))


@app.command()
def log(
    events: Annotated[int, typer.Option("--events", help="Events to log.")] = 20_000,
    database_url: Annotated[str | None, typer.Option("--database-url", help="Another database than a temporary SQLite file.")] = None,
    json_lines: _Json = False,
) -> None:
    """The event log beside a bare executemany in batches of 100, and how long `log_event` keeps a camera waiting."""
    from haetae.cli.bench.log import bench_log

    _show(bench_log(events=events, database_url=database_url), json_lines)


@app.command()
def pool(
    model: Annotated[Path, typer.Option("--model", metavar="FILE", help="An ONNX network that the model `embedding` can use.")],
    cameras: Annotated[int, typer.Option("--cameras", min=1, max=256, help="Cameras that submit at the same time.")] = 16,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=600.0, help="Length of each throughput run.")] = 10.0,
    size: Annotated[tuple[int, int] | None, typer.Option("--size", metavar="WIDTH HEIGHT", help="For a network of any size.")] = None,
    json_lines: _Json = False,
) -> None:
    """One shared network against one per camera: memory for 1, 4 and 16 cameras; micro-batching against a lock per call."""
    from haetae.cli.bench.pool import bench_pool

    told = partial(typer.echo, err=True)
    _show(bench_pool(network=model, cameras=cameras, seconds=seconds, size=size, told=told), json_lines)


@app.command()
def cameras(
    counts: Annotated[str, typer.Option("--cameras", metavar="N,...", help="Numbers of cameras to run.")] = "1,4,16,64,128",
    seconds: Annotated[float, typer.Option("--seconds", help="How long each number is measured.")] = 20.0,
    json_lines: _Json = False,
) -> None:
    """A whole site of many cameras beside bare decoding of the same streams: CPU, memory, share of frames analysed, latency."""
    from haetae.cli.bench.cameras import bench_cameras, parse_counts

    _show(bench_cameras(counts=parse_counts(counts), seconds=seconds, told=lambda text: typer.echo(text, err=True)), json_lines)


@app.command()
def api(
    events: Annotated[int, typer.Option("--events", min=1000, help="Events in the database.")] = 1_000_000,
    cameras: Annotated[int, typer.Option("--cameras", min=1, max=512, help="Cameras that they are of.")] = 64,
    running: Annotated[int, typer.Option("--running", min=0, max=64, help="Cameras that run in the second part; 0: no second part.")] = 16,
    clients: Annotated[int, typer.Option("--clients", min=1, max=64, help="Clients that ask at the same time.")] = 8,
    seconds: Annotated[float, typer.Option("--seconds", min=0.5, max=600.0, help="How long each request is measured.")] = 8.0,
    postgres: Annotated[str | None, typer.Option("--postgres", metavar="URL", help="An empty PostgreSQL database, measured too.")] = None,
    json_lines: _Json = False,
) -> None:
    """The API with a large site's events behind it, beside a bare route that returns as many bytes; WebSockets; live views."""
    from haetae.cli.bench.api import bench_api

    told = partial(typer.echo, err=True)
    result = bench_api(events=events, cameras=cameras, running=running, clients=clients, seconds=seconds, postgres=postgres, told=told)
    _show(result, json_lines)


@app.command()
def notify(
    running: Annotated[int, typer.Option("--running", min=0, max=64, help="Cameras that run meanwhile.")] = 16,
    events: Annotated[int, typer.Option("--events", min=5, max=5000, help="Events one after the other, for the latency.")] = 120,
    flood: Annotated[int, typer.Option("--flood", min=8, max=100_000, help="Events at once, for the throughput.")] = 1000,
    outage: Annotated[float, typer.Option("--outage", min=1.0, max=3600.0, help="Seconds for which both receivers are down.")] = 60.0,
    json_lines: _Json = False,
) -> None:
    """From the stored event to the accepted message, over SMTP and HTTP, with cameras running."""
    from haetae.cli.bench.notify import bench_notify

    result = bench_notify(running=running, events=events, flood=flood, outage_s=outage, told=partial(typer.echo, err=True))
    _show(result, json_lines)


@app.command()
def triage(
    delays: Annotated[str, typer.Option("--delays", metavar="S,...", help="Seconds that a model takes for a look.")] = "0,2,10,60",
    events: Annotated[int, typer.Option("--events", min=5, max=400, help="Events for each, one every quarter of a second.")] = 40,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=20, help="Times that all are measured, in turn.")] = 3,
    json_lines: _Json = False,
) -> None:
    """From an event to its row and to the first message about it, without a model and with ones that take their time."""
    from haetae.cli.bench.triage import bench_triage
    from haetae.errors import ConfigError

    try:
        seconds = [float(each) for each in delays.split(",")]
    except ValueError:
        raise ConfigError(f"--delays {delays!r} are no numbers", hint="Write seconds such as 0,2,10,60") from None
    _show(bench_triage(delays_s=seconds, events=events, rounds=rounds, told=partial(typer.echo, err=True)), json_lines)


@app.command()
def facts(
    seconds: Annotated[float, typer.Option("--seconds", min=30.0, help="Length of the rendered clip.")] = 120.0,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Runs of each; the cheapest counts.")] = 3,
    json_lines: _Json = False,
) -> None:
    """What facts and rules cost a frame, beside the default VAD model in the same run."""
    from haetae.cli.bench.facts import bench_facts

    _show(bench_facts(seconds=seconds, repeats=repeats), json_lines)


@app.command()
def rules(
    seeds: Annotated[str, typer.Option("--seeds", help="dev to work with, test to measure with.")] = "test",
    cameras: Annotated[int, typer.Option("--cameras", min=1, max=64, help="Rendered cameras.")] = 8,
    incidents: Annotated[int, typer.Option("--incidents", min=1, max=2000, help="Over all cameras.")] = 208,
    normal: Annotated[int, typer.Option("--normal", min=0, max=64, help="Further cameras, of 3 h each, on which nothing happens.")] = 4,
    cache: Annotated[Path | None, typer.Option("--cache", metavar="DIR", help="Keep the pictures there and use those that are.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Keep what the rules said there and use what is.")] = None,
    clips: Annotated[Path | None, typer.Option("--clips", metavar="DIR", help="Folders fight, no_fight and fall with .mp4 files.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=256, help="Cameras at a time, each in a process of its own.")] = 2,
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Also write the table there, as Markdown.")] = None,
    table: Annotated[Path | None, typer.Option("--table", metavar="FILE", help="Also write what tells which rules name events.")] = None,
    json_lines: _Json = False,
) -> None:
    """Precision and recall of the rules that suspect falls, fights, fire and the like."""
    from haetae.cli.bench.rules import as_markdown, as_table, bench_rules
    from haetae.errors import ConfigError

    if seeds not in ("dev", "test"):
        raise ConfigError(f"--seeds must be dev or test, not {seeds!r}")
    told = partial(typer.echo, err=True)
    result = bench_rules(
        seeds=seeds, cameras=cameras, incidents=incidents, normal=normal, cache=cache, out=out, clips=clips, jobs=jobs, told=told
    )
    if write is not None:
        write.write_text(as_markdown(result))
    if table is not None:
        table.write_text(json.dumps(as_table(result), indent=1) + "\n")
    if json_lines:
        _show(result, json_lines)
    else:
        typer.echo(as_markdown(result))


@app.command()
def search(
    events: Annotated[int, typer.Option("--events", min=100, max=1_000_000, help="Embeddings that are stored.")] = 200_000,
    width: Annotated[int, typer.Option("--width", min=8, max=4096, help="Numbers of each.")] = 384,
    queries: Annotated[int, typer.Option("--queries", min=1, max=10_000, help="Searches of each kind, after a first one.")] = 50,
    postgres: Annotated[str | None, typer.Option("--postgres", metavar="URL", help="An empty PostgreSQL database, measured too.")] = None,
    json_lines: _Json = False,
) -> None:
    """What search by meaning takes in memory and in time: in memory, and by a PostgreSQL with pgvector."""
    from haetae.cli.bench.search import bench_search

    _show(bench_search(events=events, width=width, queries=queries, postgres=postgres, told=partial(typer.echo, err=True)), json_lines)


def _show(result: dict[str, object], json_lines: bool) -> None:
    from haetae.cli.display import print_json

    if json_lines:
        print_json(result)
        return
    from rich.pretty import pprint

    pprint(result, expand_all=True)


@app.command()
def agents(
    incidents: Annotated[int, typer.Option("--incidents", min=20, max=100_000, help="Incidents for the playbook alone.")] = 400,
    delay: Annotated[float, typer.Option("--delay", min=0.0, max=30.0, help="Seconds that a model takes for an answer.")] = 0.5,
    json_lines: _Json = False,
) -> None:
    """Planning a response: by the playbook alone, and by each agent flow with a model that takes its time, over real HTTP."""
    from haetae.cli.bench.agents import bench_agents

    _show(bench_agents(incidents=incidents, delay_s=delay, told=partial(typer.echo, err=True)), json_lines)
