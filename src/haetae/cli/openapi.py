"""`haetae openapi`: the schema of the API."""

import typer


def openapi() -> None:
    """Print the API's schema as JSON (OpenAPI 3.1)."""
    import orjson

    from haetae.api.app import openapi as schema

    typer.echo(orjson.dumps(schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode())
