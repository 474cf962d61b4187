"""`haetae simulate ...`: a scene without a further word, as in `haetae simulate --scene gate`."""

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from haetae.cli.simulate import simulate
from haetae.cli.simulate_site import render_site
from haetae.cli.simulate_warp import warp

if TYPE_CHECKING:
    from typer._click.core import Context


class _SceneByDefault(TyperGroup):
    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["scene", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_SceneByDefault, help="Render a scene with labelled incidents (without COMMAND), or warp a clip into some.")
app.command(name="scene")(simulate)
app.command(name="warp")(warp)
app.command(name="site")(render_site)
