"""`token`: what opens a private output is made, listed, revoked."""

from __future__ import annotations

import json
import secrets
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from aggregator.cli.opened import store_or_exit
from aggregator.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_or_exit
from aggregator.clock import SystemClock
from aggregator.model import Config, Token
from aggregator.reconcile import reconcile
from aggregator.store import Store
from aggregator.web.private import digest_of

BYTES = 16  # 128 bits


def command(
    action: Annotated[str, typer.Argument(metavar="create|list|revoke", help="What to do.")],
    output: Annotated[
        str | None, typer.Argument(metavar="OUTPUT", help="A category or output that is private.")
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The token's name; default `reader`.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Make a token and show it once; list them with their last use; revoke one by its name."""
    if action not in ("create", "list", "revoke"):
        _stop(f"there is no `token {action}`; there is: create, list, revoke")
    loaded = load_or_exit(config)
    names = [one.id for one in loaded.published if one.private]
    if output is None and action != "list":
        _stop(f"say which output: {', '.join(names) or 'none is private yet (`private: true`)'}")
    if output is not None and output not in names:
        _stop(f"{output} is no private output of {loaded.path}: set `private: true` there")
    with store_or_exit(loaded) as store:
        if action != "list":
            reconcile(store, loaded, SystemClock().now())
        if action == "create":
            assert output is not None
            _create(store, loaded, output, name or "reader", as_json)
        elif action == "revoke":
            assert output is not None
            _revoke(store, output, name)
        else:
            _list(store, loaded, output, as_json)


def _stop(message: str) -> NoReturn:
    typer.echo(f"aggregator: {message}", err=True)
    raise typer.Exit(2)


def _number(store: Store, output: str) -> int:
    return next(one.output_id for one in store.all_outputs() if one.name == output)


def _create(store: Store, config: Config, output: str, name: str, as_json: bool) -> None:
    token = secrets.token_urlsafe(BYTES)
    with store.transaction():
        store.add_token(_number(store, output), name, digest_of(token), SystemClock().now())
    address = f"{config.base_url}/feeds/{output}.atom"
    if as_json:
        made = {"output": output, "name": name, "token": token, "address": address}
        typer.echo(json.dumps(made, ensure_ascii=False))
        return
    typer.echo(
        f"{token}\n\nThis is shown once. In a feed reader:\n"
        f"  address   {address}\n"
        f"  password  the token, with any user name\n"
        f"or, in one that knows no passwords: {address}?token={token}"
    )


def _revoke(store: Store, output: str, name: str | None) -> None:
    number = _number(store, output)
    known = [one.name for one in store.tokens(number) if one.revoked_at is None]
    if name is None and len(known) == 1:
        name = known[0]
    if name not in known:
        _stop(f"say which token of {output}: {', '.join(known) or 'it has none in force'}")
    with store.transaction():
        store.revoke_token(number, name, SystemClock().now())
    typer.echo(f"{name} opens {output} no more")


def _list(store: Store, config: Config, output: str | None, as_json: bool) -> None:
    found = [one for one in store.tokens() if output in (None, one.output)]
    zone = ZoneInfo(config.timezone)
    for one in found:
        typer.echo(json.dumps(_as_json(one)) if as_json else _line(one, zone))
    if not found and not as_json:
        typer.echo("no tokens yet; `aggregator token create OUTPUT` makes one", err=True)


def _line(one: Token, zone: ZoneInfo) -> str:
    used = one.last_used_at
    last = f"last used {used.astimezone(zone):%Y-%m-%d %H:%M}" if used else "never used"
    state = f"revoked {one.revoked_at.astimezone(zone):%Y-%m-%d}" if one.revoked_at else last
    return f"{one.output:<20} {one.name:<20} made {one.made_at.astimezone(zone):%Y-%m-%d}  {state}"


def _as_json(one: Token) -> dict[str, str | None]:
    times = {"made": one.made_at, "last_used": one.last_used_at, "revoked": one.revoked_at}
    shown = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None for name, at in times.items()}
    return {"output": one.output, "name": one.name, **shown}
