"""The index folder under stress: killed writers, two servers, damage of any file, folders that vanish, merging."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from app.search.dictionary import shipped
from app.search.documents import Document
from app.search.engine import Engine, IndexMissing
from app.search.fields import prepared
from app.search.words import Words

WORDS = Words(*shipped())
DAMAGE = "ignore::pytest.PytestUnraisableExceptionWarning"


def document(number: int, text: str = "พัสดุครุภัณฑ์") -> Document:
    return Document("article", number, f"A{number}", "", f"เรื่องที่ {number}", text, ("public",), date(2015, 1, 1))


def engine_of(folder: Path) -> Engine:
    return Engine(folder / "index", folder, WORDS)


def built(folder: Path, count: int) -> Engine:
    """An index of so many documents."""
    engine = engine_of(folder)
    with engine.writing_alone() as alone:
        assert alone
        engine.rebuild([[prepared(document(n), WORDS) for n in range(count)]], WORDS, lambda _: None)
    return engine


def update(engine: Engine, documents: list[Document], gone: list[str] | None = None) -> None:
    with engine.writing_alone() as alone:
        assert alone
        engine.update(documents, gone or [])


def found(engine: Engine, word: str) -> set[str]:
    """Keys of living documents that hold a word."""
    return engine.read(
        lambda generation, _: {generation.facts(n).key for n in np.flatnonzero(generation.documents("words", word))}
    )


def test_another_server_sees_what_this_one_wrote(tmp_path: Path):
    one = built(tmp_path, 3)
    two = engine_of(tmp_path)
    assert len(two.keys()) == 3
    update(one, [document(1, "เปลี่ยนแล้ว"), document(9)], ["article:0"])
    assert two.keys() == {"article:1", "article:2", "article:9"}
    assert found(two, "ครุภัณฑ์") == {"article:2", "article:9"}
    with two.writing_alone() as first, one.writing_alone() as second:
        assert (first, second) == (True, False)


def test_many_saves_leave_pieces_that_a_quiet_hour_merges(tmp_path: Path):
    engine = built(tmp_path, 5)
    for number in range(10):
        update(engine, [document(number % 4, f"ครุภัณฑ์ครั้งที่{number}")])
    assert engine._segments(engine.build_name() or "") == 11
    with engine.writing_alone():
        assert engine.merge()
    assert engine._segments(engine.build_name() or "") == 1
    assert engine.keys() == {f"article:{n}" for n in range(5)}
    assert found(engine, "ครุภัณฑ์") == {f"article:{n}" for n in range(5)}
    assert engine.read(lambda generation, _: generation.count) == 5
    with engine.writing_alone():
        assert not engine.merge()


def test_readers_are_never_disturbed_by_writers(tmp_path: Path):
    engine = built(tmp_path, 30)
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                if len(found(engine, "ครุภัณฑ์")) != 30:
                    wrong.append(found(engine, "ครุภัณฑ์"))
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is what this test is about
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(12):
        update(engine, [document(number)])
    with engine.writing_alone():
        engine.merge()
        engine.rebuild([[prepared(document(n), WORDS) for n in range(30)]], WORDS, lambda _: None)
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


@pytest.mark.filterwarnings(DAMAGE)
@pytest.mark.parametrize("harm", ["empty", "zeroes", "half", "gone"])
def test_damage_of_any_file_is_noticed_and_mended(tmp_path: Path, harm: str):
    whole = built(tmp_path / "whole", 20)
    names = [path.name for path in (whole.folder / (whole.build_name() or "")).iterdir() if path.is_file()]
    for name in names:
        shutil.copytree(tmp_path / "whole", tmp_path / "hurt")
        engine = engine_of(tmp_path / "hurt")
        path = engine.folder / (engine.build_name() or "") / name
        data = path.read_bytes()
        if harm == "gone":
            path.unlink()
        else:
            path.write_bytes({"empty": b"", "zeroes": b"\0" * len(data), "half": data[: len(data) // 2]}[harm])
        try:
            seen: set[str] | None = found(engine, "ครุภัณฑ์")
        except IndexMissing:
            seen = None
        assert seen is None or seen == {f"article:{n}" for n in range(20)}, name
        if seen is None:
            assert engine.is_stale()
            with engine.writing_alone():
                engine.rebuild([[prepared(document(n), WORDS) for n in range(20)]], WORDS, lambda _: None)
            assert len(found(engine, "ครุภัณฑ์")) == 20
        shutil.rmtree(tmp_path / "hurt")


WRITER = """
import sys
from pathlib import Path
from tests.search.test_engine import *
engine = engine_of(Path(sys.argv[1]))
with engine.writing_alone():
    print("writing", flush=True)
    if sys.argv[2] == "rebuild":
        engine.rebuild(([prepared(document(n), WORDS)] for n in range(100000)), WORDS, lambda _: None)
    number = 0
    while True:
        engine.update([document(number % 20)], [])
        number += 1
"""


@pytest.mark.parametrize("work", ["rebuild", "update"])
@pytest.mark.parametrize("after", [1, 7, 23])
def test_a_killed_writer_leaves_a_true_index(tmp_path: Path, work: str, after: int):
    engine = built(tmp_path, 20)
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WRITER, str(tmp_path), work], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == b"writing\n"
        for _ in range(after):
            assert found(engine, "ครุภัณฑ์") == {f"article:{n}" for n in range(20)}
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert found(engine, "ครุภัณฑ์") == {f"article:{n}" for n in range(20)}
    update(engine, [document(50)])
    assert len(found(engine, "ครุภัณฑ์")) == 21


def test_the_folder_may_vanish_under_load(tmp_path: Path):
    engine = built(tmp_path, 20)
    for _ in range(5):
        assert len(found(engine, "ครุภัณฑ์")) == 20
        shutil.rmtree(engine.folder)
        with pytest.raises(IndexMissing):
            found(engine, "ครุภัณฑ์")
        with engine.writing_alone():
            with pytest.raises(IndexMissing):
                engine.update([document(1)], [])
            engine.rebuild([[prepared(document(n), WORDS) for n in range(20)]], WORDS, lambda _: None)


def test_leftovers_of_a_killed_rebuild_are_swept_by_the_next(tmp_path: Path):
    engine = built(tmp_path, 2)
    (engine.folder / "0000-left").mkdir()
    built(tmp_path, 2)
    assert len([path for path in engine.folder.iterdir() if path.is_dir()]) == 1


def test_a_dictionary_changed_during_a_rebuild_does_not_lose_the_build(tmp_path: Path):
    engine = built(tmp_path, 5)
    second, third = (WORDS.changed(WORDS.texts[0] + f"\n{word}", "") for word in ("มรรคาวิถี", "มรรคาวิธี"))
    engine.use(second)

    def batches():
        yield [prepared(document(n), second) for n in range(5)]
        engine.use(third)

    with engine.writing_alone():
        engine.rebuild(batches(), second, lambda _: None)
    assert len(found(engine, "ครุภัณฑ์")) == 5
    assert engine.is_stale()
