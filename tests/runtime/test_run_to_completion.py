"""A request that holds a key runs to completion after its caller is cancelled."""

import asyncio

import pytest

from launchready.runtime.run_to_completion import run_to_completion


def test_its_result_and_its_error():
    """Result and exception reach the caller."""

    async def gives(value):
        await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    assert asyncio.run(run_to_completion(gives(7))) == 7
    with pytest.raises(LookupError, match="gone"):
        asyncio.run(run_to_completion(gives(LookupError("gone"))))


@pytest.mark.parametrize("error", [None, LookupError("nobody hears it")])
def test_cancelled_it_goes_on(error, caplog):
    """After a cancellation the work continues, and its exception is dropped."""
    ended = []

    async def work():
        await asyncio.sleep(0.02)
        ended.append(1)
        if error is not None:
            raise error

    async def main():
        waits = asyncio.create_task(run_to_completion(work()))
        await asyncio.sleep(0)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        assert not ended
        await asyncio.sleep(0.05)

    asyncio.run(main())
    assert ended == [1]
    assert not caplog.records
