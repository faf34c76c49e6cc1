"""What an import of 500 MB takes in memory and time: `python -m tests.benchmarks.storage_import`.

The file is like ChatGPT's export: many conversations of middling size, some very long ones, text in several scripts.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

MEGABYTES = 500

_WORDS = (
    "const value = items.map(item => item.name); return the list that was sorted by its key before the request ends",
    "größer façade naïve 数据库 查询 функция возвращает список 😀 async def handler(self, event): await it(event)",
    '<div className="card"> SELECT name FROM users WHERE created > now() ORDER BY name; cargo build --release',
)


def make_export(path: Path, megabytes: int, seed: int = 1) -> int:
    """Writes the file; how many conversations are in it."""
    random = Random(seed)
    words = " ".join(_WORDS).split()
    texts = [" ".join(random.choices(words, k=random.choice([8, 40, 150, 600]))) for _ in range(400)]
    size = count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        while size < megabytes * 1_000_000:
            turns = 6000 if count % 800 == 799 else random.randint(2, 60)
            text = json.dumps(_conversation(count, turns, texts, random), ensure_ascii=count % 2 == 0)
            file.write(("," if count else "") + text)
            size += len(text.encode()) if count % 2 else len(text)
            count += 1
        file.write("]")
    return count


def _conversation(number: int, turns: int, texts: list[str], random: Random) -> dict[str, Any]:
    mapping: dict[str, Any] = {f"r{number}": {"id": f"r{number}", "message": None, "parent": None, "children": []}}
    above = f"r{number}"
    for turn in range(turns):
        name = f"{number:08x}-{turn:04x}-4000-8000-{random.randrange(16**12):012x}"
        role = "assistant" if turn % 2 else "user"
        mapping[above]["children"].append(name)
        mapping[name] = {
            "id": name,
            "message": {
                "id": name,
                "author": {"role": role, "name": None, "metadata": {}},
                "create_time": 1_700_000_000 + number * 1000 + turn,
                "update_time": None,
                "content": {"content_type": "text", "parts": [f"{turn}: {random.choice(texts)}"]},
                "status": "finished_successfully",
                "end_turn": True,
                "weight": 1.0,
                "metadata": {"model_slug": "gpt-4o", "timestamp_": "absolute", "message_type": None},
                "recipient": "all",
            },
            "parent": above,
            "children": [],
        }
        above = name
    return {
        "title": f"Conversation {number}",
        "create_time": 1_700_000_000 + number * 1000,
        "update_time": 1_700_000_000 + number * 1000 + turns,
        "mapping": mapping,
        "current_node": above,
        "conversation_id": f"conversation-{number}",
    }


def measure(megabytes: int = MEGABYTES) -> dict[str, float]:
    """The peak of a process of its own that imports a file of that size into an empty data folder, and its time."""
    with tempfile.TemporaryDirectory(prefix="coderapp-import-") as folder:
        file = Path(folder) / "conversations.json"
        count = make_export(file, megabytes)
        command = [sys.executable, "-m", "tests.benchmarks.storage_import", "--child", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        told = json.loads(done.stdout.splitlines()[-1])
        if told["conversations"] != count:
            raise RuntimeError(f"{told['conversations']} of {count} conversations came in")
        return {"import_500mb_peak_mb": told["peak_mb"], "import_500mb_s": told["seconds"]}


def _child(folder: Path) -> None:
    from coderapp.exchange.importers.importing import Importer
    from coderapp.storage.conversations import ConversationStore
    from coderapp.storage.paths import Paths
    from coderapp.storage.staging import Staging, commit

    begin = time.perf_counter()
    paths = Paths(folder / "data")
    staging = Staging(paths)
    staging.begin()
    summary = Importer(paths, staging).run([folder / "conversations.json"])
    staging.ready(summary.to_json())
    commit(paths, staging.job, ConversationStore(paths))
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"peak_mb": round(peak, 1), "seconds": round(seconds, 1), "conversations": summary.conversations}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(Path(sys.argv[2]))
    else:
        print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else MEGABYTES)))
