"""Croissant descriptions of data sets (JSON-LD, mlcommons.org/croissant), read with the field's own library.

What is uploaded is not trusted: it is looked through before the library sees it, and the library reads it in a
process of its own that has little time and memory and can reach neither network nor files (``child.py``).
"""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from common.lifecycle import Refused
from registry.croissant.fields import fields_of

LARGEST = 1_000_000
SECONDS = 15
DEEPEST = 60
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Reading:
    """A description as it came, and what its values mean for our fields; only ``read`` makes one.

    ``fields`` are values for a ``TrainingDataset`` by name, ``origins`` the property each was read from,
    ``remarks`` what the reader should know: what is missing, or has no field here.
    """

    source: str
    sha256: str
    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def read(source: str | bytes, *, seconds: int = SECONDS) -> Reading:
    """Read a description. Raises ``Refused`` that says what is wrong with it, and where."""
    raw = source if isinstance(source, bytes) else source.encode()
    if len(raw) > LARGEST:
        raise Refused(_("This is larger than 1 MB. Leave out record sets: only the description is kept."), field="file")
    try:
        text = raw.decode("utf-8-sig")
        document = json.loads(text, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Refused(_("This is not UTF-8 text."), field="source") from error
    except RecursionError as error:
        raise Refused(_("This is nested too deeply to be a description."), field="source") from error
    except ValueError as error:
        at = {"line": getattr(error, "lineno", 1), "column": getattr(error, "colno", 1)}
        raise Refused(_("This is not JSON: line %(line)s, column %(column)s.") % at, field="source") from error
    if "\x00" in text or "\\u0000" in text:
        raise Refused(_("This holds a null character, which no text has."), field="source")
    if problems := list(_untrusted(document)):
        raise Refused(*problems, field="source")
    answer = _ask_library(text, seconds)
    if found := answer.get("problems"):
        raise Refused(*[_in_words(each) for each in found], field="source")
    values, origins, remarks = fields_of(answer["facts"])
    remarks += [_in_words(each) for each in answer["remarks"]]
    return Reading(text, hashlib.sha256(text.encode()).hexdigest(), values, origins, remarks)


def _no_number(name: str) -> None:
    raise ValueError(name)


def _untrusted(document: Any) -> Iterator[str]:
    """What must not reach the library: shapes it does not foresee, and contexts that it would fetch."""
    if not isinstance(document, dict):
        yield _("A Croissant description is one JSON object.")
        return
    if not isinstance(document.get("@context"), dict):
        yield _("@context: has to be written out as an object, as the Croissant format prescribes.")
    waiting: list[tuple[str, Any, int]] = [("", document, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if depth > DEEPEST:
            yield _("%s: nested too deeply to be a description.") % path[:200]
            return
        if isinstance(value, list):
            waiting += [(f"{path}[{number}]", each, depth + 1) for number, each in enumerate(value)]
        if not isinstance(value, dict):
            continue
        for name, each in value.items():
            here = f"{path}.{name}".removeprefix(".")
            if name == "@import" or (name == "@context" and path and not isinstance(each, dict)):
                yield _("%s: an address is not fetched here. Write the context out at the top.") % here[:200]
            elif name == "@id" and not isinstance(each, str):
                yield _("%s: has to be a text.") % here[:200]
            else:
                waiting.append((here, each, depth + 1))


def _ask_library(text: str, seconds: int) -> dict[str, Any]:
    try:
        # -I: neither this directory nor variables of the environment have a say in what is imported.
        done = subprocess.run(  # noqa: S603 -- our own interpreter and our own file
            [sys.executable, "-I", "-B", str(_CHILD), str(seconds)],
            input=text.encode(),
            capture_output=True,
            timeout=seconds + 5,
            cwd="/",
            env={"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            check=False,
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        answer = None
    if not isinstance(answer, dict):
        raise Refused(_("Reading this took longer or needed more than it may. Leave out record sets."), field="source")
    return answer


_PLACE = re.compile(r"^\[(?P<nodes>[^\]]*)\]\s*(?P<words>.*)$", re.DOTALL)
_NODE = re.compile(r"(\w+)\((.*)\)$")
_ADDRESS = re.compile(r"https?://(?:schema\.org|mlcommons\.org/croissant|purl\.org/dc/terms)/(?:RAI/)?(\w+)")
_LISTS = {"FileObject": "distribution", "FileSet": "distribution", "RecordSet": "recordSet", "Field": "field"}


def _in_words(problem: str) -> str:
    """What the library says, with the place first and the names as they stand in the file."""
    place, words = "", problem
    if found := _PLACE.match(problem):
        nodes = [_NODE.match(node.strip()) for node in found["nodes"].split(" > ")]
        named = [f"{_LISTS[node[1]]} “{node[2]}”" for node in nodes if node and node[1] in _LISTS]
        place, words = " › ".join(named), found["words"]
    words = _ADDRESS.sub(r"\1", words)
    if missing := re.fullmatch(r'Property "(\w+)" is (mandatory|recommended), but does not exist\.', words):
        words = _("“%s” is missing.") % missing[1]
    elif wrapped := re.fullmatch(r"\w+\(\{?['\"](.*?)['\"]\}?\)", words, re.DOTALL):
        words = re.sub(r"\[(.*?)\]\(https?://\S+?\)", r"\1", wrapped[1])
    return f"{place}: {words}" if place else words
