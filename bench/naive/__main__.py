"""`python -m bench.naive web PORT | relay | consumer`: one of its three processes."""

import sys

import uvicorn
import uvloop
from faststream import FastStream

from bench.naive import consumer, relay, web
from bench.naive.config import Config, sessions_of

HOST = "127.0.0.1"


def main(part: str, *rest: str) -> None:
    """Run one part until it is told to stop."""
    config = Config.read()
    if part == "web":
        uvicorn.run(web.new_app(config), host=HOST, port=int(rest[0]), log_level="warning")
    elif part == "relay":
        uvloop.run(relay.run(config))
    else:
        broker = consumer.new_broker(config, sessions_of(config.engine()))
        uvloop.run(FastStream(broker).run())


if __name__ == "__main__":
    main(*sys.argv[1:])
