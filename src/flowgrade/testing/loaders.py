"""A conformance kit for loaders: what every one of them has to do.

Subclass ``LoaderConformance`` in a test module, fill in its methods, and pytest runs its tests.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

from flowgrade.errors import LoadError
from flowgrade.retrieval import Document, Loader, LoadLimits, LoadOptions, Origin


class LoaderConformance:
    """The tests that a loader has to pass; a subclass says which one and gives it a file."""

    def loader(self) -> Loader:
        """The loader, as its entry point names it."""
        raise NotImplementedError

    def file(self) -> bytes:
        """A file of its format, with at least one document of 50 characters or more."""
        raise NotImplementedError

    def broken(self) -> bytes:
        """A file that it cannot read."""
        raise NotImplementedError

    def test_it_has_the_members_of_a_loader(self) -> None:
        assert isinstance(self.loader(), Loader)

    def test_it_says_which_files_it_reads(self) -> None:
        assert self.loader().suffixes
        for suffix in self.loader().suffixes:
            assert suffix.startswith(".")
            assert suffix == suffix.lower()
            assert "." not in suffix[1:]
        assert all("/" in kind for kind in self.loader().content_types)

    def test_it_gives_documents_with_ids_of_their_own(self) -> None:
        found = self._load(self.file())
        assert found
        assert len({document.id for document in found}) == len(found)
        if len(found) == 1 and found[0].id == "folder/name":
            assert found[0].source == "folder/name"

    def test_it_gives_the_same_documents_each_time_wherever_the_stream_stands(self) -> None:
        stream = io.BytesIO(self.file())
        stream.seek(5)
        again = list(self.loader().load(stream, self._origin(LoadLimits())))
        assert [d.digest for d in again] == [d.digest for d in self._load(self.file())]

    def test_its_text_can_be_stored(self) -> None:
        for document in self._load(self.file()):
            document.text.encode()  # no lone surrogates
            assert "\0" not in document.text

    def test_its_sections_are_in_order_and_within_the_text(self) -> None:
        for document in self._load(self.file()):
            assert all(0 <= one.start <= len(document.text) for one in document.sections)
            assert all(a.start <= b.start for a, b in pairwise(document.sections))
            assert all(one.page is None or one.page > 0 for one in document.sections)

    def test_a_text_above_the_limit_is_refused(self) -> None:
        self._refused(self.file(), LoadLimits(text_characters=20))

    def test_a_broken_file_is_refused_and_named(self) -> None:
        error = self._refused(self.broken(), LoadLimits())
        assert "folder/name" in str(error)

    def _origin(self, limits: LoadLimits) -> Origin:
        options = LoadOptions(limits=limits)
        return Origin(id="folder/name", name="name", source="folder/name", options=options)

    def _load(self, content: bytes) -> Sequence[Document]:
        return list(self.loader().load(io.BytesIO(content), self._origin(LoadLimits())))

    def _refused(self, content: bytes, limits: LoadLimits) -> LoadError:
        try:
            list(self.loader().load(io.BytesIO(content), self._origin(limits)))
        except LoadError as error:
            return error
        raise AssertionError("the file was read")
