"""Requests are recorded within bounds and without their keys."""

from __future__ import annotations

from flowgrade.testing.stub.journal import Journal

HEADERS = (
    (b"Authorization", b"Bearer sk-secret"),
    (b"API-Key", b"secret"),
    (b"X-Team", b"blue"),
)


def fill(journal: Journal, *bodies: bytes) -> None:
    for body in bodies:
        journal.record("POST", "/v1/x", query="api-key=secret&a=1", headers=HEADERS, body=body)


def test_keys_are_masked_in_headers_and_query() -> None:
    journal = Journal()
    fill(journal, b'{"a": 1}')
    (request,) = journal.requests
    assert request.headers == {"authorization": "Bearer ****", "api-key": "****", "x-team": "blue"}
    assert request.query == {"api-key": "****", "a": "1"}
    assert "secret" not in repr(request)
    assert request.body == {"a": 1}


def test_a_body_that_is_not_json_is_kept_as_text() -> None:
    journal = Journal()
    fill(journal, b"", b"{oops")
    assert [request.body for request in journal.requests] == [None, "{oops"]


def test_the_oldest_requests_go_beyond_the_number_kept() -> None:
    journal = Journal(most=3)
    fill(journal, *(b"%d" % number for number in range(5)))
    assert [request.body for request in journal.requests] == [2, 3, 4]
    assert [request.body for request in journal.last(1)] == [4]
    assert journal.last(0) == []


def test_the_oldest_requests_go_beyond_the_bytes_kept() -> None:
    journal = Journal(most_bytes=10)
    fill(journal, b"1111", b"2222", b"3333")
    assert [request.body for request in journal.requests] == [2222, 3333]
    fill(journal, b"4" * 11)
    assert journal.requests == []
    fill(journal, b"5555555555")
    assert len(journal.requests) == 1


def test_counts_follow_the_calls() -> None:
    journal = Journal()
    with journal.calling(), journal.calling():
        journal.count_fault()
        assert journal.stats.in_flight == 2
    journal.clear()
    assert (journal.stats.calls, journal.stats.peak_in_flight, journal.stats.faults) == (0, 0, 0)
