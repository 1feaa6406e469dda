"""The path of feeds.yaml → Config, or ConfigError with every mistake in the file."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator.config import cache
from aggregator.config.build import Fault, build_config
from aggregator.config.problems import ConfigError, Problem
from aggregator.config.values import AsWritten
from aggregator.model import Config

if TYPE_CHECKING:
    from aggregator.config.document import YamlDocument

# A person mends what is told and looks again; a machine's file of 100,000 mistakes is cut short.
MAX_PROBLEMS = 500


def load_config(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """feeds.yaml, validated. `environ` (by default the process's own) fills in `${NAME}`.

    Raises ConfigError. A file that was valid before is taken from the user's cache, without
    importing YAML or pydantic; the environment is looked at anew each time.
    """
    environ = os.environ if environ is None else environ
    return parse_config(_read(path), path, environ, cache.cache_folder(environ))


def load_as_written(path: Path) -> Config:
    """feeds.yaml with every `${NAME}` left standing, for what must show no secret.

    Raises ConfigError.
    """
    return parse_config(_read(path), path, AsWritten())


def included_lists(path: Path, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What feeds.yaml says under `include`, for `refresh_includes`. Raises ConfigError."""
    environ = os.environ if environ is None else environ
    content = _read(path)
    if b"include" not in content:
        return ()
    folder = cache.cache_folder(environ)
    digest = hashlib.sha256(content).hexdigest()
    key = cache.cache_key(digest, Path(os.path.abspath(path)))
    data = cache.read_cache(folder, key) or _validated(content, path, environ)
    return tuple(data.get("include", ()))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        hint = "name another with --config, or start from the feeds.yaml of the project"
        problem = Problem(str(path), 0, 0, "there is no such file", hint)
    except IsADirectoryError:
        problem = Problem(str(path), 0, 0, "is a folder", f"name a file: {path / 'feeds.yaml'}")
    except OSError as error:
        problem = Problem(str(path), 0, 0, f"cannot be read: {error.strerror or error}")
    raise ConfigError([problem])


def parse_config(
    content: bytes, path: Path, environ: Mapping[str, str], folder: Path | None = None
) -> Config:
    """The Config of feeds.yaml's bytes; `folder` is where validated data is kept, if anywhere.

    Raises ConfigError.
    """
    file = Path(os.path.abspath(path))
    digest = hashlib.sha256(content).hexdigest()
    key = cache.cache_key(digest, file) if folder is not None else ""
    data = cache.read_cache(folder, key)
    if data is not None:
        try:
            config, faults = _built(data, file, digest, environ)
        except (KeyError, TypeError, AttributeError, ValueError):
            faults = [Fault((), "the cache cannot be used", None)]
        if not faults:
            return config
    with _collector_paused():
        data = _validated(content, path, environ)
    config, faults = _built(data, file, digest, environ)
    if faults:
        raise _error(_document(content, path), faults)
    cache.write_cache(folder, key, data)
    return config


def _built(
    data: dict[str, Any], file: Path, digest: str, environ: Mapping[str, str]
) -> tuple[Config, list[Fault]]:
    config, faults = build_config(data, file, digest, environ)
    if not data.get("include"):
        return config, faults
    from aggregator.config.include import with_includes

    config, more = with_includes(config, data["include"])
    return config, [*faults, *more]


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection within: a large file makes 100,000 nodes, and none is garbage yet.

    Measured on 2,000 sources: 0.30 s of CPU with it, 0.10 s without.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _validated(content: bytes, path: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    # Pydantic looks through every installed package for plugins: 20 ms of a start, for nothing.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from aggregator.config.validate import validate

    document = _document(content, path)
    if document.data is None and document.problems:  # `~` is read, and is nothing
        raise ConfigError(document.problems)
    data, faults = validate(document.data, environ)
    if data is None or document.problems:
        raise _error(document, faults)
    return data


def _document(content: bytes, path: Path) -> YamlDocument:
    from aggregator.config.document import read_document

    return read_document(content, str(path))


def _error(document: YamlDocument, faults: list[Fault]) -> ConfigError:
    found = [
        document.problem(fault.location, fault.message, fault.hint, key=fault.at_key)
        for fault in faults[:MAX_PROBLEMS]
    ]
    if len(faults) > MAX_PROBLEMS:
        message = f"and {len(faults) - MAX_PROBLEMS} more problems"
        found.append(document.problem((), message, "mend these first"))
    return ConfigError([*document.problems[:MAX_PROBLEMS], *found])
