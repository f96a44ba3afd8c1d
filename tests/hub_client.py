"""An unmodified Hugging Face client in a process and with a cache of its own, as on somebody else's machine."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CODE = """
import json, sys
import huggingface_hub as hub
repo, path, token = sys.argv[1:4]
try:
    print(json.dumps({"file": hub.hf_hub_download(repo, path, token=token or False)}))
except Exception as error:
    causes = []
    while error is not None:
        causes.append(error)
        error = error.__cause__ or error.__context__
    print(json.dumps({"error": type(causes[0]).__name__, "message": " ".join(map(str, causes))}))
"""


@dataclass
class Answer:
    """What the client brought home: the bytes, or the name and words of its error."""

    content: bytes = b""
    error: str = ""
    message: str = ""


def download(base_url, repo, path, token, home):
    """``hf_hub_download`` with ``HF_ENDPOINT`` set to the portal and a fresh cache in ``home``."""
    environment = {
        "PATH": os.environ["PATH"],
        "HF_ENDPOINT": f"{base_url}/hf",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    run = subprocess.run(
        [sys.executable, "-c", CODE, repo, path, token],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer = json.loads(run.stdout.splitlines()[-1])
    if "file" in answer:
        return Answer(content=Path(answer["file"]).read_bytes())
    return Answer(error=answer["error"], message=answer["message"])
