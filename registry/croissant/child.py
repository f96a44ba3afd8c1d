"""The process that reads one Croissant description with the field's own library, and can do nothing else.

Run by path, not imported: it gets the text on its standard input and writes JSON to its standard output. What
the library imports is loaded first; then the door is shut: no connection, no file but the library's own, no
other process. An upload decides what the library is asked to do, so it must not decide what it reaches.
"""

import json
import resource
import sys

MEMORY = 2 * 1024**3
# An answer of this many problems helps nobody more.
PROBLEMS = 50
LONGEST = 300


def limit(seconds: int) -> None:
    """Processor time, memory, written files: beyond them the kernel ends this process."""
    for kind, amount in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (amount, amount))


def shut(own: tuple[str, ...]) -> None:
    """From here on refuse what reading a text never needs; files below ``own`` may still be read."""
    refused = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "ctypes.")
    also = {"urllib.Request", "shutil.copyfile", "os.remove", "os.rename", "os.mkdir", "os.listdir", "os.scandir"}

    def watch(event: str, args: tuple) -> None:
        if event == "open":
            path, mode, flags = args[0], args[1] or "", args[2] or 0
            writes = any(letter in mode for letter in "wax+") or flags & 0b11
            if not isinstance(path, str) or writes or not path.startswith(own):
                raise PermissionError(f"No file is opened here: {str(path)[:100]}")
        elif event.startswith(refused) or (event in also and not str(args[0] if args else "").startswith(own)):
            raise PermissionError(f"Not here: {event}")

    sys.addaudithook(watch)


def plain(value: object) -> object:
    """What the library made of a value, as JSON holds it; of texts in several languages English or the first."""
    if isinstance(value, dict):
        return plain(value.get("en", next(iter(value.values()), None)))
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return plain({"name": getattr(value, "name", None)} if getattr(value, "name", None) else getattr(value, "url", ""))


READ = (
    *("name", "description", "url", "publisher", "creators", "license", "in_language", "version", "cite_as"),
    *("date_published", "data_collection", "data_collection_type", "data_collection_raw_data"),
    *("data_collection_timeframe", "data_collection_missing_data", "data_preprocessing_protocol"),
    *("data_manipulation_protocol", "data_imputation_protocol", "data_biases", "data_limitations"),
    *("personal_sensitive_information", "same_as", "keywords"),
)


def read(text: str) -> dict:
    """The facts of a description, or the problems the library has with it."""
    import mlcroissant  # noqa: PLC0415 -- only this process needs it
    from mlcroissant._src.core.context import Context  # noqa: PLC0415
    from mlcroissant._src.structure_graph.nodes.metadata import Metadata  # noqa: PLC0415

    ctx = Context()
    try:
        metadata = Metadata.from_json(ctx=ctx, json_=json.loads(text))
    except mlcroissant.ValidationError as error:
        found = sorted(ctx.issues.errors) or str(error).splitlines()
        return {"problems": [str(each).strip()[:LONGEST] for each in found][:PROBLEMS]}
    facts = {name: plain(getattr(metadata, name, None)) for name in READ}
    facts["files"] = [plain(each.content_size) for each in metadata.file_objects]
    facts["file_sets"] = len(metadata.file_sets)
    facts["record_sets"] = len(metadata.record_sets)
    return {"facts": facts, "remarks": [str(each)[:LONGEST] for each in sorted(ctx.issues.warnings)][:PROBLEMS]}


def main() -> None:
    import logging  # noqa: PLC0415
    import sysconfig  # noqa: PLC0415

    text = sys.stdin.read()
    limit(seconds=int(sys.argv[1]))
    logging.disable(logging.CRITICAL)
    import mlcroissant  # noqa: F401, PLC0415 -- loads what it needs while files may still be read
    import rdflib  # noqa: PLC0415

    # Its readers are found through the list of installed packages, the first time one is asked for.
    rdflib.Graph().parse(data='{"@context": {"@vocab": "https://schema.org/"}, "name": "x"}', format="json-ld")
    shut((*(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),))
    try:
        answer = read(text)
    except PermissionError as error:
        answer = {"problems": [f"It asks for something outside of itself. {error}"]}
    except MemoryError:
        answer = {"problems": ["It needs more memory than reading it may take."]}
    except RecursionError:
        answer = {"problems": ["It is nested too deeply."]}
    except Exception as error:
        # What the library did not foresee is a fault in the text as far as its author can do anything about it.
        answer = {"problems": [f"{type(error).__name__}: {error}"[:LONGEST]]}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
