"""Settings from a file and the environment, and what is wrong with them, in words."""

import difflib
import os
import re
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

_TYPOGRAPHIC = frozenset("“”„‟‘’‚‛«»″′")


def load(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from a TOML file, with `DIEMCAU_<SECTION>__<KEY>` from the environment over it.

    Paths are relative to the file, where there is one. Raises `ConfigError` with all faults at
    once.
    """
    values = read_toml(path) if path is not None else {}
    names = _overlay(values, environment)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        where = f"{path}: " if path is not None else ""
        faults = "\n".join(f"  {_sentence(fault, names)}" for fault in error.errors())
        raise ConfigError(f"{where}the settings cannot be used:\n{faults}") from None
    return settings if path is None else _anchored(settings, path.parent)


def read_toml(path: Path) -> dict[str, Any]:
    """A file that people write. Raises `ConfigError`, which says where and what to do."""
    text = ""
    try:
        # An editor of Windows puts a mark before the first letter.
        text = path.read_text("utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}{_slip(text, str(error))}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}: line {line} is not in UTF-8; save the file in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _slip(text: str, fault: str) -> str:
    """What is seen least and happens most, where something was copied out of a letter or a chat.
    The line itself is not repeated: it may hold a password."""
    place = re.search(r"at line (\d+)", fault)
    line = text.split("\n")[int(place[1]) - 1] if place else ""
    if not _TYPOGRAPHIC.isdisjoint(line):
        return '; write straight quotes: "…"'
    if odd := next((one for one in line if not one.isprintable() and one not in "\t\r"), ""):
        return f"; U+{ord(odd):04X} in it is no space, and looks like one or like nothing"
    return '; a text stands in straight quotes: "…"' if fault.startswith("Invalid value") else ""


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


def listed(error: ValidationError) -> str:
    """A line for each fault, with its key, of a file that holds no secrets."""
    faults = ((".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors())
    return "\n".join(f"  {key}: {fault}" for key, fault in faults)


def _sentence(fault: ErrorDetails, names: Mapping[str, str]) -> str:
    """`names`: of the environment's variables, by the key that each gave."""
    key = ".".join(str(part) for part in fault["loc"])
    name = names.get(key)
    where = f"{name} in the environment: " if name else ""
    if fault["type"] == "tuple_type":
        return f"{where}{key}: is a list; write it in brackets, see config/default.toml"
    if fault["type"] in {"string_pattern_mismatch", "model_type"}:
        return f"{where}{key}{_given(fault)}: write it as config/default.toml shows"
    if fault["type"] != "extra_forbidden":
        return f"{where}{key}{_given(fault)}: {fault['msg'].removeprefix('Value error, ')}"
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
    """With the paths that were given made absolute: children run in other folders."""
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
    push = tuple(
        one.model_copy(update={"ca_file": one.ca_file and str(base / one.ca_file)})
        for one in settings.push
    )
    return settings.model_copy(update={**sections, **anchor(settings), "push": push})
