"""What is taken for a whole request at first sight, and what is rather parsed."""

import pytest

from chassis.refusal import Asked, whole

LIMIT = 1000
HEAD = b"POST /v1/x?a=1 HTTP/1.1\r\nHost: test\r\n"


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"GET /v1/x HTTP/1.1\r\nHost: t\r\n\r\n", Asked("GET", "/v1/x", None, None)),
        (b"GET /v1/x HTTP/1.1\r\n\r\n", Asked("GET", "/v1/x", None, None)),
        (HEAD + b"Content-Length: 3\r\n\r\nabc", Asked("POST", "/v1/x", None, None)),
        (HEAD + b"Content-Length:  0 \r\n\r\n", Asked("POST", "/v1/x", None, None)),
        (HEAD + b"Connection: Keep-Alive\r\n\r\n", Asked("POST", "/v1/x", None, None)),
        (
            HEAD + b"X-Request-ID: Some-Id-1 \r\naccept-language: en, id;q=0.5\r\n\r\n",
            Asked("POST", "/v1/x", "Some-Id-1", "en, id;q=0.5"),
        ),
    ],
)
def test_a_whole_ordinary_request_is_known_by_its_text(data: bytes, expected: Asked) -> None:
    assert whole(data, LIMIT) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD,  # goes on
        HEAD + b"Content-Length: 3\r\n\r\nab",
        HEAD + b"Content-Length: 3\r\n\r\nabcd",  # another begins
        HEAD + b"\r\nGET / HTTP/1.1\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        HEAD + b"Content-Length: +3\r\n\r\nabc",
        HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
        HEAD + b"Content-Length : 3\r\n\r\nabc",
        HEAD + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Expect: 100-continue\r\n\r\n",
        HEAD + b"Upgrade: websocket\r\n\r\n",
        HEAD + b"Connection: close\r\n\r\n",
        HEAD + b"Connection: keep-alive, upgrade\r\n\r\n",
        HEAD + b"X: folded\r\n Content-Length: 3\r\n\r\n",
        HEAD + b"X: y\nContent-Length: 3\r\n\r\n",
        HEAD + b"X: y\rContent-Length: 3\r\n\r\n",
        HEAD + b"X: \0\r\n\r\n",
        HEAD + b"X: " + LIMIT * b"y" + b"\r\n\r\n",
        b"GET /v1/x HTTP/1.0\r\n\r\n",
        b"GET http://other/v1/x HTTP/1.1\r\n\r\n",
        b"GET  /v1/x HTTP/1.1\r\n\r\n",
        b"GET /v1 x HTTP/1.1\r\n\r\n",
        b"\r\nGET /v1/x HTTP/1.1\r\n\r\n",
        b"get /v1/x HTTP/1.1\r\n\r\n",
    ],
)
def test_everything_else_is_parsed_first(data: bytes) -> None:
    assert whole(data, LIMIT) is None
