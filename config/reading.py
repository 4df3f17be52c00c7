"""Settings from a file and the environment, and what is wrong with them, in words."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.settings import ConfigError, Settings

ENVIRONMENT_PREFIX = "DIEMCAU_"

SECRET_KEYS = frozenset({"secret", "url", "database_url"})
"""Not repeated in an error message."""


def load(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from a TOML file, with `DIEMCAU_<SECTION>__<KEY>` from the environment over it.

    Paths in the file are relative to the file. Raises `ConfigError` with all faults at once.
    """
    values = _read(path) if path is not None else {}
    names = _overlay(values, environment)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        where = f"{path}: " if path is not None else ""
        faults = "\n".join(f"  {_sentence(fault, names)}" for fault in error.errors())
        raise ConfigError(f"{where}the settings cannot be used:\n{faults}") from None
    return settings if path is None else _anchored(settings, path.parent)


def _read(path: Path) -> dict[str, Any]:
    try:
        # An editor of Windows puts a mark before the first letter.
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; see config/default.toml") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}: line {line} is not in UTF-8; save the file in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _overlay(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Lays `DIEMCAU_HTTP__PORT=80` over `[http] port`. Which variable gave which key."""
    names = {}
    for name, text in sorted(environment.items()):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        *sections, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        target = values
        for section in sections:
            target = target.setdefault(section, {})
            if not isinstance(target, dict):
                raise ConfigError(f"{name}: `{section}` is not a section; see config/default.toml")
        target[key] = _value(text)
        names[".".join((*sections, key))] = name
    return names


def _value(text: str) -> Any:
    """TOML where that says more than plain text does: a list, or a text in quotes. A number is made
    of the text where one is wanted, for a secret may well look like one."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, (str, list, dict)) else text


def _sentence(fault: ErrorDetails, names: Mapping[str, str]) -> str:
    """`names`: of the environment's variables, by the key that each gave."""
    key = ".".join(str(part) for part in fault["loc"])
    name = names.get(key)
    where = f"{name} in the environment: " if name else ""
    if fault["type"] == "tuple_type":
        return f"{where}{key}: is a list; write it in brackets, see config/default.toml"
    if fault["type"] != "extra_forbidden":
        return f"{where}{key}{_given(fault)}: {fault['msg']}"
    near = difflib.get_close_matches(key, known_keys(Settings), n=1)
    meant = [_variable(one) if name else one for one in near]
    hint = f"; did you mean `{meant[0]}`?" if meant else "; see config/default.toml"
    return f"{where}{key}: there is no such setting{hint}"


def _variable(key: str) -> str:
    return ENVIRONMENT_PREFIX + key.upper().replace(".", "__")


def _given(fault: ErrorDetails) -> str:
    """What stands there, but nothing that may hold a password: an address, a whole section."""
    value = fault["input"]
    if fault["type"] == "missing":
        return ""
    secret = fault["loc"][-1] in SECRET_KEYS or "://" in str(value)
    if secret or fault["type"] == "model_type" or not isinstance(value, (str, int, float)):
        return " = …"
    return f" = {value!r}"


def known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every key as written in an error: `http.port`. Sections are in the list too."""
    keys = []
    for name, info in model.model_fields.items():
        keys.append(prefix + name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            keys += known_keys(info.annotation, f"{prefix}{name}.")
    return keys


def _anchored(settings: Settings, folder: Path) -> Settings:
    """With the paths that the file gave made absolute: children run in other folders."""
    base = folder.resolve()

    def anchor(model: BaseModel) -> dict[str, Any]:
        return {
            name: base / value
            for name in model.model_fields_set
            if isinstance(value := getattr(model, name), Path)
        }

    sections = {
        name: section.model_copy(update=anchor(section))
        for name in Settings.model_fields
        if isinstance(section := getattr(settings, name), BaseModel)
    }
    return settings.model_copy(update={**sections, **anchor(settings)})
