"""The floor's worker process: ``python -m benchmarks.bench.bare_worker``, with the product's own settings."""

import asyncio
import contextlib
import os
import signal
import sqlite3
from pathlib import Path

import httpx
from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities import channels
from activities.channels.fcm import Config as Fcm
from activities.channels.google_sign_in import AccessTokens
from activities.channels.twilio import Config as Twilio
from benchmarks.bench.bare import ORDERS_QUEUE, SEND_QUEUES, Bare, BareOrder
from benchmarks.bench.job import CHANNELS, phone_of, token_of
from domain.channels import Channel
from leaving import DONE, leave

_ROWS = """CREATE TABLE IF NOT EXISTS bare (message_id TEXT PRIMARY KEY, order_id TEXT NOT NULL,
channel TEXT NOT NULL, status TEXT NOT NULL, retry_count INTEGER NOT NULL)"""
_INSERT = "INSERT INTO bare VALUES (?, ?, ?, 'PENDING', 0) ON CONFLICT (message_id) DO NOTHING"
_SENT = "UPDATE bare SET status = 'SENT', retry_count = ? WHERE message_id = ?"


class BareActivities:
    """Rows in SQLite, calls over HTTP, and nothing else."""

    def __init__(self, rows: Path, fcm: Fcm, twilio: Twilio, http: httpx.AsyncClient) -> None:
        self._rows = sqlite3.connect(rows, timeout=30, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", _ROWS):
            self._rows.execute(statement)
        self._fcm, self._twilio, self._http = fcm, twilio, http
        self._tokens = AccessTokens(fcm.credentials)

    @activity.defn
    async def plan(self, batch: Bare) -> None:
        """Write a row for each channel before anything is sent, in one transaction."""
        rows = [(_message_id(batch, channel), batch.order_id, channel) for channel in CHANNELS]
        self._rows.execute("BEGIN IMMEDIATE")
        self._rows.executemany(_INSERT, rows)
        self._rows.execute("COMMIT")

    @activity.defn
    async def send(self, batch: Bare) -> None:
        """Call the provider and write that it was sent."""
        text = f"Order {batch.order_id}: {batch.events[-1]}"
        prefix, _, number = batch.order_id.rpartition("-")
        if batch.channel == Channel.PUSH:
            await self._push(token_of(prefix, int(number)), text)
        else:
            await self._text(phone_of(prefix, int(number)), text)
        self._rows.execute(_SENT, (activity.info().attempt - 1, _message_id(batch, batch.channel)))

    async def _push(self, token: str, text: str) -> None:
        url = f"{self._fcm.base_url}/v1/projects/{self._fcm.project_id}/messages:send"
        message = {"token": token, "notification": {"title": "Burger Barn", "body": text}}
        headers = {"Authorization": f"Bearer {await self._tokens.current()}"}
        (await self._http.post(url, json={"message": message}, headers=headers)).raise_for_status()

    async def _text(self, phone: str, text: str) -> None:
        account = self._twilio.account_sid
        url = f"{self._twilio.base_url}/2010-04-01/Accounts/{account}/Messages.json"
        form = {"To": phone, "Body": text, **self._twilio.senders[0]}
        auth = (account, self._twilio.auth_token)
        (await self._http.post(url, data=form, auth=auth)).raise_for_status()


def _message_id(batch: Bare, channel: str) -> str:
    return f"{batch.order_id}-{batch.number}-{channel}"


async def serve() -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], data_converter=pydantic_data_converter)
    configs = channels.configured(os.environ)
    fcm = next(config for config in configs if isinstance(config, Fcm))
    twilio = next(config for config in configs if isinstance(config, Twilio))
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(timeout=10, limits=limits) as http, contextlib.AsyncExitStack() as running:
        does = BareActivities(Path(os.environ["DATA_DIR"]) / "bare.db", fcm, twilio, http)
        orders = Worker(
            client,
            task_queue=ORDERS_QUEUE,
            workflows=[BareOrder],
            activities=[does.plan],
            workflow_runner=SandboxedWorkflowRunner()
            if os.environ.get("WORKFLOW_SANDBOX") == "on"
            else UnsandboxedWorkflowRunner(),
        )
        await running.enter_async_context(orders)
        for queue in SEND_QUEUES.values():
            sends = Worker(client, task_queue=queue, activities=[does.send])
            await running.enter_async_context(sends)
        print("bare: ready", flush=True)  # noqa: T201 whoever started it waits for this
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve())
    leave(DONE)
