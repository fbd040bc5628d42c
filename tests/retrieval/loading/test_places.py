"""Folders, archives and repositories: what is read of them, in which order."""

from __future__ import annotations

import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from flowgrade.errors import InputError, LoadError
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.loading.loader import Unread
from flowgrade.retrieval.loading.repository import repository_address
from tests.retrieval.loading.made import limits, load


def ids(documents: list[Document]) -> list[str]:
    return [document.id for document in documents]


def reasons(unread: list[Unread]) -> dict[str, tuple[bool, str]]:
    return {one.source: (one.skipped, one.failure.message) for one in unread}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "docs"
    (top / "b" / "deep").mkdir(parents=True)
    (top / ".git").mkdir()
    for name in ("z.md", "a.md", "b/deep/c.txt", "B.md", ".git/x.md", ".hidden.md", "b/i.png"):
        (top / name).write_text(name, encoding="utf-8")
    return top


def test_a_folder_is_read_in_one_order_and_hidden_files_are_skipped(folder: Path) -> None:
    documents, unread = load(folder)
    assert ids(documents) == ["B.md", "a.md", "b/deep/c.txt", "z.md"]
    assert [document.source for document in documents] == ids(documents)
    assert reasons(unread) == {
        ".git": (True, ".git is hidden."),
        ".hidden.md": (True, ".hidden.md is hidden."),
        "b/i.png": (True, "b/i.png is of no format that is read."),
    }


def test_links_that_leave_the_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "up.md").symlink_to("../secret.md")
    (folder / "in.md").symlink_to("a.md")
    (folder / "loop").symlink_to(".")
    documents, unread = load(folder)
    assert "in.md" in ids(documents)
    assert not {"out.md", "up.md"} & set(ids(documents))
    found = reasons(unread)
    assert found["out.md"] == (False, "out.md is a link that leads out of the folder.")
    assert found["up.md"] == (False, "up.md is a link that leads out of the folder.")
    assert found["loop"] == (True, "loop is a link to a folder.")


def test_one_bad_file_does_not_stop_the_others(folder: Path) -> None:
    (folder / "a.pdf").write_bytes(b"%PDF-1.4 broken")
    os.mkfifo(folder / "b.txt")
    (folder / "c.md").symlink_to("nowhere.md")
    documents, unread = load(folder)
    assert "z.md" in ids(documents)
    failed = [one.source for one in unread if not one.skipped]
    assert failed == ["a.pdf", "b.txt", "c.md"]


def test_an_id_that_two_files_have_is_an_error(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"id": "x", "text": "y"}', encoding="utf-8")
    documents, unread = load(tmp_path)
    assert [document.source for document in documents] == ["a.jsonl"]
    assert unread[0].failure.message == (
        "The id 'x' in b.jsonl is that of a document in a.jsonl too."
    )


def test_a_folder_with_nothing_to_load_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match=r"nothing to load in .* \(1 were passed over\)") as caught:
        load(tmp_path)
    assert caught.value.hint is not None
    assert ".md" in caught.value.hint


def test_a_folder_above_the_number_of_files_is_refused(folder: Path) -> None:
    with pytest.raises(LoadError, match="has more than 2 files"):
        load(folder, limits=limits(files=2))


def test_archives_are_read_like_folders(folder: Path, tmp_path: Path) -> None:
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for path in names:
            packed.write(path, path.relative_to(folder).as_posix())
    for suffix, mode in ((".tar.gz", "w:gz"), (".tgz", "w:gz"), (".tar", "w:")):
        with tarfile.open(tmp_path / f"a{suffix}", mode) as tar:  # type: ignore[call-overload]
            tar.add(folder, "")
    for suffix in (".zip", ".tar.gz", ".tgz", ".tar"):
        documents, unread = load(tmp_path / f"a{suffix}")
        assert sorted(ids(documents)) == ["B.md", "a.md", "b/deep/c.txt", "z.md"]
        assert {one.skipped for one in unread} == {True}


def git(folder: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ("git", *settings, *arguments), cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repo"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    (top / "a.md").write_text("# One\n\nFirst.", encoding="utf-8")
    (top / "sub").mkdir()
    (top / "sub" / "b.txt").write_text("text", encoding="utf-8")
    (top / "link.md").symlink_to("/etc/passwd")
    (top / "big.txt").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", encoding="utf-8"
    )
    hook = top / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ../ran", encoding="utf-8")
    hook.chmod(0o755)
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "one")
    git(top, "tag", "v1")
    (top / "a.md").write_text("# One\n\nSecond.", encoding="utf-8")
    git(top, "commit", "-q", "-a", "-m", "two")
    return top


def test_a_repository_is_read_at_its_commit_and_names_the_blobs(repository: Path) -> None:
    (repository / "uncommitted.md").write_text("x", encoding="utf-8")
    documents, unread = load(f"git+file://{repository}")
    blob = git(repository, "rev-parse", "HEAD:a.md")[:12]
    assert [(document.id, document.source) for document in documents][0] == (
        "a.md",
        f"a.md@{blob}",
    )
    assert documents[0].text == "# One\n\nSecond."
    assert ids(documents) == ["a.md", "sub/b.txt"]
    found = reasons(unread)
    assert found["link.md"] == (True, "link.md is a link.")
    assert "kept in Git LFS" in next(m for s, (_, m) in found.items() if s.startswith("big.txt"))
    assert not (repository / "ran").exists()
    assert not (repository.parent / "ran").exists()


def test_a_ref_chooses_the_commit_and_what_did_not_change_stays_the_same(repository: Path) -> None:
    new, _ = load(f"git+file://{repository}")
    for ref in ("v1", git(repository, "rev-parse", "v1^{commit}")):
        old, _ = load(f"git+file://{repository}@{ref}")
        assert old[0].text == "# One\n\nFirst."
        assert old[1].digest == new[1].digest


def test_a_repository_that_is_not_there_is_an_error_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="cannot be copied") as caught:
        load(f"git+file://{tmp_path}/none")
    assert "does not" in caught.value.message
    address = repository_address("git+https://me:hunter2@example.com/a/b.git@main")
    assert "hunter2" in address.url
    assert "hunter2" not in address.shown
    with pytest.raises(InputError) as refused:
        repository_address("git+ftp://me:hunter2@example.com/a/b.git@main")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        "git+https://example.com/a.git@--upload-pack=touch x",
        "git+https://example.com/a.git@-b",
        "git+https://example.com/a.git@a:b",
        "git+https://example.com/a.git@a..b",
        "git+https://example.com/a.git@",
        "git+ext::sh -c touch% x",
        "git+ssh://-oProxyCommand=touch/a",
        "git+--upload-pack=x",
        "git+https://example.com",
        "git+",
    ],
)
def test_an_address_that_could_become_an_option_is_refused(source: str) -> None:
    with pytest.raises(InputError):
        load(source)
